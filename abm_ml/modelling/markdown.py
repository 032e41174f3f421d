"""Markdown: tables and lists whose cells cannot break them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], lines: Iterable[Sequence[object]]) -> list[str]:
    """A table as lines of text, one per row, with its heads."""
    drawn = [[cell(value) for value in line] for line in (heads, ["---"] * len(heads), *lines)]
    return [f"| {' | '.join(line)} |" for line in drawn]


def listed(sentences: Iterable[str]) -> list[str]:
    """A list as lines of text, one per sentence."""
    return [f"- {sentence}" for sentence in sentences]


def names(found: Iterable[str]) -> str:
    """Names of columns and such, as code, in one sentence."""
    return ", ".join(f"`{name}`" for name in found)


def cell(value: object) -> str:
    """A value as it may stand in a table: whole numbers with thousands marked, text without what would break it."""
    if isinstance(value, int):
        return f"{value:,}"
    text = re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", str(value))  # "<= 0.05" stays, "<img" does not become a picture
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
