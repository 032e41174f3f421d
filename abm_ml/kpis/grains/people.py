"""Grains of coverage: each contact."""

from __future__ import annotations

import ibis.expr.types as ir

from abm_ml.kpis.base import grain
from abm_ml.kpis.grains.touches import points_of
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen


@grain(needs=("contacts",))
def people(seen: Seen) -> ir.Table:
    """One contact in a period before whose end it was created, and whether it engaged in the period."""
    contacts = seen.tables["contacts"]
    pairs = contacts.cross_join(seen.spans.select("period", "end"))
    pairs = pairs.filter(pairs.created_at < pairs.end).select("contact_id", "account_id", "period", "is_key")
    rows = seen.with_standing(pairs, "is_target", program="in_program")
    did = _by_contact(seen)
    rows = beside(rows, did, ["contact_id", "period"])
    return rows.mutate(engaged=rows.engaged.fill_null(False))


def _by_contact(seen: Seen) -> ir.Table:
    rows = seen.placed(seen.tables["engagements"])
    engaged = (points_of(rows, seen.terms) > 0).any()
    return rows.group_by("contact_id", "period").aggregate(engaged=engaged)
