"""Cells of files that people open: nothing in one is ever run as a formula."""

from __future__ import annotations

from typing import Any

# A spreadsheet takes a cell that begins so for a formula, some of them also in full width or after spaces.
_FORMULA = (
    "=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}",
)  # fmt: skip


def harmless(value: Any) -> Any:
    """A value with an apostrophe before it if it is a text that a spreadsheet would run; numbers stay numbers."""
    if not isinstance(value, str) or not (value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)):
        return value
    return f"'{value}"


def sheet_cell(sheet: Any, value: object) -> Any:
    """A cell of a sheet of openpyxl; a text stays a text, without the signs that a sheet cannot hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value))
    cell.data_type = "s"
    return cell
