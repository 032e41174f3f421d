"""Clients: contracts and their end, orders and their rhythm, use of the product, support trouble, surveys."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import (
    Family,
    count,
    days_since,
    days_since_first,
    days_until,
    decayed,
    distinct,
    latest,
    total,
)

contracts = Family("clients", rows="contracts").feature
orders = Family("clients", rows="orders").feature
use = Family("clients", rows="engagements").feature
surveys = Family("clients", rows="surveys").feature


@contracts(measure=count, unit="contracts", reason="{value:.0f} contracts so far")
def contracts_signed(c: Any) -> Any:
    """Contracts that have started so far, renewals included."""
    return c.contract_id.notnull()


@contracts(measure=days_since_first, unit="days", reason="a client for {value:.0f} days")
def days_as_client(c: Any) -> Any:
    """Days since the account's first contract started."""
    return c.started_at


@contracts(measure=days_since, unit="days", reason="the contract started {value:.0f} days ago")
def contract_age(c: Any) -> Any:
    """Days since the newest contract started."""
    return c.started_at


@contracts(measure=days_until, unit="days", reason="{value:.0f} days to the end of the contract")
def days_to_renewal(c: Any) -> Any:
    """Days until the last running contract ends; below 0 where it has ended, missing without one."""
    return c.cancelled_at.isnull().ifelse(c.ends_at, None)


@contracts(measure=latest, unit="money", reason="a contract worth {value:,.0f} {currency} a year")
def contract_value(c: Any) -> Any:
    """Value of the newest contract per year, in the reporting currency (KPI acv)."""
    return c.value_per_year


@contracts(measure=total, unit="money", reason="running contracts worth {value:,.0f} {currency} a year")
def running_value(c: Any) -> Any:
    """Value per year of all contracts that run on the date, in the reporting currency."""
    return (c.ended_at.isnull() & c.cancelled_at.isnull()).ifelse(c.value_per_year, None)


@contracts(measure=latest, unit="years", reason="a contract over {value:.1f} years")
def contract_term(c: Any) -> Any:
    """Length of the newest contract in years."""
    return c.term_years


@contracts(measure=count, unit="contracts", reason="{value:.0f} contracts cancelled so far")
def contracts_cancelled(c: Any) -> Any:
    """Contracts that were cancelled before their end."""
    return c.cancelled_at.notnull()


@orders(measure=count, windows=(30, 90, 180, 365), unit="orders", reason="{value:.0f} orders in {days} days")
def orders_placed(o: Any) -> Any:
    """Orders placed; credit notes do not count."""
    return ~o.is_credit


@orders(
    measure=total, windows=(90, 180, 365), unit="money", reason="orders worth {value:,.0f} {currency} in {days} days"
)
def order_amount(o: Any) -> Any:
    """Amount of the orders less credit notes, in the reporting currency."""
    return o.amount


@orders(measure=decayed, half_life=60, windows=(730,), unit="orders", reason="a current rhythm of {value:.1f} orders")
def orders_decayed(o: Any) -> Any:
    """Orders placed, each losing half of its weight every 60 days."""
    return (~o.is_credit).cast("int8")


@orders(
    measure=distinct, windows=(180, 365), unit="months", reason="orders in {value:.0f} months of the last {days} days"
)
def order_months(o: Any) -> Any:
    """Different calendar months with an order."""
    return o.is_credit.ifelse(None, o.month)


@orders(measure=distinct, windows=(365,), unit="days", reason="orders on {value:.0f} days of the last {days}")
def order_days(o: Any) -> Any:
    """Different days with an order."""
    return o.is_credit.ifelse(None, o.day)


@orders(measure=days_since, unit="days", reason="last order {value:.0f} days ago")
def days_since_order(o: Any) -> Any:
    """Days since the last order."""
    return ~o.is_credit


@orders(measure=days_since_first, unit="days", reason="ordering for {value:.0f} days")
def days_since_first_order(o: Any) -> Any:
    """Days since the first order."""
    return ~o.is_credit


@orders(measure=count, unit="orders", reason="{value:.0f} orders so far")
def orders_ever(o: Any) -> Any:
    """Orders placed so far."""
    return ~o.is_credit


@orders(measure=latest, unit="days", reason="{value:.0f} days between the last two orders")
def last_order_gap(o: Any) -> Any:
    """Days between the last order and the one before."""
    return o.is_credit.ifelse(None, o.gap_days)


@orders(measure=latest, unit="money", reason="the last order was worth {value:,.0f} {currency}")
def last_order_amount(o: Any) -> Any:
    """Amount of the last order in the reporting currency."""
    return o.is_credit.ifelse(None, o.amount)


@orders(measure=count, windows=(365,), unit="orders", reason="{value:.0f} credit notes in {days} days")
def credit_notes(o: Any) -> Any:
    """Credit notes."""
    return o.is_credit


@use(measure=total, windows=(30, 90, 180), unit="quantity", reason="used the product {value:,.0f} times in {days} days")
def product_use(e: Any) -> Any:
    """How often the product was used, as its log counts it."""
    return (e.kind == "product_use").ifelse(e.quantity, None)


@use(measure=distinct, windows=(30, 90), unit="days", reason="used the product on {value:.0f} of {days} days")
def product_use_days(e: Any) -> Any:
    """Days on which anyone at the account used the product."""
    return (e.kind == "product_use").ifelse(e.day, None)


@use(measure=days_since, windows=(365,), unit="days", reason="last used the product {value:.0f} days ago")
def days_since_use(e: Any) -> Any:
    """Days since anyone at the account used the product."""
    return e.kind == "product_use"


@use(
    measure=count,
    windows=(30, 90, 365),
    unit="engagements",
    reason="{value:.0f} support tickets in {days} days",
    controllable=True,
)
def support_tickets(e: Any) -> Any:
    """Support tickets that the account opened."""
    return e.kind == "support_ticket"


@surveys(
    measure=latest, windows=(730,), unit="score", reason="would recommend us: {value:.0f} of 10", monotone="increasing"
)
def nps_score(s: Any) -> Any:
    """The last answer to "would you recommend us", 0 to 10."""
    return (s.kind == "nps").ifelse(s.score, None)


@surveys(measure=latest, windows=(730,), unit="score", reason="satisfaction {value:.0f}", monotone="increasing")
def csat_score(s: Any) -> Any:
    """The last answer to a satisfaction survey."""
    return (s.kind == "csat").ifelse(s.score, None)


@surveys(measure=count, windows=(365,), unit="surveys", reason="{value:.0f} surveys sent in {days} days")
def surveys_sent(s: Any) -> Any:
    """Surveys sent to anyone at the account."""
    return s.survey_id.notnull()


@surveys(measure=count, windows=(365,), unit="surveys", reason="{value:.0f} surveys answered in {days} days")
def surveys_answered(s: Any) -> Any:
    """Surveys that anyone at the account answered."""
    return s.answered_at.notnull()
