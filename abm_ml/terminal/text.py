"""What every view is written with: lines, tables, text of the data made harmless, values as JSON knows them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Part = str | tuple[str, str]
"""A piece of a line: text, or text with its style."""


def plain(value: Any) -> Any:
    """A result as JSON knows it: records become objects, dates ISO text, gaps and what is no finite number null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "notna") and hasattr(value, "columns"):
        value = value.astype(object).where(value.notna(), None).to_dict("records")
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def visible(text: str) -> str:
    """Text of the data as it may be shown: what would steer the terminal or turn the line around is replaced."""
    return "".join(
        sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def console() -> Console:
    """Where views write to."""
    from rich.console import Console

    # Text of the data is no markup: neither [red] nor :smile: means anything in a company's name.
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 160  # without a terminal nobody measures the width
    return console


def line(console: Console, *parts: Part) -> None:
    """One line, however long; the terminal may fold it."""
    from rich.text import Text

    pieces = [(part, "") if isinstance(part, str) else part for part in parts]
    console.print(Text.assemble(*[(visible(text), style) for text, style in pieces]), soft_wrap=True)


def table(title: str, columns: Sequence[str], *, right: Sequence[str] = ()) -> Table:
    """An empty table with a title."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def row(table: Table, *cells: str) -> None:
    """One more row of a table."""
    table.add_row(*[visible(cell) for cell in cells])
