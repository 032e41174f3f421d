"""What is at stake when a label comes true for an account: as known of it, else as usual in its segment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import ibis.expr.types as ir

from abm_ml.features.facts import FACTS
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling.stakes import Stake, Typical, typical
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import SPINE, known

# The features that say it, the first known one counts: the open deals; a year of the running contracts, or of orders.
# A move to the next stage pays nothing by itself.
KNOWN: Mapping[str, tuple[str, ...]] = {"win": ("open_amount",), "churn": ("running_value", "order_amount_365d")}


def stakes_at(workspace: Workspace, as_of: dt.datetime) -> dict[str, Stake]:
    """What is at stake with each label that has a price, as known on a date.

    A win whose amount is not known is taken to be worth what wins of the segment were worth so far.
    """
    return {
        label: Stake(columns, usual_win(workspace, as_of) if label == "win" else Typical({}))
        for label, columns in KNOWN.items()
    }


def usual_win(workspace: Workspace, as_of: dt.datetime) -> Typical:
    """What deals won before a date were worth, by segment."""
    if "opportunities" not in workspace.company.tables:
        return Typical({})
    rows = won_deals(workspace.company.tables, workspace.terms, workspace.spine((as_of,)))
    return typical(workspace.engine.compute(rows).to_pandas())


def won_deals(tables: Tables, terms: Terms, dates: ir.Table) -> ir.Table:
    """The deals known as won at each account and date: amount (reporting currency), and the account's segment."""
    deals, accounts = known_rows("closings", tables, terms, dates), known_rows("accounts", tables, terms, dates)
    there = [name for name in ("industry", "employees") if name in accounts.columns]
    won = deals.filter(deals.outcome == "won").select(*SPINE, "amount")
    return won.inner_join(accounts.select(*SPINE, *there), list(SPINE)).select("amount", *there)


def known_rows(kind: str, tables: Tables, terms: Terms, dates: ir.Table) -> ir.Table:
    """The rows of one kind of facts as they were known at each account and date."""
    source = FACTS[kind]
    return source.after_cut(known(source.build(tables, terms), dates))
