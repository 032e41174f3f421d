"""Opportunity changes: the amount, expected close or owner of a deal as it changed after opening."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

OPPORTUNITY_CHANGES = TABLES.add(
    Table(
        name="opportunity_changes",
        row="a changed fact of a deal (opportunities holds the facts as they were at opening)",
        happened_at="happened_at",
        known_at="known_at",
        columns=(
            Column(name="opportunity_id", required=True, references="opportunities"),
            Column(name="column", required=True),
            Column(name="value"),
            Column(name="happened_at", type="timestamp", required=True),
            Column(name="known_at", type="timestamp", required=True),
        ),
    )
)
