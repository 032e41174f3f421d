"""Sellers: the sales people, their territory and how many accounts they can work on."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

SELLERS = TABLES.add(
    Table(
        name="sellers",
        row="a sales person",
        key=("owner_id",),
        columns=(
            Column(name="owner_id", required=True),
            Column(name="name"),
            Column(name="territory", required=True),
            Column(name="capacity", type="integer", required=True, minimum=0),
        ),
    )
)
