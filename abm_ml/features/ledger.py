"""The ledger: every row of an account is booked once, and read off at every snapshot and window.

A row counts at the snapshots from the first that knows it to the last that its version and a feature's window still
cover: a range `[begin, end)` of places among the snapshots. So no row is joined with dates.

- A sum books its value at `begin` and takes it back at `end`; the running sum over places is the sum at each snapshot.
- Distinct things are the union of their ranges: rows come in order of `begin`, so of each thing the ledger keeps how
  far its ranges reach, and books what a new range adds.
- What is last or first, and what fades with time, is written to each place of the range.

Books are integers (money in millionths, times in microseconds): the order of rows changes no bit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Places = NDArray[np.int32]
Floats = NDArray[np.float64]

COUNT, TOTAL, DECAYED, DISTINCT, LAST, FIRST, UNTIL, LATEST = range(8)
DAY = 86_400_000_000
NEVER, ALWAYS = np.iinfo(np.int64).min, np.iinfo(np.int64).max
BITS = 62  # conditions per word
MILLIONTHS = 1e6


class Clock(NamedTuple):
    """Snapshots and windows: instants in microseconds, how many snapshots lie before each day, windows in days.

    `fading` is what remains of a value from one snapshot to the next, per half-life; `half_lives` are in days.
    """

    snapshots: Integers
    before_day: Places
    first_day: int
    windows: Integers
    half_lives: Floats
    fading: Floats


class Rows(NamedTuple):
    """Rows of accounts: the snapshots that know them, when they happened, which conditions hold, what they bring."""

    begin: Places
    end: Places
    happened: Integers
    words: Integers
    numbers: Floats
    things: Places
    times: Integers


class Plan(NamedTuple):
    """What is asked of the rows, per column; the columns of one condition stand side by side.

    Its condition, its measure, the place of what it brings (-1: its own time), its window, its half-life, and where its
    things begin in `reach`.
    """

    condition: Integers
    measure: Integers
    brings: Integers
    window: Integers
    half_life: Integers
    things: Integers


@numba.njit(cache=True, nogil=True, inline="always")
def place(snapshots: Integers, before_day: Places, day: int, instant: int) -> int:
    """How many snapshots lie at or before an instant of a day: the place of the first one that comes after it."""
    if day < 0:
        return 0
    if day >= len(before_day):
        return len(snapshots)
    found = before_day[day]
    while found < len(snapshots) and snapshots[found] <= instant:
        found += 1
    return int(found)


@numba.njit(cache=True, nogil=True)
def places(clock: Clock, instants: Integers) -> Places:
    """How many snapshots lie at or before each instant."""
    found = np.empty(len(instants), np.int32)
    snapshots, before_day = clock.snapshots, clock.before_day
    for row in range(len(instants)):
        found[row] = place(snapshots, before_day, instants[row] // DAY - clock.first_day, instants[row])
    return found


@numba.njit(cache=True, nogil=True)
def in_order(account: Places, begin: Places, end: Places, accounts: int, snapshots: int) -> tuple[Integers, Integers]:
    """The rows by account and `begin`, and where each account's rows start; rows that nobody sees are left out."""
    width = snapshots + 1
    counts = np.zeros(accounts * width + 1, np.int64)
    for row in range(len(account)):
        if account[row] >= 0 and begin[row] < end[row]:
            counts[account[row] * width + begin[row] + 1] += 1
    counts = np.cumsum(counts)
    starts = counts[::width].copy()
    order = np.empty(counts[-1], np.int64)
    for row in range(len(account)):
        if account[row] >= 0 and begin[row] < end[row]:
            box = account[row] * width + begin[row]
            order[counts[box]] = row
            counts[box] += 1
    return order, starts


