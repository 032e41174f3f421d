"""Costs: money spent on the ABM program and on other selling."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

CATEGORIES = ("technology", "content", "campaign", "sales", "salaries", "overhead", "support")

COSTS = TABLES.add(
    Table(
        name="costs",
        row="money spent",
        key=("cost_id",),
        happened_at="happened_at",
        known_at="known_at",
        columns=(
            Column(name="cost_id", required=True),
            Column(name="happened_at", type="timestamp", required=True),
            Column(name="known_at", type="timestamp", required=True),
            Column(name="program", required=True, allowed=("abm", "other")),
            Column(name="category", required=True, allowed=CATEGORIES),
            Column(name="campaign_id"),
            Column(name="account_id"),
            Column(name="amount", type="number", required=True),
            Column(name="currency", required=True),
        ),
    )
)
