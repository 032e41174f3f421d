"""The local plan: rows from the engine, booked many accounts at a time, written to Parquet part by part."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from abm_ml.compiled import compiled
from abm_ml.engines import Engine
from abm_ml.features import ledger
from abm_ml.features.cells import Asked, in_doubles, snapshots
from abm_ml.features.ledger import Floats, Integers, Places, Plan, Rows, Values
from abm_ml.features.program import Column, Program
from abm_ml.timeline import SPINE

ROWS_AT_ONCE = 4_000_000  # rows of all kinds that are in memory together
PART_BYTES = 96_000_000  # what one part of the table takes in memory
_BATCH_ROWS = 65_536  # of a column, that are encoded together

_Share: TypeAlias = tuple[str, str]


def measured(
    asked: Sequence[Asked], dates: ir.Table, engine: Engine, *, progress: Callable[[str], None] = lambda _rows: None
) -> tuple[ir.Table, ...]:
    """The spine `dates` (account_id, as_of) with every column of the features, in parts of neighbouring accounts.

    Each part is a Parquet file in the engine's scratch folder, so that memory does not grow with the output.
    `progress` is called with the name of each kind of rows.
    """
    moments = snapshots(dates, engine)
    instants = np.array(moments, "datetime64[us]").astype(np.int64)
    shares = _shares(asked, dates, engine)
    steps = _spread([each.facts.name for each in asked], len(shares), progress)
    files: list[Path] = []
    with ThreadPoolExecutor(engine.threads) as workers:
        for share in shares:
            spine = engine.compute(_of_share(dates, share).order_by(list(SPINE))).combine_chunks()
            programs = (Program(_about(each, share), moments) for each, _ in zip(asked, steps, strict=False))
            chunk = _Chunk.of(spine, instants, programs, engine)
            files += workers.map(partial(_written, chunk, engine.scratch), chunk.parts)
            del chunk  # the next one takes its place in memory
    return tuple(in_doubles(engine.read_parquet([file]).drop("file_row_number")) for file in files)


def _spread(names: Sequence[str], times: int, progress: Callable[[str], None]) -> Iterator[None]:
    """Tells each name once, evenly over several passes through all of them; one step per name and pass."""
    for step in range(len(names) * times):
        if step % times == 0:
            progress(names[step // times])
        yield


@dataclass(frozen=True, slots=True)
class _Booking:
    """The rows of one kind of some accounts, in the order in which the ledger takes them.

    `table` has what columns show the latest of.
    """

    program: Program
    table: pa.Table
    rows: Rows
    plan: Plan
    things: int
    order: Integers
    starts: Integers

    @classmethod
    def of(cls, program: Program, table: pa.Table, accounts: pa.Array) -> _Booking:
        rows = program.brought(table)
        owner = pc.index_in(table["account_id"], accounts).fill_null(-1).to_numpy()
        order, starts = _in_order(owner, rows.begin, rows.end, len(accounts), len(program.clock.snapshots))
        shown = sorted({column.latest for column in program.columns if column.latest is not None})
        return cls(
            program, table.select(shown).combine_chunks(), _taken(rows, order), *program.plan(rows), order, starts
        )

    def columns(self, first: int, last: int, dates: Integers) -> dict[str, pa.Array]:
        """The columns of the accounts `[first, last)`, at the places `dates` of the ledger's output."""
        reach = np.zeros(self.things, np.int32)
        starts = self.starts[first : last + 1]
        size = last - first, len(self.program.clock.snapshots)
        counted = sum(column.counts for column in self.program.columns)
        others = len(self.program.columns) - counted
        values = Values(np.empty((counted, *size), np.int32), np.empty((others, *size)))
        ledger.book(values, self.program.clock, self.plan, self.rows, self.order, starts, reach)
        made = {}
        for column, place in zip(self.program.columns, self.plan.place, strict=True):
            of_all = (values.counts if column.counts else values.others)[place].reshape(-1)
            made[column.name] = self._column(column, of_all if len(dates) == of_all.size else of_all[dates])
        return {name: made[name] for name in self.program.names}

    def _column(self, column: Column, values: Places | Floats) -> pa.Array:
        if column.latest is None:
            return pa.array(values, from_pandas=column.may_miss)  # NaN is a missing value
        rows = pa.array(values.astype(np.int64), mask=values < 0)
        return self.table[column.latest].take(rows)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Neighbouring accounts whose rows are in memory, and their part of the spine, by account and date."""

    spine: pa.Table
    accounts: pa.Array
    bookings: tuple[_Booking, ...]
    instants: Integers

    @classmethod
    def of(cls, spine: pa.Table, instants: Integers, programs: Iterable[Program], engine: Engine) -> _Chunk:
        """The accounts of a part of the spine, with the rows that the engine has of each kind."""
        accounts = pc.unique(spine["account_id"])
        bookings = [_Booking.of(program, engine.compute(program.rows), accounts) for program in programs]
        return cls(spine, accounts, tuple(bookings), instants)

    @property
    def parts(self) -> list[tuple[int, int]]:
        """The accounts `[first, last)` of each part."""
        width = sum(len(booking.program.columns) for booking in self.bookings)
        step = max(1, PART_BYTES // (8 * len(self.instants) * max(width, 1)))
        return [(first, min(first + step, len(self.accounts))) for first in range(0, max(len(self.accounts), 1), step)]

    def part(self, first: int, last: int) -> pa.Table:
        """The columns of the accounts `[first, last)`."""
        owner = pc.index_in(self.spine["account_id"], self.accounts).to_numpy()
        mine = slice(*np.searchsorted(owner, (first, last)).tolist())
        rows = self.spine[mine]
        snapshot = np.searchsorted(self.instants, rows["as_of"].cast(pa.int64()).to_numpy())
        places = (owner[mine].astype(np.int64) - first) * len(self.instants) + snapshot
        columns = {name: rows[name] for name in SPINE}
        for booking in self.bookings:
            columns |= booking.columns(first, last, places)
        return pa.table(columns)


@compiled
def _in_order(account: Places, begin: Places, end: Places, accounts: int, snapshots: int) -> tuple[Integers, Integers]:
    """The rows by account and `begin`, and where each account's rows start; rows that nobody sees are left out."""
    width = snapshots + 1
    counts = np.zeros(accounts * width + 1, np.int64)
    for row in range(len(account)):
        if account[row] >= 0 and begin[row] < end[row]:
            counts[account[row] * width + begin[row] + 1] += 1
    counts = np.cumsum(counts)
    starts = counts[::width].copy()
    order = np.empty(counts[-1], np.int64)
    for row in range(len(account)):
        if account[row] >= 0 and begin[row] < end[row]:
            box = account[row] * width + begin[row]
            order[counts[box]] = row
            counts[box] += 1
    return order, starts


