"""Files that people open: nothing in a cell runs, no cell breaks a row, numbers stay numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from abm_ml.errors import ConfigError
from abm_ml.publishing import sinks
from abm_ml.publishing.sinks import write_frame

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "a\r=1+1",
    "a\nb",
    'say "x"',
    "#N/A",
    "a\x0bb",
    "شركة",
]


def _frame() -> pd.DataFrame:
    return pd.DataFrame({"cut": pd.Series(HOSTILE, dtype="str"), "value": [-1.5] * len(HOSTILE)})


def test_csv(tmp_path: Path) -> None:
    """Each row stays one row; what looks like a formula begins with an apostrophe; negative numbers are numbers."""
    file = tmp_path / "kpis.csv"
    write_frame(_frame(), file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    assert len(rows) == len(HOSTILE) + 1
    assert {row[1] for row in rows[1:]} == {"-1.5"}
    assert not [row[0] for row in rows[1:] if row[0].startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_xlsx(tmp_path: Path) -> None:
    """Texts are texts, whatever they begin with; numbers are numbers."""
    file = tmp_path / "kpis.xlsx"
    write_frame(_frame(), file)
    cells = list(openpyxl.load_workbook(file).active.iter_rows(min_row=2))
    assert {text.data_type for text, _ in cells} <= {"s", "inlineStr"}
    assert {number.value for _, number in cells} == {-1.5}


def test_a_sheet_is_not_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a sheet holds are refused with what to do."""
    monkeypatch.setattr(sinks, "_MOST_ROWS", 3)
    with pytest.raises(ConfigError, match=r"more than a sheet holds. Write .csv"):
        write_frame(_frame(), tmp_path / "kpis.xlsx")


def test_other_files(tmp_path: Path) -> None:
    """Another ending is refused; nothing is written."""
    with pytest.raises(ConfigError, match=r"files end in .csv, .parquet, .xlsx"):
        write_frame(_frame(), tmp_path / "kpis.doc")
    assert not list(tmp_path.iterdir())
