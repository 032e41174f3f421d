"""The portable plan: what the ledger books, as expressions that run wherever the rows are.

Accounts and snapshots are numbered. Rows are summed once into **cells**: those of one account that the same snapshots
see in every window. A snapshot sees a cell if `_begin <= _place < _until`, and in a window if the cell's bucket, the
number of cuts up to its rows, lies behind the cut at which the window begins.

- Cells that are seen at once and for good go into a **book**: what adds up to there, cell by cell. A window's sum is
  the book's at the snapshot less that at the window's begin; a last time is the book's, if it is not too long ago.
- All other cells, those of rows that were told late or that change, meet each snapshot that sees them.
- Distinct things are cells as well: a row counts until its thing is seen again.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines import Engine
from abm_ml.features.cells import Asked, known_rows, snapshots
from abm_ml.features.grid import Grid, cut_name, end_name, key
from abm_ml.features.readings import Reading, merged, packed, readings
from abm_ml.timeline import SPINE, micros

CELL = ("_account", "_begin", "_until", "_bucket")
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
    for each in asked:
        progress(each.facts.name)
        kinds.append(_Kind(each, moments, accounts, engine))
        for number, (by, table) in enumerate(kinds[-1].tables):
            names = {f"_{len(kinds)}_{name}": name for name in table.columns if name != "_key"}
            same = by if by == "_key" else f"_{len(kinds)}_{by}"
            joined = joined.left_join(table.rename(names), same, rname=f"{{name}}_{len(kinds)}_{number}")
    values: dict[str, ir.Value] = {}
    for number, kind in enumerate(kinds, start=1):
        values |= kind.values(joined, f"_{number}_")
    return (engine.store(joined.select(*SPINE, **values)),)


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
        known = known_rows(asked, moments)
        self._readings = readings(asked.features, known)
        self._rows = engine.store(self._told(asked, known, accounts))
        self._readings = packed(self._readings, self._most())
        self._parts: dict[tuple[str, int | None], list[str]] = defaultdict(list)
        self.tables: list[tuple[str, ir.Table]] = []
        self._measure()

    def values(self, joined: ir.Table, prefix: str) -> dict[str, ir.Value]:
        """The columns of the features, from a table that holds the numbers under names with a prefix."""
        shown: dict[str, ir.Value] = {}
        for reading in self._readings:
            for days in reading.windows:
                parts = [joined[prefix + name] for name in self._parts[reading.cell, days]]
                found = reading.together(parts)
                shown[reading.feature.column(days)] = reading.shown(
                    found, joined["as_of"], days, self._grid.moments[-1]
                )
        return shown

    def _told(self, asked: Asked, known: ir.Table, accounts: ir.Table) -> ir.Table:
        """The rows with their places among the snapshots, and what each feature reads of them."""
        told: dict[str, ir.Value] = {}
        for reading in self._readings:
            told |= reading.told()
        rows = known.select(
            "account_id",
            _begin=self._grid.place(known.known_after),
            _until=self._grid.place(known.known_until) if self._ending else self._grid.never,
            _bucket=self._grid.bucket(known.happened_at),
            _happened=micros(known.happened_at),
            _order=_order(asked),
            **told,
        )
        rows = rows.inner_join(accounts, "account_id").drop("account_id")
        return rows.filter(rows["_begin"] < rows["_until"]) if self._ending else rows

    def _measure(self) -> None:
        """Finds all numbers: those that a book tells, and those of the cells that are in no book."""
        plain = [each for each in self._readings if each.measure != "distinct"]
        sources = [(self._with_ends(self._summed(plain)), plain)]
        for each in self._readings:
            if each.measure == "distinct" and self._ending:
                self._add(self._changing_things(each))
            elif each.measure == "distinct":
                sources.append((self._with_ends(self._things(each)), [each]))
        self._keep_book(sources)
        for cells, asked in sources:
            late = cells.filter(~self._lasting(cells))
            if len(self._engine.compute(late.limit(1))):
                self._meet(late, [each for each in asked if each.booked])
            self._meet(cells, [each for each in asked if not each.booked])

    def _most(self) -> int:
        """The rows of the account that has most."""
        sizes = self._rows.group_by("_account").aggregate(rows=self._rows.count())
        return self._engine.compute(sizes.aggregate(most=sizes.rows.max()))["most"][0].as_py() or 0

    def _summed(self, asked: Sequence[Reading]) -> ir.Table:
        """The rows of each cell as one."""
        made: dict[str, ir.Value] = {}
        for each in asked:
            for name, value in each.of_rows(self._rows, self._grid.moments[-1]).items():
                made[name] = made[name] + value if name in made else value
        return self._rows.group_by(list(CELL)).aggregate(**made)

    def _things(self, reading: Reading) -> ir.Table:
        """Cells of things: each counts until it is seen again."""
        rows = self._rows.filter(self._rows[reading.counts])
        spans = rows.group_by(["_account", rows[reading.value].name("_thing"), "_begin"]).aggregate(
            _bucket=rows["_bucket"].max()
        )
        cells = spans.select(
            "_account",
            "_begin",
            _until=spans["_begin"].lead().over(_OF_THING).fill_null(self._grid.never),
            _bucket=spans["_bucket"].max().over(_OF_THING_SO_FAR),
        )
        return cells.group_by(list(CELL)).aggregate(**{reading.cell: reading.units(cells.count())})

    def _changing_things(self, reading: Reading) -> ir.Table:
        """Numbers of things of rows that change: those of which a range that began so far reaches beyond a snapshot."""
        rows = self._rows.filter(self._rows[reading.counts])
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
            self._part(reading.cell, days): reading.units(
                met["_things"].sum(where=met[end_name(days)] > met["_place"]).fill_null(0)
            )
            for days in ends
        }
        return met.group_by(_key=key(met, self._grid.moments)).aggregate(**numbers)

    def _with_ends(self, cells: ir.Table) -> ir.Table:
        return self._engine.store(cells.inner_join(self._grid.ends.select("_bucket", end_name(0)), "_bucket"))

    def _lasting(self, cells: ir.Table) -> ir.BooleanValue:
        """Whether cells are seen at once and for good."""
        return (cells["_begin"] == cells[end_name(0)]) & (cells["_until"] == self._grid.never)

    def _keep_book(self, sources: Sequence[tuple[ir.Table, Sequence[Reading]]]) -> None:
        """Reads the book of all lasting cells at each snapshot, and where the windows begin."""
        booked = [each for _, asked in sources for each in asked if each.booked]
        if not booked:
            return
        book = self._engine.store(self._book([cells for cells, _ in sources], {each.cell: each for each in booked}))
        asked = {(each.cell, days): each for each in booked for days in each.windows}
        numbers = {0: {f"{cell}_so_far": book[cell] for cell, _ in asked}}
        for cell, days in asked:
            self._parts[cell, days].append(f"{cell}_so_far")
        for days in self._grid.windows:
            before = [each.cell for (_, window), each in asked.items() if window == days and each.merging == "sum"]
            if before:
                numbers[days] = {self._part(cell, days): -book[cell] for cell in before}
        opened = self._opened(book, 0)
        for days in list(numbers)[1:]:
            opened = opened.left_join(self._opened(book, days), "_key", rname=f"{{name}}_{days}")
        entries = [f"_entry_{days}" for days in numbers]
        self._add(opened.select("_key", *entries))
        for entry, found in zip(entries, numbers.values(), strict=True):
            self.tables.append((entry, book.select(book["_entry"].name(entry), **found)))

    def _book(self, sources: Sequence[ir.Table], readings: Mapping[str, Reading]) -> ir.Table:
        """Per account and bucket what has added up so far, and the next bucket with an entry."""
        entries = self._entries(sources, readings)
        order = ibis.window(group_by="_account", order_by="_bucket")
        so_far = ibis.window(group_by="_account", order_by="_bucket", preceding=None, following=0)
        return entries.select(
            "_account",
            "_bucket",
            _entry=entries["_account"].cast("int64") * self._grid.buckets + entries["_bucket"],
            _next=entries["_bucket"].lead().over(order).fill_null(self._grid.buckets),
            **{cell: merged(entries, each.merging, cell).over(so_far) for cell, each in readings.items()},
        )

    def _entries(self, sources: Sequence[ir.Table], readings: Mapping[str, Reading]) -> ir.Table:
        """What each account's lasting cells add; a thing that lasts was last seen where there are lasting rows."""
        rows, *things = [cells.filter(self._lasting(cells)) for cells in sources]
        parts = {cell: [cell] if cell in rows.columns else [] for cell in readings}
        joined = rows
        for number, table in enumerate(things):
            (cell,) = [name for name in table.columns if name in readings]
            parts[cell].append(f"_thing_{number}")
            joined = joined.left_join(
                table.select("_account", "_bucket", **{f"_thing_{number}": table[cell]}),
                ["_account", "_bucket"],
                rname=f"{{name}}_{number}",
            )
        values = {cell: readings[cell].together([joined[name] for name in names]) for cell, names in parts.items()}
        return joined.select("_account", "_bucket", **values)

    def _opened(self, book: ir.Table, days: int) -> ir.Table:
        """Where each account's book is open when the windows of so many days begin."""
        cut = self._grid.snapshots[cut_name(days)]
        met = book.inner_join(self._grid.snapshots, [book["_bucket"] <= cut, cut < book["_next"]])
        return self._engine.store(met.select(met["_entry"].name(f"_entry_{days}"), _key=key(met, self._grid.moments)))

    def _meet(self, cells: ir.Table, asked: Sequence[Reading]) -> None:
        """Adds up the cells that each snapshot sees, window by window."""
        if not asked:
            return
        place = self._grid.snapshots["_place"]
        seen = [cells["_begin"] <= place, place < cells["_until"]]
        windows = {days for each in asked for days in each.windows}
        if None not in windows:
            seen.append(self._grid.snapshots[cut_name(max(days for days in windows if days))] < cells["_bucket"])
        met = cells.inner_join(self._grid.snapshots, seen)
        inside = {days: None if days is None else met[cut_name(days)] < met["_bucket"] for days in windows}
        numbers = {
            self._part(cell, days): merged(met, each.merging, cell, inside[days])
            for (cell, days), each in {(each.cell, days): each for each in asked for days in each.windows}.items()
        }
        self._add(met.group_by(_key=key(met, self._grid.moments)).aggregate(**numbers))

    def _part(self, cell: str, days: int | None) -> str:
        """A new name of what is a part of a cell's number."""
        parts = self._parts[cell, days]
        parts.append(f"{cell}_{days}_{len(parts)}")
        return parts[-1]

    def _add(self, table: ir.Table) -> None:
        self.tables.append(("_key", self._engine.store(table)))


def _order(asked: Asked) -> ir.Value:
    """Of two rows the one with the larger number is later; only the latest value asks for it."""
    if not any(each.measure.name == "latest" for each in asked.features):
        return ibis.literal(0, "int64")
    order = ibis.window(group_by="account_id", order_by=["happened_at", "known_at", *asked.facts.order])
    return ibis.row_number().over(order)
