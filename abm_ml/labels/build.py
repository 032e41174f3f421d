"""The labels of a company at given dates: who is asked about, and what the answer was."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.errors import SourceError
from abm_ml.labels.base import Label, Outlook
from abm_ml.standing import lifecycle, stage
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import SPINE, days_before, facts_of, known


def standing(tables: Tables, terms: Terms, dates: ir.Table) -> ir.Table:
    """Who each account was at each date: account_id, as_of, lifecycle, stage_number, days_open.

    `days_open` counts from the opening of the newest open deal; null without one.
    """
    who = lifecycle(tables, dates, terms.client_days)
    where = stage(tables, dates, terms)
    joined = who.inner_join(where, list(SPINE)).select(*SPINE, "lifecycle", "stage_number")
    if "opportunities" not in tables:
        return joined.mutate(days_open=ibis.null("float64"))
    deals = known(facts_of(tables, "opportunities"), dates)
    ages = deals.group_by(list(SPINE)).aggregate(
        days_open=days_before(deals, deals.opened_at).min(where=deals.closed_at.isnull())
    )
    return joined.left_join(ages, list(SPINE)).drop("account_id_right", "as_of_right")


def eligible(label: Label, terms: Terms, standing: ir.Table, *, opened_within_days: int | None = None) -> ir.Table:
    """The rows of standing that the label asks about; with `opened_within_days` only those with a deal so new."""
    asked = standing.filter(label.eligible(standing, float(len(terms.funnel))))
    return asked if opened_within_days is None else asked.filter(asked.days_open <= opened_within_days)


def outcomes(label: Label, outlook: Outlook) -> ir.Table:
    """The rows asked about with the answer in column `label`: 1 it happened within the horizon, 0 it did not.

    Raises:
        SourceError: none of the tables that the label needs is there.
    """
    if not any(name in outlook.tables for name in label.needs):
        raise SourceError(f"The label {label.name} needs the table {' or '.join(label.needs)}, and there is none.")
    yes = label.happened(outlook).distinct().mutate(label=ibis.literal(1, "int8"))
    joined = outlook.standing.left_join(yes, list(SPINE)).drop("account_id_right", "as_of_right")
    return joined.mutate(label=joined.label.fill_null(0))
