"""The portable plan: what the ledger books, as expressions that run wherever the rows are.

Accounts and snapshots are numbered. Rows are added up once into **cells**: those of one account that the same snapshots
see in every window. A cell lies in a bucket of time, from the snapshot at `_begin` on and until that at `_until`. It
meets the snapshots that see its bucket, which the grid lists, and what they see of an account is added up, in all
windows that are about as long at once. Distinct things are cells as well: a row counts until its thing is seen again.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines import Engine
from abm_ml.features.cells import Asked, in_doubles, known_rows, snapshots
from abm_ml.features.grid import Grid, end_name, inside_name, key
from abm_ml.features.readings import Reading, merged, readings, side_by_side, summed, units
from abm_ml.timeline import SPINE, micros

_Column: TypeAlias = tuple[Reading, tuple[int | None, ...]]  # whose number it holds, of which windows
_Columns: TypeAlias = Mapping[str, _Column]

CELL = ("_account", "_begin", "_until", "_bucket")
_SHORT = 2  # a window is short if so many of it fit into the longest
_OF_THING = ibis.window(group_by=["_account", "_thing"], order_by="_begin")
_OF_THING_SO_FAR = ibis.window(group_by=["_account", "_thing"], order_by="_begin", preceding=None, following=0)


def measured(
    asked: Sequence[Asked], dates: ir.Table, engine: Engine, *, progress: Callable[[str], None] = lambda _rows: None
) -> tuple[ir.Table, ...]:
    """The spine `dates` (account_id, as_of) with every column of the features, as one part.

    `progress` is called with the name of each kind of rows.
    """
    moments = snapshots(dates, engine)
    accounts = engine.store(_numbered(dates))
    places = pa.array(range(len(moments)), pa.int32())
    numbered = engine.register(pa.table({"as_of": pa.array(moments, pa.timestamp("us")), "_place": places}))
    spine = dates.select(*SPINE).inner_join(numbered, "as_of").inner_join(accounts, "account_id")
    joined = engine.store(spine.select(*SPINE, _key=key(spine, moments)))
    kinds = []
    for number, each in enumerate(asked):
        progress(each.facts.name)
        kinds.append(_Kind(each, moments, accounts, engine))
        for place, table in enumerate(kinds[-1].tables):
            names = {f"_{number}_{name}": name for name in table.columns if name != "_key"}
            joined = joined.left_join(table.rename(names), "_key", rname=f"{{name}}_{number}_{place}")
    values: dict[str, ir.Value] = {}
    for number, kind in enumerate(kinds):
        values |= kind.values(joined, f"_{number}_")
    return (in_doubles(engine.write(joined.select(*SPINE, **values))),)


def _numbered(dates: ir.Table) -> ir.Table:
    """The accounts that are asked about, each with its number."""
    number = ibis.row_number().over(ibis.window(order_by="account_id"))
    return dates.select("account_id").distinct().mutate(_account=number.cast("int32"))


class _Kind:
    """One kind of rows and what is asked of it: tables of numbers by account and snapshot, and what to show of them."""

    def __init__(self, asked: Asked, moments: Sequence[dt.datetime], accounts: ir.Table, engine: Engine) -> None:
        self._engine = engine
        windows = {days for each in asked.features for _, days in each.columns if days is not None}
        self._grid = Grid(moments, sorted(windows), engine)
        self._ending = bool(asked.facts.known_from) or asked.facts.changes is not None
        self._ordered = asked.facts.order
        known = known_rows(asked, moments).inner_join(accounts, "account_id")
        rows = self._placed(known)
        made = readings(asked.features, rows)
        # Versions are dear to make, other rows to keep.
        self._rows = engine.store(self._told(rows, made)) if self._ending else rows
        self._readings = side_by_side(made, self._most(self._rows if self._ending else known))
        self.tables = [engine.step(table) for table in self._found()]

    def values(self, joined: ir.Table, prefix: str) -> dict[str, ir.Value]:
        """The columns of the features, from a table that holds the numbers under names with a prefix."""
        columns = {name: (joined[prefix + name], each) for each in self._readings for name in each.seen}
        found = {name: seen.fill_null(0) if each.merging == "sum" else seen for name, (seen, each) in columns.items()}
        return {
            each.feature.column(days): each.shown(found[name], place, joined["as_of"], self._grid.moments[-1])
            for each in self._readings
            for name, windows in each.seen.items()
            for place, days in enumerate(windows)
        }

    def _placed(self, known: ir.Table) -> ir.Table:
        """The rows with their places among the snapshots."""
        rows = self._grid.in_buckets(known, _bucket=known["happened_at"])
        rows = self._grid.placed(rows, _begin=rows["known_after"])
        if not self._ending:
            return rows.mutate(_until=self._grid.never)
        rows = self._grid.placed(rows, _until=rows["known_until"])
        return rows.filter(rows["_begin"] < rows["_until"])

    def _told(self, rows: ir.Table, asked: Sequence[Reading]) -> ir.Table:
        """What is read of each row."""
        told: dict[str, ir.Value] = {"_happened": micros(rows["happened_at"])}
        for reading in asked:
            told |= reading.told()
        if any(each.measure == "latest" for each in asked):
            told["_order"] = _order(self._ordered)
        return rows.select(*CELL, **told)

    def _read(self, asked: Sequence[Reading]) -> ir.Table:
        return self._rows if self._ending else self._told(self._rows, asked)

    def _most(self, rows: ir.Table) -> int:
        """How many rows the account has that has most."""
        sizes = rows.group_by("_account").aggregate(rows=rows.count())
        return self._engine.compute(sizes.aggregate(most=sizes.rows.max()))["most"][0].as_py() or 0

    def _found(self) -> Iterator[ir.Table]:
        """Numbers by account and snapshot: those of rows, and those of each kind of things."""
        plain = [each for each in self._readings if each.measure != "distinct"]
        if plain:
            # Neighbours come together, so that what they are added up to lies near in memory.
            cells = self._engine.store(self._cells(plain).order_by("_account"))
            yield from (self._met(cells, columns) for columns in _short_apart(_columns(plain)))
        for each in self._readings:
            if each.measure == "distinct":
                yield self._changing_things(each) if self._ending else self._met(self._things(each), _columns([each]))

    def _cells(self, asked: Sequence[Reading]) -> ir.Table:
        """The rows of each cell as one."""
        rows = self._read(asked)
        units: dict[str, ir.IntegerValue] = {}
        made: dict[str, ir.Value] = {}
        for each in asked:
            if each.measure == "count":
                unit = each.units(rows)
                units[each.cell] = units[each.cell] + unit if each.cell in units else unit
            else:
                made |= each.of_rows(rows, self._grid.moments[-1])
        words = {name: summed(word) for name, word in units.items()}
        return rows.group_by(list(CELL)).aggregate(**words, **made)

    def _things(self, reading: Reading) -> ir.Table:
        """Cells of things: each counts until it is seen again."""
        rows = self._read([reading])
        rows = rows.filter(rows[reading.counts])
        spans = rows.group_by(["_account", rows[reading.value].name("_thing"), "_begin"]).aggregate(
            _bucket=rows["_bucket"].max()
        )
        cells = spans.select(
            "_account",
            "_begin",
            _until=spans["_begin"].lead().over(_OF_THING).fill_null(self._grid.never),
            _bucket=spans["_bucket"].max().over(_OF_THING_SO_FAR),
        )
        return cells.group_by(list(CELL)).aggregate(**{reading.cell: cells.count().cast("int32")}).order_by("_account")

    def _changing_things(self, reading: Reading) -> ir.Table:
        """Numbers of things of rows that change: those of which a range that began so far reaches beyond a snapshot."""
        rows = self._read([reading])
        rows = rows.filter(rows[reading.counts])
        rows = rows.inner_join(self._grid.ends, "_bucket")
        ends = {
            days: rows["_until"] if days is None else ibis.least(rows["_until"], rows[end_name(days)])
            for days in reading.windows
        }
        spans = rows.group_by(["_account", rows[reading.value].name("_thing"), "_begin"]).aggregate(
            **{end_name(days): end.max() for days, end in ends.items()}
        )
        reach = spans.select(
            "_account",
            "_begin",
            _next=spans["_begin"].lead().over(_OF_THING).fill_null(self._grid.never),
            **{end_name(days): spans[end_name(days)].max().over(_OF_THING_SO_FAR) for days in ends},
        )
        alike = reach.group_by(list(reach.columns)).aggregate(_things=reach.count())
        place = self._grid.snapshots["_place"]
        met = alike.inner_join(self._grid.snapshots, [alike["_begin"] <= place, place < alike["_next"]])
        numbers = {
            name: summed(met["_things"] * units(reading, [met[end_name(days)] > met["_place"] for days in windows]))
            for name, windows in reading.seen.items()
        }
        return met.group_by(_key=key(met, self._grid.moments)).aggregate(**numbers)

    def _met(self, cells: ir.Table, columns: _Columns) -> ir.Table:
        """What each snapshot sees of each account's cells, window by window."""
        longest = max(map(_longest, columns.values()))
        seen = self._grid.seen
        seen = seen if longest == math.inf else seen.filter(seen[inside_name(int(longest))])
        together = {
            f"_units{name}": units(each, [seen[inside_name(days)] if days else ibis.literal(True) for days in some])
            for name, (each, some) in columns.items()
            if len(some) > 1
        }
        met = cells.inner_join(seen.mutate(**together), "_bucket")
        met = met.filter(met["_begin"] <= met["_place"], met["_place"] < met["_until"])
        numbers = {
            name: summed(met[each.cell] * met[f"_units{name}"])
            if len(some) > 1
            else merged(met, each, met[inside_name(some[0])] if some[0] and some[0] != longest else None)
            for name, (each, some) in columns.items()
        }
        return met.group_by(_key=key(met, self._grid.moments)).aggregate(**numbers)


def _columns(asked: Sequence[Reading]) -> _Columns:
    """The columns of what snapshots see of readings."""
    return {name: (each, windows) for each in asked for name, windows in each.seen.items()}


def _longest(column: _Column) -> float:
    """The longest window of a column in days; ever has no end."""
    return max(math.inf if days is None else days for days in column[1])


def _short_apart(columns: _Columns) -> list[_Columns]:
    """The columns of long windows, and those of short ones: fewer cells lie in these, so adding them up takes less."""
    longest = max(map(_longest, columns.values()))
    parts: tuple[dict[str, _Column], dict[str, _Column]] = {}, {}
    for name, column in columns.items():
        parts[_longest(column) * _SHORT <= longest][name] = column
    return [part for part in parts if part]


def _order(order: Sequence[str]) -> ir.IntegerValue:
    """Of two rows of an account the one with the larger number is later."""
    later = ibis.window(group_by="_account", order_by=["happened_at", "known_at", *order])
    return ibis.row_number().over(later)
