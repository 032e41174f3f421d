"""Readings: what each measure reads of a row, how rows become one cell, cells one number, and a number a value.

Numbers of rows travel together, as many side by side in 63 bits as fit, and what is seen of them in several windows
does, too: less to add up.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from abm_ml.features.base import Feature
from abm_ml.features.cells import Term, term
from abm_ml.tables.money import MONEY
from abm_ml.timeline import MICROS_PER_DAY, micros

_BITS = 63
Merging = Literal["sum", "max", "min", "latest"]


@dataclass(frozen=True)
class Reading:
    """A feature with the names of what it reads of a row: its condition, its value, and the cell that they go into.

    A number takes `bits` of its cell from `shift` on; it and its neighbours take `width`.
    """

    feature: Feature
    said: Term
    counts: str
    value: str
    cell: str
    bits: int = _BITS
    shift: int = 0
    width: int = _BITS

    @property
    def measure(self) -> str:
        """How rows become one number."""
        return self.feature.measure.name

    @property
    def windows(self) -> tuple[int | None, ...]:
        """Its windows in days; None is ever."""
        return self.feature.windows or (None,)

    @property
    def merging(self) -> Merging:
        """How cells become one."""
        match self.measure:
            case "count" | "distinct" | "total" | "decayed":
                return "sum"
            case "latest":
                return "latest"
            case "days_since_first":
                return "min"
        return "max"

    @property
    def seen(self) -> dict[str, tuple[int | None, ...]]:
        """The columns of what snapshots see of it, each with the windows whose numbers it holds side by side."""
        together = _BITS // self.width
        some = [self.windows[first : first + together] for first in range(0, len(self.windows), together)]
        return {f"{self.cell}_{windows[0]}": windows for windows in some}

    def told(self) -> dict[str, ir.Value]:
        """What is read of each row."""
        told: dict[str, ir.Value] = {self.counts: self.said.counts}
        if self.said.value is not None:
            told[self.value] = _brought(self.feature, self.said.value)
        return told

    def units(self, rows: ir.Table) -> ir.IntegerValue:
        """A row that counts as one, at the number's place."""
        return _unit(rows[self.counts], self.shift)

    def number(self, packed: ir.IntegerValue, window: int) -> ir.IntegerValue:
        """The number at its place, of the window of that place."""
        shift = self.shift + window * self.width
        return (packed >> shift if shift else packed) & (2**self.bits - 1)

    def of_rows(self, rows: ir.Table, last: dt.datetime) -> dict[str, ir.Value]:
        """The rows of a cell as one."""
        counts = rows[self.counts]
        brought = rows["_happened" if self.said.value is None else self.value]
        if self.measure == "latest":
            order = rows["_order"]
            return {self.cell: brought.argmax(order, where=counts), f"{self.cell}_order": order.max(where=counts)}
        if self.measure == "decayed":
            brought = brought * _weight(self.feature, rows["_happened"], last)
        return {self.cell: _together(brought, self.merging, counts)}

    def shown(self, found: ir.Value, window: int, as_of: ir.TimestampValue, last: dt.datetime) -> ir.Value:
        """What the feature table shows of a column of what is seen, of the window of that place."""
        match self.measure:
            case "count" | "distinct":
                return self.number(found, window).cast("int32")
            case "total":
                return found.cast("float64")
            case "decayed":
                return found / _weight(self.feature, micros(as_of), last)
            case "latest":
                return found
            case "days_until":
                return (found - micros(as_of)) / MICROS_PER_DAY
        return (micros(as_of) - found) / MICROS_PER_DAY


def readings(features: Sequence[Feature], known: ir.Table) -> tuple[Reading, ...]:
    """What the features read of rows as they are known; who asks for the same reads the same."""
    conditions: dict[ops.Node, str] = {}
    made = []
    for place, feature in enumerate(features):
        said = term(feature, known)
        counts = conditions.setdefault(said.counts.op(), f"_counts_{place}")
        made.append(Reading(feature, said, counts, f"_value_{place}", f"_cell_{place}"))
    return tuple(made)


def side_by_side(readings: Sequence[Reading], rows: int) -> tuple[Reading, ...]:
    """The readings with numbers side by side: of rows those that have the same windows; no account has more `rows`."""
    bits = max(rows.bit_length(), 1)
    packed = {each.cell: replace(each, bits=bits, width=bits) for each in readings if each.measure == "distinct"}
    counts = sorted((each for each in readings if each.measure == "count"), key=_windows)
    for _, alike in itertools.groupby(counts, _windows):
        while some := list(itertools.islice(alike, _BITS // bits)):
            pack, width = f"_pack{some[0].cell}", bits * len(some)
            packed |= {
                each.cell: replace(each, cell=pack, bits=bits, shift=place * bits, width=width)
                for place, each in enumerate(some)
            }
    return tuple(packed.get(each.cell, each) for each in readings)


def _windows(reading: Reading) -> tuple[int, ...]:
    return reading.feature.windows


def merged(cells: ir.Table, reading: Reading, where: ir.BooleanValue | None) -> ir.Value:
    """Several cells of a reading as one: those of which a condition holds."""
    column = cells[reading.cell]
    if reading.merging == "latest":
        return column.argmax(cells[f"{reading.cell}_order"], where=where)
    return _together(column, reading.merging, where)


def units(reading: Reading, inside: Sequence[ir.BooleanValue]) -> ir.IntegerValue:
    """What a number is multiplied with to stand at the place of each window that it is inside."""
    return functools.reduce(operator.add, [_unit(each, place * reading.width) for place, each in enumerate(inside)])


def _unit(condition: ir.BooleanValue, shift: int) -> ir.IntegerValue:
    return condition.ifelse(ibis.literal(2**shift, "int64"), ibis.literal(0, "int64"))


def summed(column: ir.NumericValue) -> ir.NumericValue:
    """A sum in the type of what is added up: engines add up in wider ones, which are slow."""
    return ops.Cast(column.sum(), column.type()).to_expr()  # Ibis leaves out a cast to the type that it expects


def _together(column: ir.Value, merging: Merging, where: ir.BooleanValue | None) -> ir.Value:
    # Not with FILTER, for which DuckDB copies the rows once per aggregate.
    if where is not None:
        column = where.ifelse(column, ibis.literal(0, column.type()) if merging == "sum" else None)
    match merging:
        case "sum":
            return summed(column)
        case "max":
            return column.max()
    return column.min()


def _brought(feature: Feature, value: ir.Value) -> ir.Value:
    """The value that a row brings, in the type in which it is summed up or shown."""
    match feature.measure.name:
        case "count" | "distinct":
            return value
        case "total":
            return value.cast("int64" if value.type().is_integer() and value.type().nbytes < 8 else MONEY)
        case "latest" if feature.kind == "category":
            return value.cast("string")
        case "latest" | "decayed":
            return value.cast("float64")
    return micros(value)


def _weight(feature: Feature, of: ir.IntegerValue, to: dt.datetime) -> ir.FloatingValue:
    """What the passing of time from `of` to `to` leaves of one."""
    last = (to - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
    return ibis.literal(2.0) ** ((of - last) / ibis.literal(MICROS_PER_DAY * float(feature.half_life or 1)))
