"""Grains of retention: each client."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import grain
from abm_ml.kpis.grains.money import SECONDS_PER_YEAR, sold
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen
from abm_ml.tables.money import MONEY

_KEYS = ("account_id", "period")


@grain(needs=("contracts|orders",))
def clients(seen: Seen) -> ir.Table:
    """One account that was a client when a period began: whether it was lost, and what it bought."""
    who = seen.standing.filter(lambda row: row.lifecycle == "client")
    rows = who.select(*_KEYS, lost=who.lifecycle_end != "client", program="in_program_begin")
    sales = sold(seen)
    money = sales.amount.cast(MONEY)
    sums = {"revenue_now": money.sum(where=sales.now), "revenue_before": money.sum(where=sales.before)}
    bought = sales.group_by(*_KEYS).aggregate(**{name: value.cast("float64") for name, value in sums.items()})
    rows = beside(rows, bought, _KEYS)
    return rows.mutate(**{name: rows[name].fill_null(0) for name in sums})


@grain(needs=("contracts|orders",))
def buyers(seen: Seen) -> ir.Table:
    """One client of a period: an account that was a client when it began or ended, or ordered in it; what it ordered.

    In the program by its first order of the period, else by the period's beginning.
    """
    who = seen.standing
    who = who.filter((who.lifecycle == "client") | (who.lifecycle_end == "client")).select(*_KEYS)
    ordered = _ordered(seen)
    rows = beside(who.union(ordered.select(*_KEYS), distinct=True), ordered, _KEYS)
    rows = rows.mutate(
        orders=rows.orders.fill_null(0),
        upsold=rows.upsold.fill_null(False),
        cross_sold=rows.cross_sold.fill_null(False),
    )
    begin, end = seen.spans.begin.epoch_seconds(), seen.spans.end.epoch_seconds()
    rows = rows.inner_join(
        seen.spans.select("period", "begin", period_years=(end - begin) / SECONDS_PER_YEAR), "period"
    )
    return seen.with_program(rows.mutate(counted_at=ibis.coalesce(rows.first_order, rows.begin)), at="counted_at")


def _ordered(seen: Seen) -> ir.Table:
    sales = sold(seen)
    orders = sales.filter(sales.now, ~sales.is_credit)
    return orders.group_by(*_KEYS).aggregate(
        orders=orders.count(),
        upsold=(orders.kind == "upsell").any(),
        cross_sold=(orders.kind == "cross_sell").any(),
        first_order=orders.happened_at.min(),
    )


@grain(needs=("contracts|orders",))
def client_lives(seen: Seen) -> ir.Table:
    """One account that has been a client before a period ended: for how long, and whether it speaks for us."""
    spells = _spells(seen).cross_join(seen.spans.select("period", "end"))
    spells = spells.filter(spells.begun < spells.end)
    lives = spells.group_by(*_KEYS).aggregate(first=spells.begun.min(), last=spells.ended.max(), end=spells.end.max())
    # Who is still a client when the period ends has a spell that reaches beyond it.
    lived = ibis.least(lives.last, lives.end).epoch_seconds() - lives.first.epoch_seconds()
    lives = lives.select(*_KEYS, seconds=lived)
    lives = seen.with_standing(lives, "lifecycle_end", program="in_program")
    lives = lives.mutate(at_end=(lives.lifecycle_end == "client").fill_null(False)).drop("lifecycle_end")
    return _with_advocates(lives, seen)


def _spells(seen: Seen) -> ir.Table:
    """account_id and the spans in which it was a client: its contracts, or without contracts the time after orders."""
    if "contracts" in seen:
        rows = seen.tables["contracts"]
        ended = ibis.least(rows.ends_at, ibis.coalesce(rows.cancelled_at, rows.ends_at))
        return rows.select("account_id", begun=rows.started_at, ended=ended)
    rows = seen.tables["orders"].filter(lambda row: row.kind != "credit")
    ended = rows.happened_at + ibis.interval(days=seen.terms.client_days)
    return rows.select("account_id", begun=rows.happened_at, ended=ended)


def _with_advocates(lives: ir.Table, seen: Seen) -> ir.Table:
    """The rows with `advocate`: said in a survey of the period that it would recommend us, or referred somebody.

    Null where no answer and no referral of any account is known: then silence tells nothing.
    """
    said = _said(seen)
    advocates = seen.placed(said.filter(said.recommends)).select(*_KEYS).distinct()
    rows = beside(lives, advocates.mutate(_spoke=ibis.literal(True)), _KEYS)
    rows = rows.cross_join(said.aggregate(_heard=said.count() > 0))
    return rows.mutate(advocate=rows["_heard"].ifelse(rows["_spoke"].fill_null(False), None)).drop("_spoke", "_heard")


def _said(seen: Seen) -> ir.Table:
    """account_id, happened_at, recommends: every answer whether one would recommend us, and every referral."""
    accounts = seen.tables["accounts"]
    said = [accounts.filter(ibis.literal(False)).select("account_id", happened_at="created_at", recommends="is_target")]
    if "surveys" in seen:
        rows = seen.tables["surveys"]
        rows = rows.filter(rows.would_recommend.notnull())
        said.append(rows.select("account_id", happened_at=rows.answered_at, recommends=rows.would_recommend))
    if "engagements" in seen:
        rows = seen.tables["engagements"]
        rows = rows.filter(rows.kind == "referral")
        said.append(rows.select("account_id", "happened_at", recommends=ibis.literal(True)))
    return ibis.union(*said) if len(said) > 1 else said[0]
