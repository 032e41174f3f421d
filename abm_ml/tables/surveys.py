"""Surveys: one survey sent, and its answer once there is one."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

SURVEYS = TABLES.add(
    Table(
        name="surveys",
        row="one survey sent",
        key=("survey_id",),
        happened_at="sent_at",
        known_at="sent_at",
        columns=(
            Column(name="survey_id", required=True),
            Column(name="account_id", required=True, references="accounts"),
            Column(name="contact_id"),
            Column(name="sent_at", type="timestamp", required=True),
            Column(name="answered_at", type="timestamp", known_from="answered_at", not_before="sent_at"),
            Column(name="kind", required=True, allowed=("nps", "csat", "brand")),
            Column(name="score", type="number", minimum=0, maximum=10, known_from="answered_at"),
            Column(name="would_recommend", type="boolean", known_from="answered_at"),
        ),
    )
)
