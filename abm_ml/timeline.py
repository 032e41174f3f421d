"""The one place where time is cut: which rows count for a date, which cells are filled by then.

A row counts for a date only if it happened and was known before it (`<`, never `<=`); windows are half-open,
`[as_of - days, as_of)`; times are UTC. Everything above this floor sees rows that have already been cut.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines import Engine
from abm_ml.tables import TABLES, Tables

Every = Literal["day", "week", "month"]
Calendar = Literal["month", "quarter", "year"]

SECONDS_PER_DAY = 86_400
MICROS_PER_DAY = 86_400_000_000
SPINE = ("account_id", "as_of")
_INSTANT = ibis.interval(microseconds=1)  # the grain of time: what is known at a time is told of it right after
TOLD_AT = "_told_at"  # when a row was known, kept where it is taken as known at once: a correction is told later


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Rows of accounts with what is needed to cut them in time.

    `rows` has account_id, happened_at and known_at. `known_from` names, per column, the column with the time at which
    its cells fill in. `changes` are later values (key, column, value, happened_at, known_at) of the columns in
    `changing`, for rows identified by `key`. `order` breaks ties of happened_at and known_at.
    """

    name: str
    rows: ir.Table
    known_from: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    changes: ir.Table | None = None
    changing: tuple[str, ...] = ()
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class Period:
    """A half-open span of time `[begin, end)`, and the one before it that it is compared with."""

    begin: dt.datetime
    end: dt.datetime
    begin_before: dt.datetime
    end_before: dt.datetime

    @classmethod
    def of(cls, begin: dt.datetime, end: dt.datetime) -> Period:
        """A span compared with as many days right before it."""
        return cls(begin, end, begin - (end - begin), begin)


def facts_of(tables: Tables, name: str) -> Facts:
    """A canonical table as facts: when its rows happened, when they were known, which cells fill in later."""
    table = TABLES[name]
    rows = tables[name]
    times = {"happened_at": rows[str(table.happened_at)], "known_at": rows[str(table.known_at)]}
    known_from = {column.name: column.known_from for column in table.columns if column.known_from}
    return Facts(name=name, rows=rows.mutate(**times), known_from=known_from, order=table.key)


