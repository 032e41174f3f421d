"""Opportunities: the deals, open, won and lost."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

OPPORTUNITIES = TABLES.add(
    Table(
        name="opportunities",
        row="a deal",
        key=("opportunity_id",),
        custom=True,
        happened_at="opened_at",
        known_at="opened_at",
        columns=(
            Column(name="opportunity_id", required=True),
            Column(name="account_id", required=True, references="accounts"),
            Column(name="kind", required=True, allowed=("new", "upsell", "cross_sell", "renewal")),
            Column(name="opened_at", type="timestamp", required=True),
            Column(name="first_contact_at", type="timestamp", known_from="first_contact_at"),
            Column(name="closed_at", type="timestamp", known_from="closed_at", not_before="opened_at"),
            Column(name="outcome", allowed=("won", "lost"), known_from="closed_at", needs="closed_at"),
            Column(name="amount", type="number", minimum=0),
            Column(name="currency"),
            Column(name="owner_id"),
        ),
    )
)
