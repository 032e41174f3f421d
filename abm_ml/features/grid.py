"""A grid of time: snapshots and their windows cut it into buckets, whose rows are seen and left behind together.

Snapshots are numbered by `_place`. A snapshot sees a row if its time lies in a bucket up to its cut of 0 days, and in a
window of so many days if the bucket lies behind its cut of these.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Sequence
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines import Engine


class Grid:
    """The snapshots `moments` (ascending) with windows of so many days."""

    def __init__(self, moments: Sequence[dt.datetime], windows: Sequence[int], engine: Engine) -> None:
        self.moments, self.windows = moments, windows
        self._engine = engine
        self._cuts = sorted({moment - dt.timedelta(days=days) for moment in moments for days in (0, *windows)})

    @property
    def buckets(self) -> int:
        """How many buckets there are."""
        return len(self._cuts) + 1

    @property
    def never(self) -> ir.IntegerValue:
        """The place at which no snapshot is."""
        return ibis.literal(len(self.moments), "int32")

    def place(self, time: ir.TimestampValue) -> ir.IntegerValue:
        """The place of the first snapshot after a time."""
        return _passed(time, self.moments)

    def bucket(self, time: ir.TimestampValue) -> ir.IntegerValue:
        """The bucket of a time."""
        return _passed(time, self._cuts)

    @cached_property
    def snapshots(self) -> ir.Table:
        """Per snapshot `_place`, and for each window the last bucket before it; with 0 days the last that it sees."""
        places = pa.array(range(len(self.moments)), pa.int32())
        cuts = {cut_name(days): pa.array(self._last_before(days), pa.int32()) for days in (0, *self.windows)}
        return self._engine.register(pa.table({"_place": places, **cuts}))

    @cached_property
    def ends(self) -> ir.Table:
        """Per `_bucket` the place that first sees it (0 days), and per window the first that has left it behind."""
        found = {"_bucket": pa.array(range(self.buckets), pa.int32())}
        for days in (0, *self.windows):
            cuts = self._last_before(days)
            found[end_name(days)] = pa.array(
                [bisect.bisect_left(cuts, bucket) for bucket in range(self.buckets)], pa.int32()
            )
        return self._engine.register(pa.table(found))

    def _last_before(self, days: int) -> list[int]:
        return [bisect.bisect_left(self._cuts, moment - dt.timedelta(days=days)) for moment in self.moments]


def cut_name(days: int) -> str:
    """The column of a window's cut."""
    return f"_cut_{days}"


def end_name(days: int | None) -> str:
    """The column of where a window leaves rows behind."""
    return "_end" if days is None else f"_end_{days}"


def key(rows: ir.Table, moments: Sequence[dt.datetime]) -> ir.IntegerValue:
    """One number for an account and a snapshot."""
    return rows["_account"].cast("int64") * len(moments) + rows["_place"]


def _passed(time: ir.TimestampValue, instants: Sequence[dt.datetime]) -> ir.IntegerValue:
    """How many instants lie at or before a time, by halves; all of them for no time."""

    def between(low: int, high: int) -> ir.IntegerValue:
        if low == high:
            return ibis.literal(low, "int32")
        middle = (low + high) // 2
        return (time < ibis.timestamp(instants[middle])).ifelse(between(low, middle), between(middle + 1, high))

    return between(0, len(instants))
