"""Grains of retention: each client."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import grain
from abm_ml.kpis.grains.money import sold
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen
from abm_ml.tables.money import MONEY

_KEYS = ("account_id", "period")


@grain(needs=("contracts|orders",))
def clients(seen: Seen) -> ir.Table:
    """One account that was a client when a period began or ended, or ordered in it, and what it bought."""
    who = seen.standing
    who = who.select(*_KEYS, at_start=who.lifecycle == "client", at_end=who.lifecycle_end == "client")
    who = who.filter(who.at_start | who.at_end)
    bought = _bought(seen)
    rows = who.select(*_KEYS).union(bought.filter(bought.orders > 0).select(*_KEYS), distinct=True)
    rows = beside(beside(rows, who, _KEYS), bought, _KEYS)
    flags = {name: rows[name].fill_null(False) for name in ("at_start", "at_end", "upsold", "cross_sold")}
    sums = {name: rows[name].fill_null(0) for name in ("orders", "revenue_now", "revenue_before")}
    rows = rows.mutate(**flags, **sums)
    return seen.with_standing(rows.mutate(lost=rows.at_start & ~rows.at_end), program="in_program_begin")


def _bought(seen: Seen) -> ir.Table:
    rows = sold(seen)
    money = rows.amount.cast(MONEY)
    return rows.group_by(*_KEYS).aggregate(
        orders=(rows.now & ~rows.is_credit).sum(),
        upsold=(rows.now & (rows.kind == "upsell")).any(),
        cross_sold=(rows.now & (rows.kind == "cross_sell")).any(),
        revenue_now=money.sum(where=rows.now).cast("float64"),
        revenue_before=money.sum(where=rows.before).cast("float64"),
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
    if "orders" in seen:
        rows = seen.tables["orders"].filter(lambda row: row.kind != "credit")
        ended = rows.happened_at + ibis.interval(days=seen.terms.client_days)
        return rows.select("account_id", begun=rows.happened_at, ended=ended)
    nothing = seen.tables["accounts"].filter(ibis.literal(False))
    return nothing.select("account_id", begun=nothing.created_at, ended=nothing.created_at)


def _with_advocates(lives: ir.Table, seen: Seen) -> ir.Table:
    """The rows with `advocate`: said in a survey of the period that it would recommend us, or referred somebody."""
    did = []
    if "surveys" in seen:
        answers = seen.placed(seen.tables["surveys"], "answered_at")
        did.append(answers.filter(answers.would_recommend).select(*_KEYS))
    if "engagements" in seen:
        touches = seen.placed(seen.tables["engagements"])
        did.append(touches.filter(touches.kind == "referral").select(*_KEYS))
    if not did:
        return lives.mutate(advocate=ibis.null("boolean"))
    advocates = (ibis.union(*did) if len(did) > 1 else did[0]).distinct()
    rows = beside(lives, advocates.mutate(advocate=ibis.literal(True)), _KEYS)
    return rows.mutate(advocate=rows.advocate.fill_null(False))
