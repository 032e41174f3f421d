"""Accounts: the companies one sells to."""

from __future__ import annotations

from abm_ml.tables.base import TABLES, Column, Table

ACCOUNTS = TABLES.add(
    Table(
        name="accounts",
        row="a company",
        key=("account_id",),
        required=True,
        custom=True,
        happened_at="created_at",
        known_at="created_at",
        columns=(
            Column(name="account_id", required=True),
            Column(name="name"),
            Column(name="domain"),
            Column(name="industry"),
            Column(name="country"),
            Column(name="employees", type="integer", minimum=0),
            Column(name="annual_revenue", type="number", minimum=0),
            Column(name="founded_year", type="integer", minimum=1000, maximum=2200),
            Column(name="technologies"),
            Column(name="tier"),
            Column(name="owner_id"),
            Column(name="territory"),
            Column(name="parent_account_id"),
            Column(name="is_target", type="boolean", required=True),
            Column(name="in_tam", type="boolean"),
            Column(name="in_program", type="boolean", required=True),
            Column(name="program_from", type="timestamp", known_from="program_from"),
            Column(name="program_to", type="timestamp", known_from="program_to"),
            Column(name="created_at", type="timestamp", required=True),
        ),
    )
)
