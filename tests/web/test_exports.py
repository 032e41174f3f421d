"""Files of the list: every row, numbers as numbers, and nothing that a sheet would run."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest

from abm_ml.web import exports
from tests.web import made_up

LABELS = ("progression", "win", "churn")
FULL_WIDTH = "\N{FULLWIDTH EQUALS SIGN}1+1"
FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|'/C calc'!A0", '=LINK("http://x")', " =1", FULL_WIDTH,
)  # fmt: skip


def read(content: bytes) -> list[dict[str, str]]:
    """The rows of a csv file."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_holds_every_row_and_number() -> None:
    """Texts in any script come back, probabilities to their last digit, what is not known is empty."""
    rows = read(exports.written(made_up.rows(), made_up.RUN, LABELS, "csv"))
    assert len(rows) == len(made_up.rows())
    assert rows[0]["win_probability"] == "0.4445"
    assert rows[0]["progression_change"] == "-0.021"
    assert rows[0]["churn_probability"] == rows[2]["industry"] == ""
    assert "华东科技有限公司" in [row["name"] for row in rows]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_text_begins_a_formula(name: str) -> None:
    """A spreadsheet takes each for text: an apostrophe stands before it."""
    rows = read(exports.written([made_up.row(name)], made_up.RUN, LABELS, "csv"))
    assert rows[0]["name"] == f"'{name}"


def test_excel_holds_texts_and_numbers() -> None:
    """Cells of Excel are texts or numbers, never formulas; negative numbers stay numbers."""
    content = exports.written([made_up.row(name) for name in FORMULAS], made_up.RUN, LABELS, "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    head, *rows = list(sheet.iter_rows())
    kinds = {cell.value: [row[place].data_type for row in rows] for place, cell in enumerate(head)}
    assert set(kinds["name"]) == {"s"}
    assert set(kinds["progression_change"]) == {"n"}
    assert not any(cell.data_type == "f" for row in rows for cell in row)


def test_an_empty_list_is_a_file_with_a_head() -> None:
    """A list without accounts has its columns."""
    content = exports.written([], made_up.RUN, LABELS, "csv").decode("utf-8-sig")
    assert content.count("\n") == 1
    assert exports.file_name(made_up.RUN, "csv") == "accounts-2026-06-30.csv"
