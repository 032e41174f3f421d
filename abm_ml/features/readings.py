"""Readings: what each measure reads of a row, how rows become one cell, cells one number, and a number a value.

Numbers of rows and of things travel together, as many side by side in 63 bits as fit: less to add up and to join.
"""

from __future__ import annotations

import datetime as dt
import functools
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
    """A feature with the names of what it reads of a row: its condition, its value, and the cell that they go into."""

    feature: Feature
    said: Term
    counts: str
    value: str
    cell: str
    bits: int = _BITS
    shift: int = 0

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
    def booked(self) -> bool:
        """Whether a window's number follows from those of all time: by subtraction, or because the last one is it.

        Doubles would lose their low digits, and the last row need not bring the last of other times.
        """
        return self.measure in ("count", "distinct", "total") or (self.measure == "days_since" and not self._brings)

    @property
    def _brings(self) -> bool:
        return self.said.value is not None

    def told(self) -> dict[str, ir.Value]:
        """What is read of each row."""
        told: dict[str, ir.Value] = {self.counts: self.said.counts.fill_null(False)}
        if self.said.value is not None:
            told[self.value] = _brought(self.feature, self.said.value)
        return told

    def units(self, number: ir.IntegerValue) -> ir.IntegerValue:
        """A number at its place among others."""
        return ops.Cast(number, "int64").to_expr() * 2**self.shift

    def number(self, packed: ir.IntegerValue) -> ir.FloatingValue:
        """The number at its place."""
        return ((packed >> self.shift) & (2**self.bits - 1)).cast("float64")

    def together(self, parts: Sequence[ir.Value]) -> ir.Value:
        """The parts of a number as one; a sum of nothing is 0."""
        if self.merging == "sum":
            return functools.reduce(operator.add, [part.fill_null(0) for part in parts])
        return ibis.greatest(*parts) if len(parts) > 1 else parts[0]

    def of_rows(self, rows: ir.Table, last: dt.datetime) -> dict[str, ir.Value]:
        """The rows of a cell as one."""
        counts = rows[self.counts]
        time = rows[self.value if self._brings else "_happened"]
        match self.measure:
            case "count":
                return {self.cell: self.units(rows.count(where=counts))}
            case "total":
                return {self.cell: ops.Cast(time.sum(where=counts), MONEY).to_expr()}
            case "decayed":
                return {self.cell: (time * _weight(self.feature, rows["_happened"], last)).sum(where=counts)}
            case "latest":
                order = rows["_order"]
                return {self.cell: time.argmax(order, where=counts), f"{self.cell}_order": order.max(where=counts)}
            case "days_since_first":
                return {self.cell: time.min(where=counts)}
        return {self.cell: time.max(where=counts)}

    def shown(self, found: ir.Value, as_of: ir.TimestampValue, days: int | None, last: dt.datetime) -> ir.Value:
        """What the feature table shows of the merged cells of a window."""
        match self.measure:
            case "count" | "distinct":
                return self.number(found)
            case "total":
                return found.cast("float64")
            case "decayed":
                return found / _weight(self.feature, micros(as_of), last)
            case "latest":
                return found
            case "days_until":
                return (found - micros(as_of)) / MICROS_PER_DAY
        ago = micros(as_of) - found
        if self.booked and days is not None:
            ago = (ago <= days * MICROS_PER_DAY).ifelse(ago, None)
        return ago / MICROS_PER_DAY


def readings(features: Sequence[Feature], known: ir.Table) -> tuple[Reading, ...]:
    """What the features read of rows as they are known; who asks for the same reads the same."""
    conditions: dict[ops.Node, str] = {}
    made = []
    for place, feature in enumerate(features):
        said = term(feature, known)
        counts = conditions.setdefault(said.counts.op(), f"_counts_{place}")
        made.append(Reading(feature, said, counts, f"_value_{place}", f"_cell_{place}"))
    return tuple(made)


def packed(readings: Sequence[Reading], rows: int) -> tuple[Reading, ...]:
    """The readings with numbers side by side, those of the same windows first; no account has more than `rows` rows."""
    bits = max(rows.bit_length(), 1)
    numbers = sorted(
        (each for each in readings if each.measure in ("count", "distinct")), key=lambda each: each.feature.windows
    )
    places = {each.cell: divmod(order, _BITS // bits) for order, each in enumerate(numbers)}
    return tuple(
        replace(each, cell=f"_pack_{places[each.cell][0]}", bits=bits, shift=places[each.cell][1] * bits)
        if each.cell in places
        else each
        for each in readings
    )


def merged(cells: ir.Table, merging: Merging, cell: str, where: ir.BooleanValue | None = None) -> ir.Value:
    """Several cells as one: those of which a condition holds."""
    column = cells[cell]
    match merging:
        case "sum":
            total = column.sum(where=where)
            # Ibis leaves out a cast to the type that it expects; engines add up in wider ones, which are slow.
            return ops.Cast(total, column.type()).to_expr()
        case "max":
            return column.max(where=where)
        case "min":
            return column.min(where=where)
    return column.argmax(cells[f"{cell}_order"], where=where)


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
