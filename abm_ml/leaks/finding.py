"""A finding: which column, which test, the figure, why it matters, and what to do."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from abm_ml.config import Strict

WIDEST_NAME = 48
HEADS = ("column", "test", "figure", "why")


class LeakConfig(Strict):
    """What somebody who knows the data vouches for."""

    accept: dict[str, str] = Field(
        default_factory=dict, description="columns that only look like leaks, each with the reason; the card shows it"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A column that looks as if the outcome had made it; `accepted` is the reason of who vouches for it."""

    column: str
    test: str
    figure: str
    why: str
    accepted: str = ""


def table_of(findings: Sequence[Finding]) -> str:
    """The findings as lines under one another, a row each."""
    rows = [HEADS, *((on_one_line(each.column), each.test, each.figure, each.why) for each in findings)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS) - 1)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    return "\n".join(f"  {line}" for line in lines)


def with_reasons(findings: Sequence[Finding], accept: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings, those that somebody vouches for with the reason."""
    return tuple(
        Finding(
            column=each.column,
            test=each.test,
            figure=each.figure,
            why=each.why,
            accepted=accept.get(each.column, ""),
        )
        for each in findings
    )


def accepted_in_words(findings: Sequence[Finding]) -> str:
    """Which columns are vouched for, and why, on one line."""
    return "; ".join(f"{on_one_line(each.column)} ({each.test}): {each.accepted}" for each in findings)


def on_one_line(name: str) -> str:
    """A foreign name on one line: control characters and new lines would tear the table."""
    return textwrap.shorten("".join(c if c.isprintable() else " " for c in name), WIDEST_NAME, placeholder="…")
