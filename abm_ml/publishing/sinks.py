"""Sinks: tables as files that people open; nothing in a cell is ever run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml.errors import ConfigError, NotReady
from abm_ml.publishing.cells import harmless, sheet_cell
from abm_ml.publishing.storage import replace_bytes, storing

_MOST_ROWS = 1_048_576  # of a sheet


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """A table as csv, parquet or xlsx, by the file's name; numbers stay numbers, text that looks like a formula text.

    Raises:
        ConfigError: the file's name ends otherwise.
        NotReady: the package that writes it is not installed.
        StorageError: the file cannot be written.
    """
    refuse_ending(path)
    replace_file(path, SINKS[path.suffix](frame))


def refuse_ending(path: Path) -> None:
    """Raises ConfigError for a file whose name ends in no kind that can be written: to say so before the work."""
    if path.suffix not in SINKS:
        raise ConfigError(f"{path}: files end in {', '.join(SINKS)}.")


def replace_file(path: Path, content: bytes) -> None:
    """A file replaced in one step; raises StorageError where it cannot be written."""
    with storing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(path, content)


def _csv(frame: pd.DataFrame) -> bytes:
    # The mark at the beginning tells Excel that names in any script are UTF-8.
    # Every text is quoted: a carriage return within one would else begin a new row.
    text: str = _harmless(frame).to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text.encode("utf-8-sig")


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None), buffer)
    return buffer.getvalue()


def _xlsx(frame: pd.DataFrame) -> bytes:
    try:
        import openpyxl
    except ImportError as error:
        raise NotReady("Excel files need a package more: pip install 'abm-ml[excel]'.") from error
    if len(frame) >= _MOST_ROWS:
        raise ConfigError(
            f"{len(frame):,} rows are more than a sheet holds. Write .csv or .parquet, or cut less finely."
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("KPIs")
    sheet.append(list(frame.columns))
    plain = _harmless(frame).astype(object)
    for cells in plain.where(frame.notna(), None).itertuples(index=False):
        sheet.append([sheet_cell(sheet, value) for value in cells])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an apostrophe before each text that a spreadsheet would run."""
    texts = [name for name in frame.columns if frame[name].dtype in ("str", "object")]
    return frame.assign(**{name: frame[name].map(harmless, na_action="ignore") for name in texts})


SINKS: Mapping[str, Callable[[pd.DataFrame], bytes]] = {".csv": _csv, ".parquet": _parquet, ".xlsx": _xlsx}
