"""Contacts: the people at an account. Never a name or an e-mail in features."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

SENIORITY = ("c_level", "vp", "director", "manager", "staff")
BUYING_ROLES = ("decision_maker", "influencer", "user", "champion", "blocker")

CONTACTS = TABLES.add(
    Table(
        name="contacts",
        row="a person at an account",
        key=("contact_id",),
        custom=True,
        happened_at="created_at",
        known_at="created_at",
        columns=(
            Column(name="contact_id", required=True),
            Column(name="account_id", required=True, references="accounts"),
            Column(name="role"),
            Column(name="department"),
            Column(name="seniority", allowed=SENIORITY),
            Column(name="is_key", type="boolean", required=True),
            Column(name="buying_role", allowed=BUYING_ROLES),
            Column(name="created_at", type="timestamp", required=True),
            Column(name="left_at", type="timestamp", known_from="left_at"),
        ),
    )
)
