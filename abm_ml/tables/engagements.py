"""Engagements: each thing that an account or contact did or received."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

SIDES = ("marketing", "sales", "product", "support", "inbound")

ENGAGEMENTS = TABLES.add(
    Table(
        name="engagements",
        row="one thing that an account or contact did or received",
        key=("engagement_id",),
        happened_at="happened_at",
        known_at="known_at",
        columns=(
            Column(name="engagement_id", required=True),
            Column(name="account_id", required=True, references="accounts"),
            Column(name="contact_id"),
            Column(name="happened_at", type="timestamp", required=True),
            Column(name="known_at", type="timestamp", required=True),
            Column(name="kind", required=True),
            Column(name="channel", required=True),
            Column(name="side", required=True, allowed=SIDES),
            Column(name="content_id"),
            Column(name="campaign_id"),
            Column(name="traffic_source"),
            Column(name="seconds", type="number", minimum=0),
            Column(name="quantity", type="number"),
        ),
    )
)
