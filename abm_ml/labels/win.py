"""Win: an account with an open opportunity wins one."""

from __future__ import annotations

import dataclasses

import ibis.expr.types as ir

from abm_ml.labels.base import LABELS, Label, Outlook
from abm_ml.timeline import facts_of, hindsight, upcoming


def _asked(standing: ir.Table, _last_stage: float) -> ir.BooleanValue:
    return standing.lifecycle == "prospect"


def _happened(outlook: Outlook) -> ir.Table:
    deals = hindsight(facts_of(outlook.tables, "opportunities"), outlook.until)
    won = deals.rows.filter(deals.rows.outcome == "won")
    closings = dataclasses.replace(deals, rows=won.mutate(happened_at=won.closed_at))
    return upcoming(closings, outlook.standing, outlook.horizon_days).select("account_id", "as_of")


LABELS.add(
    Label(
        name="win",
        definition="An account with an open opportunity wins one within the horizon.",
        horizon_days=90,
        needs=("opportunities",),
        eligible=_asked,
        happened=_happened,
        outcome_columns=("won", "outcome", "closed_at", "loss_reason"),
        yes="wins",
        no="without a win",
    )
)
