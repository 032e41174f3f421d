"""Weeks: the clock of the synthetic company. Each account has a weekday on which its week's decisions fall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from abm_ml.sources.synthetic.laws import Array

DAY = 86_400
MICROSECONDS = 1_000_000
_EPOCH = date(1970, 1, 1)
_BEFORE_WEEKS = 104
_LAUNCH_WEEKS = 13
_OPENING, _OFFICE_SECONDS = 8 * 3600, 9 * 3600


@dataclass(frozen=True, kw_only=True)
class Weeks:
    """The weeks of a history: days are counted since 1970, `starts` and `launch` are week numbers.

    The CRM goes back two years before engagements are recorded (`starts`); the program begins a quarter after that.
    """

    first_day: int
    count: int
    starts: int
    launch: int
    end_day: int

    def day_of(self, week: Array | int, weekday: Array) -> Array:
        """The day on which an account with this weekday takes its step of that week."""
        return self.first_day + 7 * np.asarray(week) + weekday

    def steps_before(self, day: Array | int, weekday: Array) -> Array:
        """How many steps fall before midnight of a day."""
        return np.asarray((np.asarray(day) - 1 - self.first_day - weekday) // 7 + 1)

    @property
    def end(self) -> int:
        """The end of the data in microseconds since 1970."""
        return self.end_day * DAY * MICROSECONDS


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - _EPOCH).days


def weeks_between(starts: date, ends: date) -> Weeks:
    """The weeks of a history from `starts` up to `ends`, and two years before."""
    first = day_number(starts) - 7 * _BEFORE_WEEKS
    first -= (first + 3) % 7  # day 0 of 1970 was a Thursday; the weeks begin on a Monday
    end = day_number(ends)
    return Weeks(
        first_day=first,
        count=(end - first + 6) // 7,
        starts=_BEFORE_WEEKS,
        launch=_BEFORE_WEEKS + _LAUNCH_WEEKS,
        end_day=end,
    )


def step_time(day: Array, account: Array) -> Array:
    """The moment, in microseconds since 1970, at which an account's step of that day falls: within office hours."""
    seconds = _OPENING + (account * 7919 + day * 104_729) % _OFFICE_SECONDS
    return np.asarray((day * DAY + seconds) * MICROSECONDS)


def month_starts(first_day: int, end_day: int) -> list[int]:
    """The first days of the months from one day to another, both included."""
    months = np.arange("1970-01", "2200-01", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return [int(day) for day in months[(months >= first_day) & (months <= end_day)]]


def moment_key(account: Array, microseconds: Array) -> Array:
    """A number that sorts by account and then by second."""
    return np.asarray(account.astype(np.int64) * 2**32 + microseconds // MICROSECONDS)
