"""What is asked of one kind of rows: an expression for the engine, and numbers for the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from abm_ml.features import ledger
from abm_ml.features.base import Feature
from abm_ml.features.cells import Asked, Term, known_rows, term
from abm_ml.features.ledger import BITS, DAY, Clock, Integers, Plan, Rows

_MEASURES = {
    "count": ledger.COUNT, "total": ledger.TOTAL, "decayed": ledger.DECAYED, "distinct": ledger.DISTINCT,
    "days_since": ledger.LAST, "days_since_first": ledger.FIRST, "days_until": ledger.UNTIL, "latest": ledger.LATEST,
}  # fmt: skip
_BRINGS = {
    "total": "number", "decayed": "number", "distinct": "thing", "days_since": "time", "days_since_first": "time",
    "days_until": "time", "latest": "latest",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the feature table, as the ledger knows it: places of what it reads of a row (-1: nothing)."""

    name: str
    condition: int
    measure: int
    brings: int
    window: int
    half_life: int

    @property
    def counts(self) -> bool:
        """Whether it is a number of rows or of things."""
        return self.measure in {ledger.COUNT, ledger.DISTINCT}

    @property
    def may_miss(self) -> bool:
        """Whether an account without such rows has no value."""
        return not self.counts and self.measure not in {ledger.TOTAL, ledger.DECAYED}

    @property
    def latest(self) -> str | None:
        """Where the values stand of which it shows the latest."""
        return f"latest_{self.brings}" if self.measure == ledger.LATEST else None


class _Numbered(dict[object, int]):
    """Things by the order in which they were first asked for."""

    def of(self, thing: object) -> int:
        return self.setdefault(thing, len(self))


class Program:
    """The features of one kind of rows: `rows` is what the engine is asked for, `columns` what the ledger makes of it.

    Conditions and values that several features share are computed and fetched once.
    """

    def __init__(self, asked: Asked, moments: Sequence[dt.datetime]) -> None:
        known = known_rows(asked, moments)
        self.columns: list[Column] = []
        self._conditions, self._windows, self._half_lives = _Numbered(), _Numbered(), _Numbered()
        self._values = {kind: _Numbered() for kind in ("number", "thing", "time", "latest")}
        for feature in asked.features:
            self._take(feature, term(feature, known))
        self.names = [column.name for column in self.columns]
        self.columns.sort(key=lambda column: column.condition)
        self.rows = self._told(asked, known)
        self.clock = _clock(moments, windows=list(self._windows), half_lives=list(self._half_lives))

    def brought(self, table: pa.Table) -> Rows:
        """The rows that the engine gave, as the ledger reads them."""
        words = [name for name in table.column_names if name.startswith("word_")]
        return Rows(
            begin=ledger.places(self.clock, _micros(table["known_after"], ledger.NEVER), 0),
            end=self._ends(table["known_until"]),
            happened=_micros(table["happened_at"], ledger.NEVER),
            words=_filled(np.empty((len(words), len(table)), np.int64), [table[name].to_numpy() for name in words]),
            numbers=_filled(self._room("number", table, np.float64), map(_numbers, self._brought("number", table))),
            things=_filled(self._room("thing", table, np.int32), map(_codes, self._brought("thing", table))),
            times=_filled(self._room("time", table, np.int64), map(_times, self._brought("time", table))),
        )

    def plan(self, rows: Rows) -> tuple[Plan, int]:
        """What is asked of these rows, and how many places `reach` needs for the things of all columns."""
        things = rows.things.max(axis=1, initial=-1) + 1
        counts = np.array([column.counts for column in self.columns], bool)
        sizes = [int(things[column.brings]) if column.measure == ledger.DISTINCT else 0 for column in self.columns]
        return Plan(
            place=np.where(counts, np.cumsum(counts), np.cumsum(~counts)) - 1,
            condition=_integers([column.condition for column in self.columns]),
            measure=_integers([column.measure for column in self.columns]),
            brings=_integers([column.brings for column in self.columns]),
            window=_integers([column.window for column in self.columns]),
            half_life=_integers([column.half_life for column in self.columns]),
            things=np.cumsum([0, *sizes], dtype=np.int64)[:-1],
        ), sum(sizes)

    def _take(self, feature: Feature, read: Term) -> None:
        measure, kind = _MEASURES[feature.measure.name], _BRINGS.get(feature.measure.name, "")
        brings = -1 if read.value is None else self._values[kind].of(_typed(read.value, feature, kind).op())
        condition = self._conditions.of(read.counts.op())
        self.columns += [
            Column(
                name=name,
                condition=condition,
                measure=measure,
                brings=brings,
                window=self._windows.of(-1 if days is None else days),
                half_life=self._half_lives.of(feature.half_life) if feature.half_life else 0,
            )
            for name, days in feature.columns
        ]

    def _told(self, asked: Asked, known: ir.Table) -> ir.Table:
        conditions = [condition.to_expr() for condition in self._conditions]  # type: ignore[attr-defined]  # Ibis operations
        words = {
            f"word_{start // BITS}": _word(conditions[start : start + BITS])
            for start in range(0, len(conditions), BITS)
        }
        values = {
            f"{kind}_{place}": value.to_expr()  # type: ignore[attr-defined]  # Ibis operations
            for kind, some in self._values.items()
            for value, place in some.items()
        }
        if self._values["latest"]:  # of two rows the later one counts: their order says which that is
            known = known.order_by(["happened_at", "known_at", *asked.facts.order])
        return known.select("account_id", "known_after", "known_until", "happened_at", **words, **values)

    def _ends(self, until: pa.ChunkedArray) -> ledger.Places:
        """Where versions end; most kinds of rows have none that do."""
        if until.null_count == len(until):
            return np.full(len(until), len(self.clock.snapshots), np.int32)
        return ledger.places(self.clock, _micros(until, ledger.ALWAYS), 0)

    def _room(self, kind: str, table: pa.Table, number: type[Any]) -> NDArray[Any]:
        return np.empty((len(self._values[kind]), len(table)), number)

    def _brought(self, kind: str, table: pa.Table) -> list[pa.ChunkedArray]:
        return [table[f"{kind}_{place}"] for place in self._values[kind].values()]


