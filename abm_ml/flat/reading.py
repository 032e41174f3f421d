"""Tables as they come: CSV or Parquet, every column a number, a flag, a date or text."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml.errors import SourceError
from abm_ml.sources.csv_text import stage_csv
from abm_ml.tables.check import LINE

# "007" and "1,234" are no numbers: a code stays one, and nobody knows which sign parts the thousands.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?")
# In a column of numbers these say that there is none; in a text "NA" may be Namibia, and "None" a value.
_NOTHING = frozenset({"na", "n/a", "nan", "null", "none", "-", "?"})
_INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls an index without a name
KINDS = (".csv", ".csv.gz", ".parquet")
_LINES_SHOWN = 3
_EXACT = 2.0**53  # beyond it a float is no certain whole number


def read_table(path: Path, *, text: Collection[str] = ()) -> pd.DataFrame:
    """The rows of a file, with the columns in `text` as they are written, and every other one by what it holds.

    Raises:
        SourceError: it cannot be read, is of another kind, names a column twice, or has lines that are no rows.
        IntegrityError: it is a damaged gzip file.
        StorageError: the file system refuses.
    """
    if not path.name.endswith(KINDS):
        raise SourceError(f"{path}: a table is a file in {', '.join(KINDS)}.")
    if not path.exists():
        raise SourceError(f"{path}: there is no such file.")
    frame = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    if frame.empty:
        raise SourceError(f"{path}: the table has no rows.")
    return typed(frame, text=text)


def typed(frame: pd.DataFrame, *, text: Collection[str] = ()) -> pd.DataFrame:
    """A frame whose text columns are numbers or dates where every cell is one; empty cells are missing.

    Dates are in UTC without zone, decimals are floats; cells of any other kind stay as they are.
    """
    named = frame.set_axis([str(name) for name in frame.columns], axis=1).reset_index(drop=True)
    twice = named.columns[named.columns.duplicated()]
    if len(twice):
        raise SourceError(f"The table has two columns '{twice[0]}'. Rename one.")
    return pd.DataFrame({name: _as_text(named[name]) if name in text else _typed(named[name]) for name in named})


def _read_csv(path: Path) -> pd.DataFrame:
    """All cells as text, every row as long as the header: a ready-made table is taken whole, or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / "rows.parquet"
        rejects = stage_csv(path, staged)
        if rejects:
            shown = ", ".join(f"line {each.line} {each.reason}" for each in rejects[:_LINES_SHOWN])
            more = ", ..." if len(rejects) > _LINES_SHOWN else ""
            lines = "1 line is no row" if len(rejects) == 1 else f"{len(rejects):,} lines are no rows"
            raise SourceError(f"{path}: {lines} ({shown}{more}). Mend or remove them.")
        rows: pd.DataFrame = pq.read_table(staged).drop_columns([LINE]).to_pandas()
        return rows


def _read_parquet(path: Path) -> pd.DataFrame:
    """All columns of the file; one that pandas kept as an index is a column like any other, if it has a name."""
    try:
        rows = pq.read_table(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SourceError(f"{path}: this file cannot be read as a table ({_first_line(error)}).") from error
    numbering = [name for name in rows.column_names if _INDEX.fullmatch(name)]
    frame: pd.DataFrame = rows.drop_columns(numbering).to_pandas(ignore_metadata=True)
    return frame


def _as_text(column: pd.Series[Any]) -> pd.Series[Any]:
    """The cells as text without space around; whole numbers are written as such, though a gap made them float."""
    known = column.dropna()
    if pd.api.types.is_float_dtype(column) and bool(((known % 1 == 0) & (known.abs() < _EXACT)).all()):
        column = column.astype("Int64")
    cells = column.astype("str").str.strip()
    return cells.where(column.notna() & (cells != ""), None)


def _typed(column: pd.Series[Any]) -> pd.Series[Any]:
    if not pd.api.types.is_string_dtype(column) and column.dtype != object:
        return column.dt.tz_convert(None) if isinstance(column.dtype, pd.DatetimeTZDtype) else column
    match pd.api.types.infer_dtype(column, skipna=True):
        case "string":
            return _of_text(column)
        case "decimal":  # as databases write money
            return pd.to_numeric(column).astype("float64")
        case "date":
            return pd.to_datetime(column)
        case "boolean":
            return column.astype("boolean")
    return column


def _of_text(column: pd.Series[Any]) -> pd.Series[Any]:
    cells = _as_text(column)
    values = cells.dropna().unique()
    told = [value for value in values if value.casefold() not in _NOTHING]
    if told and all(_NUMBER.fullmatch(value) for value in told):
        return cells.where(cells.isin(told), None).astype("float64")
    if len(values) and all(_DATE.fullmatch(value) for value in values):
        return _dates(cells)
    return cells


def _dates(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Dates in UTC without zone; text where one of them is none, as 2026-02-30."""
    moments = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
    return cells if (moments.isna() & cells.notna()).any() else moments.dt.tz_localize(None)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
