"""The check of a table: which rows keep its rules, and for every other row the first rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from abm_ml.tables.base import IN_WORDS, TABLES, Column, Table
from abm_ml.tables.cells import cell, stated

# What the check adds to a row: the number of its file, its line there, and the number of the rule it breaks, if any.
FILE, LINE, BROKEN = "_file", "_line", "_broken"
RESERVED = (FILE, LINE, BROKEN, "file_row_number")

_EARLIEST, _LATEST = "1900-01-01", "2200-01-01"
_LARGEST = 1e15

_Condition = Callable[[ir.Table], ir.BooleanValue]


@dataclass(frozen=True)
class Rule:
    """What every row of a table keeps: the column it speaks of, and what is said of a row that breaks it."""

    column: str
    reason: str


@dataclass(frozen=True)
class Finding:
    """One rule that some rows of a table break: how many, and where the first one stands."""

    table: str
    column: str
    reason: str
    rows: int
    file: str
    line: int

    def __str__(self) -> str:
        column = f", column '{self.column}'" if self.column else ""
        others = f" ({self.rows:,} rows in all)" if self.rows > 1 else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}{others}"


def rules(table: Table) -> tuple[Rule, ...]:
    """All rules of a table in the order in which they are tried; the last one is that a key stands in one row only."""
    key = Rule(table.key[0] if table.key else "", "stands in several rows that differ; neither can be trusted")
    return (*[rule for rule, _ in _checks(table)], key)


def checked(raw: Sequence[ir.Table], table: Table, owners: Mapping[str, ir.Table]) -> ir.Table:
    """Every row with its canonical types, and in `_broken` the number (in `rules`) of the first rule it breaks.

    Each part of `raw` has the columns `_file` and `_line` beside those of the source. A canonical column that it lacks
    is null in every row; an empty `known_at` takes the time the row happened. `owners` are the accepted rows of the
    tables that this one may point to. The last rule is not tried: doubled keys need the whole table.
    """
    parts = [_typed(part, table) for part in raw]
    rows = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    for column in table.columns:
        if column.references is not None and column.references in owners:
            keys = owners[column.references].select(**{_owner(column): TABLES[column.references].key[0]})
            rows = rows.left_join(keys, rows[column.name] == keys[_owner(column)])
    broken = [(condition(rows), ibis.literal(number, "int16")) for number, (_, condition) in enumerate(_checks(table))]
    return rows.select(FILE, LINE, *table.names, **{BROKEN: ibis.cases(*broken)})


def _typed(raw: ir.Table, table: Table) -> ir.Table:
    values = {column.name: cell(raw, column) for column in table.columns}
    marks = {column.name: stated(raw, column) for column in table.columns}
    if table.known_at == "known_at":
        happened = values[str(table.happened_at)]
        values["known_at"] = marks["known_at"].ifelse(values["known_at"], ibis.coalesce(values["known_at"], happened))
    return raw.select(FILE, LINE, **values, **{_stated(name): mark for name, mark in marks.items()})


def _stated(column: str) -> str:
    return f"_stated_{column}"


def _owner(column: Column) -> str:
    return f"_owner_{column.name}"


def _checks(table: Table) -> Iterator[tuple[Rule, _Condition]]:
    """The rules on single rows, each with the condition under which a row breaks it."""
    for column in table.columns:
        for reason, condition in _column_checks(column):
            yield Rule(column.name, reason), condition
    happened = table.happened_at
    if table.known_at == "known_at" and happened is not None:
        yield Rule("known_at", f"is before {happened}"), lambda rows: rows["known_at"] < rows[happened]
    for column in table.columns:
        for reason, condition in _row_checks(column):
            yield Rule(column.name, reason), condition
    for column in table.columns:
        if column.references:
            yield Rule(column.name, f"names none of the accepted {column.references}"), _is_orphan(column)


def _column_checks(column: Column) -> Iterator[tuple[str, _Condition]]:
    name = column.name
    yield f"is not {IN_WORDS[column.type]}", lambda rows: _is_lost(rows, name) | _is_endless(rows[name])
    if column.required:
        yield "is empty, and every row needs it", lambda rows: rows[name].isnull()
    if column.allowed:
        yield f"is none of {', '.join(column.allowed)}", lambda rows: rows[name].notin(column.allowed)
    if column.type == "timestamp":
        yield f"lies before {_EARLIEST}", lambda rows: rows[name] < ibis.timestamp(_EARLIEST)
        yield f"does not lie before {_LATEST}", lambda rows: rows[name] >= ibis.timestamp(_LATEST)
    if column.minimum is not None:
        yield f"is less than {column.minimum:g}", lambda rows: rows[name] < column.minimum
    if column.maximum is not None:
        yield f"is more than {column.maximum:g}", lambda rows: rows[name] > column.maximum


def _row_checks(column: Column) -> Iterator[tuple[str, _Condition]]:
    """What a cell keeps beside another one of its row."""
    name, needs, start = column.name, column.needs, column.not_before
    if needs is not None:
        yield f"needs {needs}", lambda rows: rows[name].notnull() & rows[needs].isnull()
    if start is not None:
        yield f"is before {start}", lambda rows: rows[name] < rows[start]


def _is_lost(rows: ir.Table, name: str) -> ir.BooleanValue:
    return rows[_stated(name)].fill_null(False) & rows[name].isnull()


def _is_endless(value: ir.Value) -> ir.BooleanValue:
    """Whether a number is none to count with: not a number, endless, or so large that sums lose their cents."""
    if not value.type().is_floating():
        return ibis.literal(False)
    return (value.isnan() | (value.abs() > _LARGEST)).fill_null(False)


def _is_orphan(column: Column) -> _Condition:
    def condition(rows: ir.Table) -> ir.BooleanValue:
        if _owner(column) not in rows.columns:
            return ibis.literal(False)
        return rows[_owner(column)].isnull() & rows[column.name].notnull()

    return condition