def _taken(rows: Rows, order: Integers) -> Rows:
    """The rows in another order."""
    return Rows(
        begin=rows.begin.take(order),
        end=rows.end.take(order),
        happened=rows.happened.take(order),
        words=rows.words.take(order, axis=1),
        numbers=rows.numbers.take(order, axis=1),
        things=rows.things.take(order, axis=1),
        times=rows.times.take(order, axis=1),
    )


def _shares(asked: Sequence[Asked], dates: ir.Table, engine: Engine) -> list[_Share]:
    """The first and last account of each chunk: as many accounts as rows fit in memory."""
    accounts = engine.compute(dates.select("account_id").distinct().order_by("account_id"))["account_id"]
    rows = sum(engine.compute(each.facts.rows.aggregate(rows=lambda t: t.count()))["rows"][0].as_py() for each in asked)
    if not len(accounts):
        return [("", "")]
    step = max(1, len(accounts) * ROWS_AT_ONCE // max(rows, ROWS_AT_ONCE))
    return [
        (accounts[first].as_py(), accounts[min(first + step, len(accounts)) - 1].as_py())
        for first in range(0, len(accounts), step)
    ]


def _about(asked: Asked, share: _Share) -> Asked:
    """What is asked of the rows of some accounts; others are left out before anything is made of them."""
    return replace(asked, facts=replace(asked.facts, rows=_of_share(asked.facts.rows, share)))


def _of_share(rows: ir.Table, share: _Share) -> ir.Table:
    return rows.filter(rows.account_id.between(*share))


def _written(chunk: _Chunk, folder: Path, accounts: tuple[int, int]) -> Path:
    """A part of the table as a file."""
    table = chunk.part(*accounts)
    numbers = pa.types.is_floating, pa.types.is_integer
    texts = [field.name for field in table.schema if not any(is_one(field.type) for is_one in numbers)]
    file = folder / f"part-{uuid.uuid4().hex}.parquet"
    pq.write_table(
        table, file, compression="lz4", use_dictionary=texts, write_statistics=list(SPINE), write_batch_size=_BATCH_ROWS
    )
    return file