@numba.njit(cache=True, nogil=True)
def booked(clock: Clock, plan: Plan, rows: Rows, order: Integers, starts: Integers, reach: Places) -> Floats:
    """The values of some accounts: columns x accounts x snapshots; of a latest value its row, -1 where there is none.

    The rows come by account and `begin`: `starts` are the first of each account and the end of the last, `order` says
    where they stood before. `reach`, of zeros, has a place for each thing of each column.
    """
    accounts, snapshots = len(starts) - 1, len(clock.snapshots)
    values = np.empty((len(plan.measure), accounts, snapshots))
    book = np.empty(snapshots + 1, np.int64)
    for account in range(accounts):
        own = slice(starts[account], starts[account + 1])
        begin, happened, mine = rows.begin[own], rows.happened[own], order[own]
        words, numbers, things, times = rows.words[:, own], rows.numbers[:, own], rows.things[:, own], rows.times[:, own]
        ends, units = _ends(clock, happened, rows.end[own]), _units_of(numbers)
        hits, condition = mine, -1
        for column in range(len(plan.measure)):
            if plan.condition[column] != condition:
                condition = plan.condition[column]
                hits = _hits(words[condition // BITS], 1 << (condition % BITS))
            measure, brings, end, read = (
                plan.measure[column],
                plan.brings[column],
                ends[plan.window[column]],
                values[column, account],
            )
            if measure == COUNT:
                _count(book, hits, begin, end)
                _sums(read, book, 1.0)
            elif measure == TOTAL:
                unit = min(MILLIONTHS, units[brings])
                _total(book, hits, begin, end, numbers[brings], unit)
                _sums(read, book, unit)
            elif measure == DISTINCT:
                mark = (account + 1) * (snapshots + 1)
                _distinct(book, hits, begin, end, things[brings], reach[plan.things[column] :], mark)
                _sums(read, book, 1.0)
            elif measure == DECAYED:
                left = _left(clock, numbers[brings], begin, happened, plan.half_life[column])
                _fade(book, hits, begin, end, left, clock.fading[plan.half_life[column]], units[brings])
                read[:] = book[:-1] / units[brings]
            elif measure == LATEST:
                _last(book, hits, begin, end, mine)
                read[:] = np.maximum(book[:-1], -1)
            elif measure == FIRST:
                _first(book, hits, begin, end, happened if brings < 0 else times[brings])
                _days(read, clock.snapshots, book, 1)
            else:
                _last(book, hits, begin, end, happened if brings < 0 else times[brings])
                _days(read, clock.snapshots, book, -1 if measure == UNTIL else 1)
    return values


@numba.njit(cache=True, nogil=True)
def _ends(clock: Clock, happened: Integers, end: Places) -> Places:
    """Where each window leaves each row behind: windows x rows."""
    ends = np.empty((len(clock.windows), len(end)), np.int32)
    snapshots, before_day = clock.snapshots, clock.before_day
    for row in range(len(end)):
        day = happened[row] // DAY - clock.first_day
        for window in range(len(clock.windows)):
            days = clock.windows[window]
            left = end[row]
            if days >= 0:
                left = min(left, place(snapshots, before_day, day + days, happened[row] + days * DAY))
            ends[window, row] = left
    return ends


@numba.njit(cache=True, nogil=True)
def _units_of(numbers: Floats) -> Floats:
    """How many units one is, per kind of number: as many as a sum of all rows leaves room for."""
    units = np.empty(len(numbers))
    for kind in range(len(numbers)):
        largest = 1e-290
        for number in numbers[kind]:
            if abs(number) > largest:  # not so for a missing one
                largest = abs(number)
        units[kind] = 2.0 ** math.floor(61 - math.log2(largest) - math.log2(numbers.shape[1] + 1.0))
    return units


@numba.njit(cache=True, nogil=True)
def _hits(words: Integers, bit: int) -> Integers:
    """The rows for which a condition holds."""
    return np.flatnonzero(words & bit)


@numba.njit(cache=True, nogil=True)
def _count(book: Integers, hits: Integers, begin: Places, end: Places) -> None:
    book[:] = 0
    for row in hits:
        if begin[row] < end[row]:
            book[begin[row]] += 1
            book[end[row]] -= 1


@numba.njit(cache=True, nogil=True)
def _total(book: Integers, hits: Integers, begin: Places, end: Places, numbers: Floats, unit: float) -> None:
    book[:] = 0
    for row in hits:
        if begin[row] < end[row]:
            amount = _in_units(numbers[row], unit)
            book[begin[row]] += amount
            book[end[row]] -= amount


@numba.njit(cache=True, nogil=True)
def _distinct(
    book: Integers, hits: Integers, begin: Places, end: Places, things: Places, reach: Places, mark: int
) -> None:
    """Books what each row adds to the union of its thing's ranges; above `mark`, `reach` speaks of this account."""
    book[:] = 0
    for row in hits:
        fresh = max(begin[row], reach[things[row]] - mark)
        if fresh < end[row]:
            book[fresh] += 1
            book[end[row]] -= 1
            reach[things[row]] = mark + end[row]


@numba.njit(cache=True, nogil=True)
def _left(clock: Clock, numbers: Floats, begin: Places, happened: Integers, half_life: int) -> Floats:
    """What is left of each row's number at the first snapshot that knows it."""
    left = np.empty(len(begin))
    for row in range(len(left)):
        age = (clock.snapshots[begin[row]] - happened[row]) / DAY
        left[row] = numbers[row] * 2.0 ** (-age / clock.half_lives[half_life])
    return left


@numba.njit(cache=True, nogil=True)
def _fade(
    book: Integers, hits: Integers, begin: Places, end: Places, left: Floats, fading: Floats, unit: float
) -> None:
    book[:] = 0
    for row in hits:
        remaining = left[row]
        for snapshot in range(begin[row], end[row]):
            book[snapshot] += _in_units(remaining, unit)
            remaining *= fading[snapshot]


@numba.njit(cache=True, nogil=True)
def _last(book: Integers, hits: Integers, begin: Places, end: Places, times: Integers) -> None:
    book[:] = NEVER
    for row in hits:
        for snapshot in range(begin[row], end[row]):
            book[snapshot] = max(book[snapshot], times[row])


@numba.njit(cache=True, nogil=True)
def _first(book: Integers, hits: Integers, begin: Places, end: Places, times: Integers) -> None:
    book[:] = ALWAYS
    for row in hits:
        for snapshot in range(begin[row], end[row]):
            book[snapshot] = min(book[snapshot], times[row])


@numba.njit(cache=True, nogil=True)
def _in_units(number: float, unit: float) -> int:
    return math.floor(abs(number) * unit + 0.5) * (1 if number > 0 else -1)


@numba.njit(cache=True, nogil=True)
def _sums(read: Floats, book: Integers, unit: float) -> None:
    """Running sums of what was booked."""
    running = 0
    for snapshot in range(len(read)):
        running += book[snapshot]
        read[snapshot] = running / unit


@numba.njit(cache=True, nogil=True)
def _days(read: Floats, snapshots: Integers, book: Integers, sign: int) -> None:
    """Days from what was booked to each snapshot, or with the sign -1 from each snapshot to it."""
    for snapshot in range(len(read)):
        never = book[snapshot] in (NEVER, ALWAYS)
        read[snapshot] = np.nan if never else sign * (snapshots[snapshot] - book[snapshot]) / DAY