def _clock(moments: Sequence[dt.datetime], *, windows: Sequence[object], half_lives: Sequence[object]) -> Clock:
    instants = np.array(moments, "datetime64[us]").astype(np.int64)
    days = np.arange(instants[0] // DAY, instants[-1] // DAY + 1)
    lives = np.array(half_lives, np.float64)
    gaps = np.append(np.diff(instants), 0) / DAY
    return Clock(
        snapshots=instants,
        before_day=np.searchsorted(instants, days * DAY).astype(np.int32),
        first_day=int(days[0]),
        windows=np.array(windows, np.int64),
        half_lives=lives,
        fading=2.0 ** (-gaps[None, :] / lives[:, None]),
    )


def _word(conditions: Sequence[ir.BooleanValue]) -> ir.IntegerValue:
    """The conditions of a row as bits of one number; those that compare one value with texts are one look at it."""
    compared: dict[object, list[tuple[object, ir.IntegerValue]]] = {}
    bits = []
    for place, condition in enumerate(conditions):
        bit, said = ibis.literal(1 << place, "int64"), condition.op()
        if isinstance(said, ops.Equals) and isinstance(said.right, ops.Literal):
            compared.setdefault(said.left, []).append((said.right.value, bit))
        else:
            bits.append(condition.ifelse(bit, _NO_BIT))
    bits += [value.to_expr().cases(*some, else_=_NO_BIT) for value, some in compared.items()]  # type: ignore[attr-defined]  # Ibis operations
    while len(bits) > 1:  # added up pairwise: a long chain would be deep
        bits = [reduce(_plus, bits[start : start + 2]) for start in range(0, len(bits), 2)]
    return bits[0]


_NO_BIT = ibis.literal(0, "int64")


def _plus(one: ir.IntegerValue, other: ir.IntegerValue) -> ir.IntegerValue:
    return one + other


def _typed(value: ir.Value, feature: Feature, kind: str) -> ir.Value:
    if kind == "number" or (kind == "latest" and feature.kind == "number"):
        return value.cast("float64")
    return value.cast("string") if kind == "latest" else value


def _micros(column: pa.ChunkedArray, missing: int) -> Integers:
    times: Integers = column.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(int(missing)).to_numpy()
    return times


def _times(column: pa.ChunkedArray) -> Integers:
    return _micros(column, ledger.NEVER)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = column.to_numpy()
    return numbers


def _codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    codes: NDArray[np.int32] = (
        pc.dictionary_encode(column).combine_chunks().indices.fill_null(0).to_numpy(zero_copy_only=False)
        if len(column)
        else np.empty(0, np.int32)
    )
    return codes


def _filled(room: NDArray[Any], columns: Iterable[NDArray[Any]]) -> NDArray[Any]:
    for place, column in enumerate(columns):
        room[place] = column
    return room


def _integers(values: Sequence[int]) -> Integers:
    return np.array(values, np.int64)
