"""What the plans are asked of the random log: every measure of every type of cell, ever and over windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.features import base
from abm_ml.features.base import Feature, Measure
from abm_ml.features.cells import Asked
from abm_ml.timeline import Facts
from tests.features.log import CHANNELS, KINDS, WINDOWS, Log

Of = Callable[[Any], Any]


def feature(name: str, measure: Measure, function: Of, *windows: int, **facts: Any) -> Feature:
    """A feature of the log; without windows it looks back for ever."""
    common: dict[str, Any] = {"group": "engagement", "rows": "log", "unit": "days", "reason": "{value}"}
    common["definition"] = "Of the log."
    return base.make_feature(name=name, measure=measure, function=function, windows=windows, **(common | facts))


def _is(column: str, value: str) -> Of:
    return lambda rows: rows[column] == value


def _at_least(column: str, value: int) -> Of:
    return lambda rows: rows[column] >= value


def _both(name: str, measure: Measure, function: Of, *windows: int, **facts: Any) -> Iterator[Feature]:
    """The same over windows and ever."""
    yield feature(name, measure, function, *windows, **facts)
    yield feature(f"{name}_ever", measure, function, **facts)


EVENTS = (
    *_both("rows", base.count, lambda e: e.points > 0, *WINDOWS),
    feature("flags", base.count, lambda e: e.flag, 45, 1000),
    *_both("points", base.total, lambda e: e.points, 7, 45, 365),
    *_both("amount", base.total, lambda e: e.amount, 45, 365),
    feature("quantity", base.total, lambda e: (e.kind == KINDS[0]).ifelse(e.quantity, None), 365),
    feature("fast", base.decayed, lambda e: e.points, 45, half_life=7),
    *_both("slow", base.decayed, lambda e: e.points, 365, half_life=90),
    feature("money", base.decayed, lambda e: e.amount, 365, half_life=30),
    *_both("people", base.distinct, lambda e: e.person, 1, 45, 365, 1000),
    feature("some_people", base.distinct, lambda e: (e.points > 4).ifelse(e.person, None), 45, 365),
    feature("things", base.distinct, lambda e: e.thing, 365),
    feature("active_days", base.distinct, lambda e: e.day, 45, 365),
    feature("words", base.distinct, lambda e: e.word, 365),
    *_both("since", base.days_since, _is("kind", KINDS[1]), 365),
    *_both("since_time", base.days_since, lambda e: e.until, 45),
    *_both("first", base.days_since_first, lambda e: e.flag, 45),
    *_both("first_time", base.days_since_first, lambda e: e.filled_at, 1000),
    *_both("until", base.days_until, lambda e: e.until, 45),
    *_both("last_amount", base.latest, lambda e: e.amount, 45),
    feature("last_quantity", base.latest, lambda e: e.quantity),
    feature("last_kind", base.latest, lambda e: e.kind, 7, kind="category"),
    *_both("last_word", base.latest, lambda e: e.word, 365, kind="category"),
)
RECENT = (
    *(
        feature(f"of_{kind[5:]}", base.count, _is("kind", kind), 7 if place % 2 else 45)
        for place, kind in enumerate(KINDS)
    ),
    *(feature(f"through_{channel}", base.count, _is("channel", channel), 365) for channel in CHANNELS),
    feature("recent_people", base.distinct, lambda e: e.person, 7),
)
AT_ONCE = (
    *_both("all_rows", base.count, lambda e: e.kind.notnull(), 45),
    *_both("all_people", base.distinct, lambda e: e.person, 7, 365),
    feature("all_days", base.distinct, lambda e: e.day, 45),
    feature("all_ranks", base.total, lambda e: e.rank, 365),
    feature("since_any", base.days_since, lambda e: e.kind.notnull(), 45),
)
DEALS = (
    feature("open", base.count, lambda d: d.closed_at.isnull()),
    feature("lost", base.count, lambda d: ~d.won, 365),
    *_both("open_amount", base.total, lambda d: d.closed_at.isnull().ifelse(d.amount, None), 365),
    feature("deal_money", base.decayed, lambda d: d.amount, 1000, half_life=60),
    feature("owners", base.distinct, lambda d: d.owner),
    feature("since_open", base.days_since, lambda d: d.closed_at.isnull()),
    feature("since_close", base.days_since, lambda d: d.closed_at, 365),
    feature("last_amount_of_deal", base.latest, lambda d: d.amount),
    feature("last_owner", base.latest, lambda d: d.owner, kind="category"),
)
ACCOUNTS = (
    feature("industry", base.latest, lambda a: a.industry, kind="category"),
    feature("employees", base.latest, lambda a: a.employees),
    feature("large", base.count, lambda a: a.employees > 100),
    feature("age", base.days_since_first, lambda a: a.account_id.notnull()),
)


def measures(features: Iterable[Feature]) -> dict[str, str]:
    """By column, the measure."""
    return {column: each.measure.name for each in features for column, _ in each.columns}


# More conditions than a number has bits.
MANY = tuple(
    feature(f"rank_{place}", base.count, _at_least("quantity", place), 365 if place % 2 else 1000)
    for place in range(70)
)
# Enough to see a fault.
FEW = tuple(each for each in EVENTS if each.name in {"rows", "points", "people", "since", "first", "until"})
MEASURES = measures((*EVENTS, *RECENT, *AT_ONCE, *DEALS, *ACCOUNTS))


def in_one_currency(rows: ir.Table) -> ir.Table:
    """Deals as they are known, with the amount that was known then at the deal's rate."""
    return rows.mutate(amount=rows.amount * rows.rate)


def asked_of(log: Log, engine: Engine) -> tuple[Asked, ...]:
    """The log's kinds of rows: with late cells (twice), without, with changes too, with changes only."""
    events = Facts(
        name="events",
        rows=engine.register(log.events),
        known_from={"word": "filled_at", "flag": "left_at", "filled_at": "filled_at"},
        order=("rank", "event_id"),
    )
    deals = Facts(
        name="deals",
        rows=engine.register(log.deals),
        known_from={"won": "closed_at", "closed_at": "closed_at"},
        key="deal_id",
        changes=engine.register(log.deal_changes),
        changing=("amount", "owner"),
        order=("deal_id",),
    )
    accounts = Facts(
        name="accounts",
        rows=engine.register(log.accounts),
        key="account_id",
        changes=engine.register(log.account_changes),
        changing=("industry", "employees"),
        order=("account_id",),
    )
    return (
        Asked(events, EVENTS),
        Asked(events, RECENT),
        Asked(replace(events, known_from={}), AT_ONCE),
        Asked(deals, DEALS, in_one_currency),
        Asked(accounts, ACCOUNTS),
    )
