"""Churn: a client is lost."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.labels.base import LABELS, Label, Outlook
from abm_ml.standing import lifecycle


def _asked(standing: ir.Table, _last_stage: float) -> ir.BooleanValue:
    return standing.lifecycle == "client"


def _happened(outlook: Outlook) -> ir.Table:
    if "contracts" in outlook.tables:
        return _without_contract(outlook)
    orders = outlook.rows("orders")
    ordered = orders.filter(orders.kind != "credit")
    return outlook.standing.select("account_id", "as_of").anti_join(ordered, ["account_id", "as_of"])


def _without_contract(outlook: Outlook) -> ir.Table:
    """The last contract has ended or was cancelled by the end of the horizon, and none follows."""
    days = ibis.interval(days=outlook.horizon_days)
    ends = outlook.standing.select("account_id", as_of=outlook.standing.as_of + days)
    later = lifecycle(outlook.tables, ends, outlook.terms.client_days, until=outlook.until)
    lost = later.filter(later.lifecycle != "client")
    return lost.select("account_id", as_of=lost.as_of - days)


LABELS.add(
    Label(
        name="churn",
        definition="A client is lost within the horizon: its last contract ends or is cancelled and none follows; "
        "without contracts, it places no order during the horizon.",
        horizon_days=180,
        needs=("contracts", "orders"),
        eligible=_asked,
        happened=_happened,
        outcome_columns=("churned", "cancelled_at", "renewed", "churn_reason"),
        yes="churned clients",
        no="who stayed",
        wanted=False,
    )
)
