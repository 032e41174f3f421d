"""The portable plan: what the ledger books, as expressions that run wherever the rows are.

Rows are summed once into **cells**: those of one account that the same snapshots see in every window. A cell counts at
the snapshots `[begin, end)`, numbered in order of time, with one `end` per window.

- Per window, cells of one range become one, and only these meet the snapshots of their range.
- Distinct things are the union of their ranges: of each range only what no earlier one of its thing covers.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines import Engine
from abm_ml.features.base import Feature
from abm_ml.features.cells import Asked, known_rows, snapshots, term
from abm_ml.tables.money import MONEY
from abm_ml.timeline import MICROS_PER_DAY, SPINE, micros

KEYS = ("account_id", "_place")


def measured(
    asked: Sequence[Asked], dates: ir.Table, engine: Engine, *, progress: Callable[[str], None] = lambda _rows: None
) -> tuple[ir.Table, ...]:
    """The spine `dates` (account_id, as_of) with every column of the features, as one part.

    `progress` is called with the name of each kind of rows.
    """
    moments = snapshots(dates, engine)
    places = pa.array(range(len(moments)), pa.int64())
    numbered = engine.register(pa.table({"as_of": pa.array(moments, pa.timestamp("us")), "_place": places}))
    spine = engine.store(dates.select(*SPINE).inner_join(numbered, "as_of"))
    found: list[ir.Table] = []
    for each in asked:
        progress(each.facts.name)
        found += [engine.store(table) for table in _Cells(each, moments, numbered, engine).tables()]
    return (engine.store(_side_by_side(spine, found, [feature for each in asked for feature in each.features])),)


def _side_by_side(spine: ir.Table, tables: Sequence[ir.Table], features: Sequence[Feature]) -> ir.Table:
    """The spine with every column; an account without such rows gets what the measure says of none."""
    joined = spine
    for number, table in enumerate(tables):
        joined = joined.left_join(table, list(KEYS), rname=f"{{name}}_{number}")
    none = {name: each.measure.if_none for each in features for name, _ in each.columns}
    values = {
        name: joined[name] if default is None else joined[name].fill_null(default) for name, default in none.items()
    }
    return joined.select(*SPINE, **values)


@dataclass(frozen=True)
class _Read:
    """What a feature reads of a row: the names of its condition and of the value that it brings, if any."""

    feature: Feature
    counts: str
    value: str
    cell: str

    @property
    def measure(self) -> str:
        """How rows become one number."""
        return self.feature.measure.name

    @property
    def windows(self) -> tuple[int | None, ...]:
        """Its windows in days."""
        return self.feature.windows or (None,)


class _Cells:
    """One kind of rows and what is asked of it."""

    def __init__(self, asked: Asked, moments: Sequence[dt.datetime], numbered: ir.Table, engine: Engine) -> None:
        self._engine, self._moments, self._numbered = engine, moments, numbered
        self._windows = sorted({days for each in asked.features for _, days in each.columns if days is not None})
        self._reads = [
            _Read(feature, f"_counts_{place}", f"_value_{place}", f"_cell_{place}")
            for place, feature in enumerate(asked.features)
        ]
        self._rows = engine.store(self._told(asked, known_rows(asked, moments)))

    def tables(self) -> Iterator[ir.Table]:
        """The columns per account and snapshot, as far as there are rows: a table per window, one for all things."""
        cells = self._engine.store(self._with_ends(self._summed()))
        for days in (None, *self._windows):
            reads = [read for read in self._reads if read.measure != "distinct" and days in read.windows]
            if reads:
                ranges = cells.group_by(["account_id", "_begin", cells[_end(days)].name("_stop")])
                met = self._met(ranges.aggregate(**_merged(cells, reads)), "_stop")
                found = met.group_by(["account_id", "_place", "as_of"]).aggregate(**_merged(met, reads))
                shown = {
                    read.feature.column(days): _SHOWN[read.measure](read, found, self._moments[-1]) for read in reads
                }
                yield found.select(*KEYS, **shown)
        for read in self._reads:
            if read.measure == "distinct":
                yield self._things(read)

    def _told(self, asked: Asked, known: ir.Table) -> ir.Table:
        """The rows with their places among the snapshots, and what each feature reads of them."""
        told: dict[str, ir.Value] = {}
        for read in self._reads:
            said = term(read.feature, known)
            told[read.counts] = said.counts.fill_null(False)
            if said.value is not None:
                told[read.value] = _brought(read.feature, said.value)
        rows = known.select(
            "account_id",
            _begin=_place(known.known_after, self._moments),
            _until=_place(known.known_until, self._moments),
            _bucket=_place(known.happened_at, self._cuts),
            _happened=micros(known.happened_at),
            _order=_order(asked),
            **told,
        )
        return rows.filter(rows["_begin"] < rows["_until"])

    @cached_property
    def _cuts(self) -> list[dt.datetime]:
        """Where a window of any snapshot begins: rows between two cuts leave every window together."""
        return sorted({moment - dt.timedelta(days=days) for moment in self._moments for days in self._windows})

    @cached_property
    def _ends(self) -> ir.Table:
        """Per bucket between two cuts and per window, how many snapshots have a window that begins before its rows."""
        buckets = list(range(len(self._cuts) + 1))
        rows = {"_bucket": buckets}
        for days in self._windows:
            begins = [bisect.bisect_left(self._cuts, moment - dt.timedelta(days=days)) for moment in self._moments]
            rows[_end(days)] = [bisect.bisect_left(begins, bucket) for bucket in buckets]
        return self._engine.register(pa.table(rows))

    def _with_ends(self, rows: ir.Table) -> ir.Table:
        """The rows with the end of their range in each window."""
        joined = rows.inner_join(self._ends, "_bucket")
        ends = {_end(days): ibis.least(joined[_end(days)], joined["_until"]) for days in self._windows}
        return joined.mutate(**{_end(None): joined["_until"]}, **ends)

    def _met(self, ranges: ir.Table, end: str) -> ir.Table:
        """Each range once per snapshot that it holds."""
        place = self._numbered["_place"]
        return ranges.inner_join(self._numbered, [ranges["_begin"] <= place, place < ranges[end]])

    def _summed(self) -> ir.Table:
        """The rows of each cell as one."""
        made: dict[str, ir.Value] = {}
        for read in self._reads:
            if read.measure in _OF_CELL:
                made |= _OF_CELL[read.measure](read, self._rows, self._moments[-1])
        return self._rows.group_by(["account_id", "_begin", "_until", "_bucket"]).aggregate(**made)

    def _things(self, read: _Read) -> ir.Table:
        """How many things each snapshot counts: those of which a range that began so far reaches beyond it."""
        rows = self._rows.filter(self._rows[read.counts])
        ranges = self._with_ends(
            rows.group_by(["account_id", rows[read.value].name("_thing"), "_begin", "_until", "_bucket"]).aggregate()
        )
        ends = [_end(days) for days in read.windows]
        spans = ranges.group_by(["account_id", "_thing", "_begin"]).aggregate(
            **{end: ranges[end].max() for end in ends}
        )
        of_thing = ibis.window(group_by=["account_id", "_thing"], order_by="_begin")
        so_far = ibis.window(group_by=["account_id", "_thing"], order_by="_begin", preceding=None, following=0)
        reach = spans.select(
            "account_id",
            "_begin",
            _next=spans["_begin"].lead().over(of_thing).fill_null(len(self._moments)),
            **{end: spans[end].max().over(so_far) for end in ends},
        )
        longest = _end(None if None in read.windows else max(days for days in read.windows if days))
        # A thing speaks for itself from one beginning to the next.
        stop = ibis.least(reach["_next"], reach[longest]).name("_stop")
        alike = reach.group_by(["account_id", "_begin", stop, *ends]).aggregate(_things=reach.count())
        met = self._met(alike, "_stop")
        counts = {
            read.feature.column(days): met["_things"].sum(where=met[_end(days)] > met["_place"])
            for days in read.windows
        }
        found = met.group_by(list(KEYS)).aggregate(**counts)
        return found.mutate(**{name: found[name].fill_null(0).cast("float64") for name in counts})


def _end(days: int | None) -> str:
    return "_end" if days is None else f"_end_{days}"


def _place(time: ir.TimestampValue, instants: Sequence[dt.datetime]) -> ir.IntegerValue:
    """How many instants lie at or before a time, by halves; all of them for no time."""

    def between(low: int, high: int) -> ir.IntegerValue:
        if low == high:
            return ibis.literal(low, "int64")
        middle = (low + high) // 2
        return (time < ibis.timestamp(instants[middle])).ifelse(between(low, middle), between(middle + 1, high))

    return between(0, len(instants))


def _order(asked: Asked) -> ir.Value:
    """Of two rows the one with the larger number is later; only the latest value asks for it."""
    if not any(each.measure.name == "latest" for each in asked.features):
        return ibis.literal(0, "int64")
    order = ibis.window(group_by="account_id", order_by=["happened_at", "known_at", *asked.facts.order])
    return ibis.row_number().over(order)


def _brought(feature: Feature, value: ir.Value) -> ir.Value:
    """The value that a row brings, in the type in which it is summed up or shown."""
    match feature.measure.name:
        case "count" | "distinct":
            return value
        case "total":
            return value.cast(MONEY)
        case "latest" if feature.kind == "category":
            return value.cast("string")
        case "latest" | "decayed":
            return value.cast("float64")
    return micros(value)


def _weight(feature: Feature, of: ir.IntegerValue, to: dt.datetime) -> ir.FloatingValue:
    """What the passing of time from `of` to `to` leaves of one."""
    last = (to - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
    return ibis.literal(2.0) ** ((of - last) / ibis.literal(MICROS_PER_DAY * float(feature.half_life or 1)))


def _cell_of_count(read: _Read, rows: ir.Table, _last: dt.datetime) -> dict[str, ir.Value]:
    return {read.cell: rows[read.counts].cast("int32").sum().cast("int32")}


def _cell_of_total(read: _Read, rows: ir.Table, _last: dt.datetime) -> dict[str, ir.Value]:
    return {read.cell: rows[read.value].sum(where=rows[read.counts])}


def _cell_of_decayed(read: _Read, rows: ir.Table, last: dt.datetime) -> dict[str, ir.Value]:
    left = rows[read.value] * _weight(read.feature, rows["_happened"], last)
    return {read.cell: left.sum(where=rows[read.counts])}


def _time(read: _Read, rows: ir.Table) -> ir.IntegerValue:
    """The time that a row brings: its own where it brings none."""
    return rows[read.value if read.value in rows.columns else "_happened"]


def _cell_of_last(read: _Read, rows: ir.Table, _last: dt.datetime) -> dict[str, ir.Value]:
    return {read.cell: _time(read, rows).max(where=rows[read.counts])}


def _cell_of_first(read: _Read, rows: ir.Table, _last: dt.datetime) -> dict[str, ir.Value]:
    return {read.cell: _time(read, rows).min(where=rows[read.counts])}


def _cell_of_latest(read: _Read, rows: ir.Table, _last: dt.datetime) -> dict[str, ir.Value]:
    return {
        read.cell: rows[read.value].argmax(rows["_order"], where=rows[read.counts]),
        f"{read.cell}_order": rows["_order"].max(where=rows[read.counts]),
    }


_OF_CELL: dict[str, Callable[[_Read, ir.Table, dt.datetime], dict[str, ir.Value]]] = {
    "count": _cell_of_count, "total": _cell_of_total, "decayed": _cell_of_decayed, "days_since": _cell_of_last,
    "days_until": _cell_of_last, "days_since_first": _cell_of_first, "latest": _cell_of_latest,
}  # fmt: skip


def _merged(cells: ir.Table, reads: Sequence[_Read]) -> dict[str, ir.Value]:
    """Several cells as one."""
    made: dict[str, ir.Value] = {}
    for read in reads:
        cell = cells[read.cell]
        match read.measure:
            case "count":
                made[read.cell] = cell.sum().cast("int32")
            case "total" | "decayed":
                made[read.cell] = cell.sum()
            case "days_since_first":
                made[read.cell] = cell.min()
            case "latest":
                order = cells[f"{read.cell}_order"]
                made |= {read.cell: cell.argmax(order), f"{read.cell}_order": order.max()}
            case _:
                made[read.cell] = cell.max()
    return made


def _days_since(read: _Read, found: ir.Table, _last: dt.datetime) -> ir.Value:
    return (micros(found.as_of) - found[read.cell]) / MICROS_PER_DAY


def _days_until(read: _Read, found: ir.Table, _last: dt.datetime) -> ir.Value:
    return (found[read.cell] - micros(found.as_of)) / MICROS_PER_DAY


def _remaining(read: _Read, found: ir.Table, last: dt.datetime) -> ir.Value:
    return found[read.cell] / _weight(read.feature, micros(found.as_of), last)


def _sum(read: _Read, found: ir.Table, _last: dt.datetime) -> ir.Value:
    return found[read.cell].cast("float64")


def _latest(read: _Read, found: ir.Table, _last: dt.datetime) -> ir.Value:
    return found[read.cell]


_SHOWN: dict[str, Callable[[_Read, ir.Table, dt.datetime], ir.Value]] = {
    "days_since": _days_since, "days_since_first": _days_since, "days_until": _days_until, "decayed": _remaining,
    "latest": _latest, "count": _sum, "total": _sum,
}  # fmt: skip
