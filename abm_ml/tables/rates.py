"""Rates: what one unit of a currency is worth in the reporting currency on a day."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

RATES = TABLES.add(
    Table(
        name="rates",
        row="an exchange rate",
        key=("currency", "day"),
        happened_at="day",
        known_at="day",
        columns=(
            Column(name="currency", required=True),
            Column(name="day", type="timestamp", required=True),
            Column(name="rate", type="number", required=True, minimum=0),
        ),
    )
)
