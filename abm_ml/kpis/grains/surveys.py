"""Grains of satisfaction: each survey."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import grain
from abm_ml.kpis.seen import Seen


@grain(needs=("surveys",))
def surveys(seen: Seen) -> ir.Table:
    """One survey sent in a period, or answered in it (`event`), with what was answered by now."""
    return ibis.union(_events(seen, "sent", "sent_at"), _events(seen, "answered", "answered_at"))


def _events(seen: Seen, event: str, time: str) -> ir.Table:
    rows = seen.with_program(seen.placed(seen.tables["surveys"], time), at=time)
    return rows.select(
        "survey_id", "account_id", "contact_id", "period", "program", "kind", "score", "would_recommend",
        event=ibis.literal(event), answered=rows.answered_at.notnull(),
    )  # fmt: skip
