"""Stage changes: an account or deal entering a stage of the funnel."""

from __future__ import annotations

import ibis.expr.types as ir

from abm_ml.tables.base import TABLES, Column, Table
from abm_ml.tables.terms import Terms

STAGE_CHANGES = TABLES.add(
    Table(
        name="stage_changes",
        row="an account or deal entering a stage",
        happened_at="happened_at",
        known_at="known_at",
        columns=(
            Column(name="account_id", required=True, references="accounts"),
            Column(name="opportunity_id"),
            Column(name="stage", required=True),
            Column(name="happened_at", type="timestamp", required=True),
            Column(name="known_at", type="timestamp", required=True),
        ),
    )
)


def numbered(stage_changes: ir.Table, terms: Terms) -> ir.Table:
    """The stage changes with `stage_number`, the stage's place in the funnel from 1; other stages are left out."""
    numbers = [(stage, float(number)) for number, stage in enumerate(terms.funnel, 1)]
    number = stage_changes.stage.cases(*numbers, else_=None)
    return stage_changes.mutate(stage_number=number).filter(number.notnull())