def scoring_dates(first: dt.datetime, last: dt.datetime, every: Every) -> tuple[dt.datetime, ...]:
    """Every day, week or month start from `first` on, up to and including `last`; weeks count back from `last`."""
    if every == "month":
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
        starts = [dt.datetime(month // 12, month % 12 + 1, 1) for month in months]
        return tuple(start for start in starts if first <= start <= last)
    step = dt.timedelta(days=7 if every == "week" else 1)
    count = (last - first) // step
    return tuple(last - step * back for back in range(count, -1, -1))


def calendar(every: Calendar, first: dt.datetime, end: dt.datetime) -> tuple[Period, ...]:
    """The months, quarters or years of `[first, end)`, whole ones but for the last, which ends with `end`.

    A last period that is not over is compared with as much of the one before.
    """
    months = {"month": 1, "quarter": 3, "year": 12}[every]
    start = (first.year * 12 + first.month - 1) // months * months
    periods = []
    while (begin := _month(start)) < end:
        before, following = _month(start - months), _month(start + months)
        until = min(following, end)
        as_much = begin if until == following else min(before + (until - begin), begin)
        periods.append(Period(begin, until, before, as_much))
        start += months
    return tuple(periods)


def _month(number: int) -> dt.datetime:
    return dt.datetime(number // 12, number % 12 + 1, 1)


def placed(rows: ir.Table, time: str, spans: Sequence[tuple[dt.datetime, dt.datetime]]) -> ir.Table:
    """The rows whose `time` lies in one of the half-open spans, with `period`, the span's place from 0.

    The spans do not overlap; a row outside all of them is left out.
    """
    when = rows[time]
    number = ibis.cases(
        *[
            ((when >= ibis.timestamp(begin)) & (when < ibis.timestamp(end)), ibis.literal(place, "int64"))
            for place, (begin, end) in enumerate(spans)
        ],
        else_=ibis.null("int64"),
    )
    return rows.mutate(period=number).filter(lambda row: row.period.notnull())


def looking_back(tables: Tables, as_of: dt.datetime) -> Tables:
    """A company as it is known at one time: the rows that had happened and were known by then, as if known at once.

    Cells that fill in later are empty. Lists without time (contents, sellers) stay as they are.
    """
    timed = {name: hindsight(facts_of(tables, name), as_of).rows for name in tables if TABLES[name].happened_at}
    return Tables({**tables, **timed})


def known_then(tables: Tables, at: dt.datetime) -> Tables:
    """A company as one knew it at a time: no row that happened or became known later, no cell that filled in since.

    Unlike in `looking_back`, a row keeps the time at which it became known, so that dates before that time do not see
    it; dates after `at` see what one would see there if nothing more had ever become known.
    """
    timed = {
        name: known_by(facts_of(tables, name), at).rows.select(*tables[name].columns)
        for name in tables
        if TABLES[name].happened_at
    }
    return Tables({**tables, **timed})


def spine(tables: Tables, dates: Sequence[dt.datetime], engine: Engine) -> ir.Table:
    """One row (account_id, as_of) per account and date, from the account's creation on."""
    days = engine.register(pa.table({"as_of": pa.array(sorted(set(dates)), pa.timestamp("us"))}))
    accounts = tables["accounts"].select("account_id", "created_at")
    pairs = accounts.cross_join(days)
    return engine.store(pairs.filter(pairs.created_at < pairs.as_of).select(*SPINE))


def known(facts: Facts, dates: ir.Table) -> ir.Table:
    """The rows of `facts` that had happened and were known at each (account_id, as_of), cells of later times empty.

    Each row carries its `as_of`; a row known at several dates stands there once per date.
    """
    rows = facts.rows
    pairs = dates.select(*SPINE).inner_join(
        rows, [dates.account_id == rows.account_id, rows.happened_at < dates.as_of, rows.known_at < dates.as_of]
    )
    pairs = pairs.drop("account_id_right") if "account_id_right" in pairs.columns else pairs
    if facts.changes is not None and facts.key is not None:
        pairs = _with_changes(pairs, facts.changes, key=facts.key, changing=facts.changing)
    return pairs.mutate(**{cell: _filled(pairs, cell, since) for cell, since in facts.known_from.items()})


def versions(facts: Facts) -> ir.Table:
    """The rows as they were known, each version for a time: a date sees it if known_after < date <= known_until.

    A row without cells that fill in later or change has one version; `known_until` is null where it still holds.
    """
    rows = facts.rows.mutate(known_after=ibis.greatest(facts.rows.happened_at, facts.rows.known_at))
    filling = sorted(set(facts.known_from.values()))
    if facts.changes is not None and facts.key is not None and facts.changing:
        parts = [_changing(rows, facts, facts.changes, filling)]
    else:
        parts = [_since(rows, filling, begin) for begin in ("known_after", *filling)]
    table = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    return table.mutate(**{cell: _told(table, cell, since) for cell, since in facts.known_from.items()})


def _since(rows: ir.Table, filling: Sequence[str], begin: str) -> ir.Table:
    """The version of each row that begins where it became known, or where a cell filled in later than that."""
    if begin != "known_after":
        # Where several cells fill in at once, one version begins: that of the first of them.
        same = [rows[begin] != rows[other] for other in filling[: list(filling).index(begin)]]
        rows = rows.filter(rows[begin] > rows.known_after, *[differs | differs.isnull() for differs in same])
    after = rows[begin]
    later = [(rows[name] > after).ifelse(rows[name], None) for name in filling if name != begin]
    until = ibis.least(*later) if later else ibis.null("timestamp(6)")
    return rows.mutate(known_after=after, known_until=until.cast("timestamp(6)"))


def _changing(rows: ir.Table, facts: Facts, changes: ir.Table, filling: Sequence[str]) -> ir.Table:
    """The versions of rows with logged changes: one from each time at which any of their cells may differ."""
    key = str(facts.key)
    told = changes.select(key, known_after=ibis.greatest(changes.happened_at, changes.known_at))
    times = [rows.select(key, known_after=rows[begin]) for begin in ("known_after", *filling)]
    begins = ibis.union(told, *times).rename(_key=key)
    owned = rows.rename(_known="known_after")
    pairs = begins.inner_join(owned, [begins["_key"] == owned[key], begins.known_after >= owned["_known"]])
    order = ibis.window(group_by=key, order_by="known_after")
    pairs = pairs.mutate(known_until=pairs.known_after.lead().over(order), as_of=pairs.known_after + _INSTANT)
    told_so_far = _with_changes(pairs, changes, key=key, changing=facts.changing)
    return told_so_far.select(*rows.columns, "known_until")


def _told(rows: ir.Table, cell: str, since: str) -> ir.Value:
    return (rows[since] <= rows.known_after).ifelse(rows[cell], ibis.null(rows[cell].type()))


def _filled(rows: ir.Table, cell: str, since: str) -> ir.Value:
    return (rows[since] < rows.as_of).ifelse(rows[cell], ibis.null(rows[cell].type()))


def _with_changes(pairs: ir.Table, changes: ir.Table, *, key: str, changing: tuple[str, ...]) -> ir.Table:
    owners = pairs.select(key, "as_of").distinct()
    before = owners.inner_join(
        changes, [owners[key] == changes[key], changes.happened_at < owners.as_of, changes.known_at < owners.as_of]
    ).drop(f"{key}_right")
    last = newest(before, key, "as_of", "column", "value")
    wide = last.group_by([key, "as_of"]).aggregate(
        **{f"_new_{name}": last.value.max(where=last.column == name) for name in changing},
        **{f"_has_{name}": (last.column == name).any() for name in changing},
    )
    joined = pairs.left_join(wide, [key, "as_of"])
    joined = joined.drop(*[name for name in (f"{key}_right", "as_of_right") if name in joined.columns])
    # A change to nothing is a change: the cell is empty from then on.
    values = {
        name: joined[f"_has_{name}"]
        .fill_null(False)
        .ifelse(joined[f"_new_{name}"].try_cast(pairs[name].type()), joined[name])
        for name in changing
    }
    return joined.mutate(**values).drop(*[f"{mark}{name}" for mark in ("_new_", "_has_") for name in changing])


def newest(rows: ir.Table, *keys: str) -> ir.Table:
    """Of each group the row that happened last; of several the one told last, then that with the greatest last key."""
    *group, value = keys
    told = TOLD_AT if TOLD_AT in rows.columns else "known_at"
    order = ibis.window(group_by=group, order_by=[ibis.desc(name) for name in ("happened_at", told, value)])
    return rows.mutate(_place=ibis.row_number().over(order)).filter(lambda row: row["_place"] == 0)


def within(rows: ir.Table, days: int | None) -> ir.BooleanValue:
    """Whether a known row lies in the window of that many days before its `as_of` (None: ever)."""
    if days is None:
        return ibis.literal(True)
    return rows.happened_at >= rows.as_of - ibis.interval(days=days)


def days_before(rows: ir.Table, time: ir.TimestampValue) -> ir.FloatingValue:
    """Days from `time` to the row's `as_of`; negative for a time that lies ahead."""
    return days_between(time, rows.as_of)


def days_between(first: ir.TimestampValue, last: ir.TimestampValue) -> ir.FloatingValue:
    """Days from one time to another, to the microsecond."""
    return (micros(last) - micros(first)) / MICROS_PER_DAY


def micros(time: ir.TimestampValue) -> ir.IntegerValue:
    """Microseconds since 1970, exact on every engine."""
    return time.delta(ibis.timestamp("1970-01-01"), unit="microsecond")


def known_by(facts: Facts, until: dt.datetime) -> Facts:
    """The rows that happened and were known before `until`; a cell that fills in at or after it is still empty."""
    rows, end = facts.rows, ibis.timestamp(until)
    rows = rows.filter(rows.happened_at < end, rows.known_at < end)
    values = {
        cell: (rows[since] < end).ifelse(rows[cell], ibis.null(rows[cell].type()))
        for cell, since in facts.known_from.items()
    }
    return replace(facts, rows=rows.mutate(**values) if values else rows)


def hindsight(facts: Facts, until: dt.datetime) -> Facts:
    """What is known today of the past: rows that happened and were known before `until`, as if known at once.

    For outcomes only. A cell that fills in at or after `until` is still empty.
    """
    seen = known_by(facts, until)
    rows = seen.rows
    return replace(seen, rows=rows.mutate(**{"known_at": rows.happened_at, TOLD_AT: rows.known_at}))


def upcoming(facts: Facts, dates: ir.Table, days: int) -> ir.Table:
    """The rows that happen in `[as_of, as_of + days)`, per (account_id, as_of): for outcomes, never for features."""
    rows = facts.rows
    end = dates.as_of + ibis.interval(days=days)
    pairs = dates.inner_join(
        rows, [dates.account_id == rows.account_id, rows.happened_at >= dates.as_of, rows.happened_at < end]
    )
    return pairs.drop("account_id_right") if "account_id_right" in pairs.columns else pairs
