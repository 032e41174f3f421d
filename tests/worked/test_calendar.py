"""Worked examples of the features of the calendar."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example

EXAMPLES = (
    Example("month_sine", "In February a twelfth of the year has passed.", [], 0.5, as_of=dt.datetime(2026, 2, 15)),
    Example("month_cosine", "July lies opposite January.", [], -1.0),
    Example("days_to_quarter_end", "July, August and September.", [], 31 + 31 + 30),
    Example("days_to_quarter_end", "Half a day of December is left.", [], 0.5, as_of=dt.datetime(2026, 12, 31, 12)),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_calendar(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
