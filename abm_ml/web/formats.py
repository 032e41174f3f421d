"""How numbers and dates stand on a page: 44.5%, 41-48%, +3.4, 30 June 2026; and tenths that add up as shown."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from abm_ml.wording import NOTHING, format_short, format_value

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
TO_TENTHS = 1000  # a probability of 1 is a thousand tenths of a point


def tenths(probability: float) -> int:
    """A probability in tenths of a point, as pages show it; half a tenth goes up."""
    return math.floor(probability * TO_TENTHS + 0.5)


def tenths_that_add_up(points: Sequence[float], total: int) -> list[int]:
    """Contributions in tenths of a point whose sum is `total`; none is a whole tenth away from its own value.

    By largest remainders: each is rounded down, and the tenths that are missing go to those that lost most.
    """
    exact = [share * TO_TENTHS for share in points]
    found = [math.floor(value) for value in exact]
    missing = total - sum(found)
    losers = sorted(range(len(exact)), key=lambda place: (found[place] - exact[place], place))
    for step in range(abs(missing)):
        place = losers[step % len(losers)] if missing > 0 else losers[-1 - step % len(losers)]
        found[place] += 1 if missing > 0 else -1
    return found


def percent(probability: float | None) -> str:
    """A probability with a tenth: 44.5%."""
    return NOTHING if probability is None else percent_of_tenths(tenths(probability))


def percent_of_tenths(count: int) -> str:
    """Tenths of a point as a probability: 445 is 44.5%."""
    return f"{count / 10:.1f}%"


def about(probability: float | None) -> str:
    """A probability without decimals, for lists: 44%, <1%, >99%."""
    if probability is None:
        return NOTHING
    whole = _whole(probability)
    if whole == 0 and probability > 0:
        return "<1%"
    return ">99%" if whole == 100 and probability < 1 else f"{whole}%"


def interval(low: float | None, high: float | None) -> str:
    """An interval of probabilities without decimals: 41-48%."""
    if low is None or high is None:
        return ""
    return f"{_whole(low)}{DASH}{_whole(high)}%"


def points_of_tenths(count: int) -> str:
    """A difference of probabilities in points: +3.4."""
    return signed(count / 10, ".1f") if count else "0.0"


def signed(value: float, spec: str) -> str:
    """A number with its sign."""
    text = format(abs(value), spec)
    return f"{'+' if value > 0 else MINUS if value < 0 else ''}{text}"


def change_in_tenths(probability: float, difference: float | None) -> int | None:
    """The change of a probability since before, as the two numbers that are shown give it; None where there is none."""
    return None if difference is None else tenths(probability) - tenths(probability - difference)


def way(moves: int) -> str:
    """Where a move goes, as a word for styles: up, down or level."""
    return "up" if moves > 0 else "down" if moves < 0 else "level"


def money(value: float | None, currency: str | None) -> str:
    """An amount in few letters: €1.2M."""
    return format_short(value, "money", currency or "").replace("-", MINUS)


def number(value: float | None, unit: str, currency: str | None) -> str:
    """A KPI's value with its unit: 40%, 60 days."""
    return format_value(value, unit, currency or "").replace("-", MINUS)


def count(value: float | None) -> str:
    """A whole number with thousands."""
    return NOTHING if value is None else f"{value:,.0f}"


def day(when: dt.date | None) -> str:
    """A date as in a letter: 30 June 2026."""
    return NOTHING if when is None else f"{when.day} {when:%B %Y}"


def short_day(when: dt.date | None) -> str:
    """A date where there is little room: 30 Jun 2026."""
    return NOTHING if when is None else f"{when.day} {when:%b %Y}"


def days_between(earlier: dt.date, later: dt.date) -> str:
    """How long ago a date was: today, 1 day, 12 days."""
    days = (later - earlier).days
    return "today" if days <= 0 else f"{days} day{'s' if days > 1 else ''}"


def _whole(probability: float) -> int:
    return math.floor(probability * 100 + 0.5)
