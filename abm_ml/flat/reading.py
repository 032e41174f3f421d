"""Tables as they come: CSV or Parquet, every column a number, a flag, a date or text."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml.errors import SourceError

# "007" and "1,234" are no numbers: a code stays one, and nobody knows which sign parts the thousands.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?")
# In a column of numbers these say that there is none; in a text "NA" may be Namibia, and "None" a value.
_NOTHING = frozenset({"na", "n/a", "nan", "null", "none", "-", "?"})
KINDS = (".csv", ".csv.gz", ".parquet")


def read_table(path: Path, *, text: Collection[str] = ()) -> pd.DataFrame:
    """The rows of a file, with the columns in `text` as they are written, and every other one by what it holds.

    Raises:
        SourceError: it cannot be read, is of another kind, or names a column twice.
    """
    if not path.name.endswith(KINDS):
        raise SourceError(f"{path}: a table is a file in {', '.join(KINDS)}.")
    try:
        frame = pq.read_table(path).to_pandas() if path.suffix == ".parquet" else _read_csv(path)
    except FileNotFoundError as error:
        raise SourceError(f"{path}: there is no such file.") from error
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:  # pandas' own errors are ValueErrors
        raise SourceError(f"{path}: this file cannot be read as a table ({_first_line(error)}).") from error
    if frame.empty:
        raise SourceError(f"{path}: the table has no rows.")
    return typed(frame, text=text)


def typed(frame: pd.DataFrame, *, text: Collection[str] = ()) -> pd.DataFrame:
    """A frame whose text columns are numbers or dates where every cell is one; empty cells are missing."""
    named = frame.set_axis([str(name) for name in frame.columns], axis=1).reset_index(drop=True)
    twice = named.columns[named.columns.duplicated()]
    if len(twice):
        raise SourceError(f"The table has two columns '{twice[0]}'. Rename one.")
    return pd.DataFrame({name: _as_text(named[name]) if name in text else _typed(named[name]) for name in named})


def _read_csv(path: Path) -> pd.DataFrame:
    """All cells as text; pandas would rename a second column of the same name in silence, so it gets no names."""
    rows = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    names = [name.strip() for name in rows.iloc[0]]
    return rows.iloc[1:].set_axis(names, axis=1)


def _as_text(column: pd.Series[Any]) -> pd.Series[Any]:
    """The cells as text without space around; whole numbers are written as such, though a gap made them float."""
    if pd.api.types.is_float_dtype(column) and bool((column.dropna() % 1 == 0).all()):
        column = column.astype("Int64")
    cells = column.astype("str").str.strip()
    return cells.where(column.notna() & (cells != ""), None)


def _typed(column: pd.Series[Any]) -> pd.Series[Any]:
    if not pd.api.types.is_string_dtype(column) and column.dtype != object:
        return column
    if pd.api.types.infer_dtype(column, skipna=True) != "string":
        return column
    cells = _as_text(column)
    values = cells.dropna().unique()
    told = [value for value in values if value.casefold() not in _NOTHING]
    if told and all(_NUMBER.fullmatch(value) for value in told):
        return pd.to_numeric(cells.where(cells.isin(told), None)).astype("float64")
    if len(values) and all(_DATE.fullmatch(value) for value in values):
        return _dates(cells)
    return cells


def _dates(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Dates in UTC without zone; text where one of them is none, as 2026-02-30."""
    moments = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
    return cells if (moments.isna() & cells.notna()).any() else moments.dt.tz_localize(None)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
