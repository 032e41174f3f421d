"""A grid of time: snapshots and their windows cut it into buckets, whose rows are seen and left behind together.

Snapshots are numbered by `_place`. A snapshot sees a row if its time lies in a bucket up to its cut of 0 days, and in a
window of so many days if the bucket lies behind its cut of these.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import operator
from collections.abc import Mapping, Sequence
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from abm_ml.engines import Engine

_INSTANT = dt.timedelta(microseconds=1)


class Grid:
    """The snapshots `moments` (ascending) with windows of so many days."""

    def __init__(self, moments: Sequence[dt.datetime], windows: Sequence[int], engine: Engine) -> None:
        self.moments, self.windows = moments, windows
        self._engine = engine
        self._cuts = sorted({moment - dt.timedelta(days=days) for moment in moments for days in (0, *windows)})

    @property
    def never(self) -> ir.IntegerValue:
        """The place at which no snapshot is."""
        return ibis.literal(len(self.moments), "int32")

    def placed(self, rows: ir.Table, **times: ir.TimestampValue) -> ir.Table:
        """The rows with, per time, the place of the first snapshot after it; no time is after all of them."""
        return _passed(rows, times, self.moments, self._engine)

    def in_buckets(self, rows: ir.Table, **times: ir.TimestampValue) -> ir.Table:
        """The rows with, per time, the bucket in which it lies."""
        return _passed(rows, times, self._cuts, self._engine)

    @cached_property
    def snapshots(self) -> ir.Table:
        """The place of each snapshot."""
        return self._engine.register(pa.table({"_place": pa.array(range(len(self.moments)), pa.int32())}))

    @cached_property
    def seen(self) -> ir.Table:
        """Per `_bucket` each `_place` that sees it, and whether each window covers it there."""
        buckets = np.arange(len(self._cuts) + 1, dtype=np.int32)[:, None]
        bucket, place = np.nonzero(buckets <= np.array(self._last_before(0)))
        inside = {inside_name(days): bucket > np.array(self._last_before(days))[place] for days in self.windows}
        places = {"_bucket": bucket.astype(np.int32), "_place": place.astype(np.int32)}
        return self._engine.register(pa.table(places | inside))

    @cached_property
    def ends(self) -> ir.Table:
        """Per `_bucket`, for each window the place that first has left it behind."""
        found = {"_bucket": pa.array(range(len(self._cuts) + 1), pa.int32())}
        for days in self.windows:
            cuts = self._last_before(days)
            found[end_name(days)] = pa.array(
                [bisect.bisect_left(cuts, bucket) for bucket in range(len(self._cuts) + 1)], pa.int32()
            )
        return self._engine.register(pa.table(found))

    def _last_before(self, days: int) -> list[int]:
        """Per snapshot the last bucket before its window of so many days."""
        return [bisect.bisect_left(self._cuts, moment - dt.timedelta(days=days)) for moment in self.moments]


def inside_name(days: int) -> str:
    """The column that says whether a window covers a bucket."""
    return f"_inside_{days}"


def end_name(days: int | None) -> str:
    """The column of where a window leaves rows behind."""
    return "_end" if days is None else f"_end_{days}"


def key(rows: ir.Table, moments: Sequence[dt.datetime]) -> ir.IntegerValue:
    """One number for an account and a snapshot."""
    return rows["_account"].cast("int64") * len(moments) + rows["_place"]


def _passed(
    rows: ir.Table, times: Mapping[str, ir.TimestampValue], instants: Sequence[dt.datetime], engine: Engine
) -> ir.Table:
    """The rows with, per time, how many instants lie at or before it; all of them for no time.

    Its day says how many lie before that; what is left are the instants within the day.
    """
    days = engine.register(_by_day(instants))
    within = [name for name in days.columns if name.startswith("_within_")]
    first, last = ibis.timestamp(instants[0] - _INSTANT), ibis.timestamp(instants[-1])
    for name, time in times.items():
        kept = ibis.greatest(ibis.least(time.fill_null(last), last), first)
        met = rows.mutate(_time=kept, _day=kept.date()).inner_join(days, "_day")
        passed = [(met[each] <= met["_time"]).fill_null(False).cast("int32") for each in within]
        rows = met.select(*rows.columns, functools.reduce(operator.add, passed, met["_before"]).name(name))
    return rows


def _by_day(instants: Sequence[dt.datetime]) -> pa.Table:
    """Per `_day` how many instants lie before it, and those within it, as many columns as the fullest day needs."""
    first = (instants[0] - _INSTANT).date()
    days = [first + dt.timedelta(days=number) for number in range((instants[-1].date() - first).days + 1)]
    starts = [dt.datetime.combine(day, dt.time()) for day in days]
    before = [bisect.bisect_right(instants, start) for start in starts]
    ends = [*[bisect.bisect_left(instants, start) for start in starts[1:]], len(instants)]
    most = max(end - begin for begin, end in zip(before, ends, strict=True))
    within = {
        f"_within_{number}": pa.array(
            [
                instants[begin + number] if begin + number < end else None
                for begin, end in zip(before, ends, strict=True)
            ],
            pa.timestamp("us"),
        )
        for number in range(most)
    }
    return pa.table({"_day": pa.array(days), "_before": pa.array(before, pa.int32())} | within)
