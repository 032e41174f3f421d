"""Contracts: the agreements that make an account a client."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

CONTRACTS = TABLES.add(
    Table(
        name="contracts",
        row="an agreement that makes an account a client",
        key=("contract_id",),
        custom=True,
        happened_at="started_at",
        known_at="started_at",
        columns=(
            Column(name="contract_id", required=True),
            Column(name="account_id", required=True, references="accounts"),
            Column(name="started_at", type="timestamp", required=True),
            Column(name="ends_at", type="timestamp", required=True, not_before="started_at"),
            Column(name="cancelled_at", type="timestamp", known_from="cancelled_at", not_before="started_at"),
            Column(name="total_value", type="number", required=True, minimum=0),
            Column(name="currency", required=True),
            Column(name="renewed", type="boolean", known_from="ends_at"),
        ),
    )
)
