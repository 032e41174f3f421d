"""Account changes: facts of an account that changed after it was created, so that old dates see old facts."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

ACCOUNT_CHANGES = TABLES.add(
    Table(
        name="account_changes",
        row="a changed fact of an account (accounts holds the facts as they were first known)",
        happened_at="happened_at",
        known_at="known_at",
        columns=(
            Column(name="account_id", required=True, references="accounts"),
            Column(name="column", required=True),
            Column(name="value"),
            Column(name="happened_at", type="timestamp", required=True),
            Column(name="known_at", type="timestamp", required=True),
        ),
    )
)
