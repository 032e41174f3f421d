"""Rows as records: a row's columns have the names of a record's fields and become values of their types."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


@cache
def _readers(kind: type[Any]) -> Mapping[str, Callable[[Any], Any] | None]:
    """The fields of a record, and how a column becomes one where SQLite has no such type."""
    hints = get_type_hints(kind)
    return {field.name: _CONVERTERS.get(_plain(hints[field.name])) for field in dataclasses.fields(kind)}


def _plain(hint: Any) -> Any:
    """A type without its `| None` and its contents."""
    if get_origin(hint) is types.UnionType:
        hint = next(part for part in get_args(hint) if part is not type(None))
    return get_origin(hint) or hint


_CONVERTERS: Mapping[Any, Callable[[Any], Any]] = {
    bool: bool,
    dt.datetime: dt.datetime.fromisoformat,
    dt.date: lambda text: dt.datetime.fromisoformat(text).date(),
    tuple: lambda text: tuple(json.loads(text)),
    Mapping: json.loads,
}


def record(kind: type[T], row: sqlite3.Row, **further: Any) -> T:
    """A row as a record; columns that it has no field for stay behind, `further` are the fields that are no columns."""
    values = dict(further)
    readers: Mapping[str, Callable[[Any], Any] | None] = _readers(kind)  # type: ignore[arg-type]  # every type is hashable
    for name, convert in readers.items():
        if name not in further:
            value = row[name]
            values[name] = value if convert is None or value is None else convert(value)
    return kind(**values)
