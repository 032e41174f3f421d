"""Calendar: the time of the year, and how near the end of the quarter is."""

from __future__ import annotations

import math
from typing import Any

import ibis

from abm_ml.features.base import derived
from abm_ml.timeline import days_between


def _around_the_year(f: Any) -> Any:
    return (f.as_of.month() - 1).cast("float64") * (2 * math.pi / 12)


@derived("pipeline", needs=("as_of",), unit="ratio", reason="the season: {value:+.1f} from October (-1) to April (+1)")
def month_sine(f: Any) -> Any:
    """Sine of the month around the year: 0 in January and July, 1 in April, -1 in October."""
    return _around_the_year(f).sin()


@derived("pipeline", needs=("as_of",), unit="ratio", reason="the season: {value:+.1f} from July (-1) to January (+1)")
def month_cosine(f: Any) -> Any:
    """Cosine of the month around the year: 1 in January, 0 in April and October, -1 in July."""
    return _around_the_year(f).cos()


@derived("pipeline", needs=("as_of",), unit="days", reason="{value:.0f} days to the end of the quarter")
def days_to_quarter_end(f: Any) -> Any:
    """Days from the date to the end of its calendar quarter."""
    return days_between(f.as_of, f.as_of.truncate("Q") + ibis.interval(months=3))
