"""What a canonical table is: columns with types, keys, allowed values and ranges, and when a row happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import ibis.expr.types as ir

from abm_ml.catalogue import Catalogue
from abm_ml.errors import DefinitionError, SourceError, did_you_mean

ColumnType = Literal["text", "integer", "number", "boolean", "timestamp"]

# What a type is called in Ibis, and how an error calls a value of it.
IBIS_TYPES: Mapping[ColumnType, str] = {
    "text": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "boolean",
    "timestamp": "timestamp(6)",
}
IN_WORDS: Mapping[ColumnType, str] = {
    "text": "text",
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "timestamp": "a time in ISO form (2026-06-30 or 2026-06-30T12:00:00Z)",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a canonical table.

    `references` names the table whose key it holds. `known_from` names the column with the time at which its cells
    fill in: before that time they are null, whatever the row says today. `needs` names the column that is filled
    wherever this one is, and `not_before` the time of the same row that this one never precedes.
    """

    name: str
    type: ColumnType = "text"
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    references: str | None = None
    known_from: str | None = None
    needs: str | None = None
    not_before: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One canonical table.

    `key` names the columns that identify a row (empty: the whole row does). `happened_at` and `known_at` name the
    columns that say when a row happened and when it reached the system (None: a reference list without time).
    `custom` says whether columns of the user's own may be added.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    happened_at: str | None = None
    known_at: str | None = None
    required: bool = False
    custom: bool = False

    def __getitem__(self, name: str) -> Column:
        """The column of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise DefinitionError(f"Table {self.name} has no column '{name}'. {did_you_mean(name, self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in their canonical order."""
        return tuple(column.name for column in self.columns)

    def with_custom(self, extra: Mapping[str, ColumnType]) -> Table:
        """The same table with columns of the user's own at the end.

        Raises:
            SourceError: the table takes no custom columns.
        """
        if extra and not self.custom:
            raise SourceError(
                f"Table {self.name} takes no custom columns (found: {', '.join(sorted(extra))}). "
                "Custom columns belong to accounts, contacts, opportunities or contracts."
            )
        added = tuple(Column(name=name, type=kind) for name, kind in sorted(extra.items()))
        return dataclasses.replace(self, columns=self.columns + added)


TABLES: Catalogue[Table] = Catalogue("table")


class Tables(Mapping[str, ir.Table]):
    """A company's accepted tables by name; a table the company does not have is simply absent."""

    def __init__(self, tables: Mapping[str, ir.Table]) -> None:
        self._tables = dict(tables)

    def __getitem__(self, name: str) -> ir.Table:
        """The table of that name; raises SourceError where the company does not have it."""
        if name not in self._tables:
            known = TABLES[name]
            raise SourceError(f"This needs the table {known.name} ({known.row}), which the source does not have.")
        return self._tables[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def custom(self, name: str) -> tuple[str, ...]:
        """The custom columns of a table, in order; empty where the table is absent."""
        if name not in self._tables:
            return ()
        return tuple(column for column in self._tables[name].columns if column not in TABLES[name].names)
