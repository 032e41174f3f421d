"""Progression: a target or prospect moves to a later stage of the funnel."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.labels.base import LABELS, Label, Outlook
from abm_ml.tables.stage_changes import numbered


def _asked(standing: ir.Table, last_stage: float) -> ir.BooleanValue:
    before_last = ibis.coalesce(standing.stage_number, 0.0) < last_stage
    return standing.lifecycle.isin(("target", "prospect")) & before_last


def _happened(outlook: Outlook) -> ir.Table:
    moves = numbered(outlook.rows("stage_changes").rename(stage_then="stage_number"), outlook.terms)
    return moves.filter(moves.stage_number > ibis.coalesce(moves.stage_then, 0.0)).select("account_id", "as_of")


LABELS.add(
    Label(
        name="progression",
        definition="A target or prospect moves to a later stage of the funnel within the horizon.",
        horizon_days=90,
        needs=("stage_changes",),
        eligible=_asked,
        happened=_happened,
        outcome_columns=("progressed", "next_stage"),
        yes="progressions",
        no="without",
    )
)
