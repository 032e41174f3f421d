"""Orders: money booked; a credit note is an order of kind credit with a negative amount."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

ORDERS = TABLES.add(
    Table(
        name="orders",
        row="money booked",
        key=("order_id",),
        happened_at="happened_at",
        known_at="known_at",
        columns=(
            Column(name="order_id", required=True),
            Column(name="account_id", required=True, references="accounts"),
            Column(name="happened_at", type="timestamp", required=True),
            Column(name="known_at", type="timestamp", required=True),
            Column(name="amount", type="number", required=True),
            Column(name="currency", required=True),
            Column(name="kind", required=True, allowed=("new", "renewal", "upsell", "cross_sell", "credit")),
        ),
    )
)
