"""Grains of money: each sale, each cost, each contract."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import ACCOUNT_CUTS, grain
from abm_ml.kpis.seen import Seen
from abm_ml.timeline import SECONDS_PER_DAY

DAYS_PER_YEAR = 365.25
SECONDS_PER_YEAR = DAYS_PER_YEAR * SECONDS_PER_DAY
_SALE = ("account_id", "happened_at", "amount", "kind")


@grain(needs=("orders|opportunities",))
def sales(seen: Seen) -> ir.Table:
    """One sale of a period (`now`) or of the span before it (`before`): an order, or a won deal without orders."""
    return seen.with_program(sold(seen))


def sold(seen: Seen) -> ir.Table:
    """The sales of each period and of the span before it; one that lies in both stands there twice."""
    rows = _sales(seen)
    rows = rows.mutate(is_credit=rows.kind == "credit")
    marks = {"now": (True, seen.placed(rows)), "before": (False, seen.placed_before(rows))}
    now, before = (part.mutate(now=ibis.literal(now), before=ibis.literal(not now)) for now, part in marks.values())
    return now.union(before.select(now.columns))


def _sales(seen: Seen) -> ir.Table:
    if "orders" in seen:
        return seen.tables["orders"].select(*_SALE)
    if "opportunities" in seen:
        deals = seen.tables["opportunities"]
        return deals.filter(deals.outcome == "won").select("account_id", "amount", "kind", happened_at=deals.closed_at)
    nothing = seen.tables["accounts"].filter(ibis.literal(False))
    return nothing.select(
        "account_id", happened_at=nothing.created_at, amount=ibis.null("float64"), kind=ibis.null("string")
    )


@grain(needs=("costs",), cuts=(*ACCOUNT_CUTS, "campaign", "program"))
def spending(seen: Seen) -> ir.Table:
    """One cost of a period; one that names no account stands under unknown."""
    rows = seen.placed(seen.tables["costs"])
    return rows.mutate(program=(rows.program == "abm").ifelse("in", "out"))


@grain(needs=("contracts",))
def agreements(seen: Seen) -> ir.Table:
    """One contract that started in a period, and its value per year."""
    rows = seen.with_program(seen.placed(seen.tables["contracts"], "started_at"), at="started_at")
    return rows.mutate(acv=rows.total_value / years_between(rows.started_at, rows.ends_at).nullif(0.0))


def years_between(since: ir.TimestampValue, until: ir.TimestampValue) -> ir.FloatingValue:
    """The years of a term: by its months where it ends on the day of the month on which it began, else by its days."""
    seconds = until.epoch_seconds() - since.epoch_seconds()
    months = (until.year() - since.year()) * 12 + until.month() - since.month()
    whole = (until.day() == since.day()) & (seconds % SECONDS_PER_DAY == 0)
    years: ir.FloatingValue = whole.ifelse(months / 12, seconds / SECONDS_PER_YEAR)
    return years
