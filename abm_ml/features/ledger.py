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


class Uses(NamedTuple):
    """What each condition is used for, those of one condition side by side from `first[condition]` on.

    Per use: the measure, the place of what it brings (-1: its own time), of its window, of its column, and of its
    half-life or of the first of its things in `reach`.
    """

    first: Integers
    measure: Integers
    brings: Integers
    window: Integers
    column: Integers
    memory: Integers


@numba.njit(cache=True, nogil=True, inline="always")
def place(clock: Clock, instant: int) -> int:
    """How many snapshots lie at or before an instant: the first one that comes after it."""
    day = instant // DAY - clock.first_day
    if day < 0:
        return 0
    if day >= len(clock.before_day):
        return len(clock.snapshots)
    found = clock.before_day[day]
    while found < len(clock.snapshots) and clock.snapshots[found] <= instant:
        found += 1
    return found


@numba.njit(cache=True, nogil=True)
def ranges(clock: Clock, known_after: Integers, known_until: Integers) -> tuple[Places, Places]:
    """The snapshots `[begin, end)` that know each row."""
    begin, end = np.empty(len(known_after), np.int32), np.empty(len(known_after), np.int32)
    for row in range(len(known_after)):
        begin[row] = place(clock, known_after[row])
        end[row] = place(clock, known_until[row])
    return begin, end


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
def booked(
    clock: Clock, uses: Uses, rows: Rows, order: Integers, starts: Integers, reach: Places, measures: Integers
) -> Floats:
    """The values of some accounts: columns x accounts x snapshots; of a latest value its row, -1 where there is none.

    `starts` are the first rows of the accounts and the end of the last; `measures` those of the columns; `reach`, of
    zeros, has a place for each thing of each use.
    """
    snapshots, accounts = len(clock.snapshots), len(starts) - 1
    values = np.empty((len(measures), accounts, snapshots))
    ledger = np.empty((len(measures), snapshots + 1), np.int64)
    scales = np.ones(len(measures))
    ends = np.empty(len(clock.windows), np.int64)
    for account in range(accounts):
        mine = order[starts[account] : starts[account + 1]]
        _open(ledger, measures)
        _scale(scales, uses, rows, mine)
        for row in mine:
            _end(ends, clock, rows.happened[row], rows.end[row])
            for word in range(len(rows.words)):
                left, condition = rows.words[word, row], word * BITS
                while left:
                    if left & 1:
                        for use in range(uses.first[condition], uses.first[condition + 1]):
                            end = ends[uses.window[use]]
                            if end > rows.begin[row]:
                                _book(ledger, clock, uses, rows, scales, reach, account, row, use, end)
                    left >>= 1
                    condition += 1
        _close(values[:, account], ledger, clock, scales, measures)
    return values


@numba.njit(cache=True, nogil=True, inline="always")
def _end(ends: Integers, clock: Clock, happened: int, end: int) -> None:
    """Where each window leaves a row behind."""
    for window in range(len(ends)):
        days = clock.windows[window]
        ends[window] = end if days < 0 else min(end, place(clock, happened + days * DAY))


@numba.njit(cache=True, nogil=True, inline="always")
def _book(  # noqa: PLR0913 - numba takes arrays, not objects
    ledger: Integers, clock: Clock, uses: Uses, rows: Rows, scale: Floats, reach: Places,
    account: int, row: int, use: int, end: int,
) -> None:  # fmt: skip
    """Books one row for one use, at the places from its `begin` to `end`."""
    measure, column, brings, begin = uses.measure[use], uses.column[use], uses.brings[use], rows.begin[row]
    if measure == COUNT:
        ledger[column, begin] += 1
        ledger[column, end] -= 1
    elif measure == TOTAL:
        units = _units(rows.numbers[brings, row], scale[column])
        ledger[column, begin] += units
        ledger[column, end] -= units
    elif measure == DISTINCT:
        # One number holds the account and the place, so that nothing has to be wiped between accounts.
        thing = uses.memory[use] + rows.things[brings, row]
        mine = (account + 1) * ledger.shape[1]
        fresh = max(begin, reach[thing] - mine)
        if end > fresh:
            ledger[column, fresh] += 1
            ledger[column, end] -= 1
            reach[thing] = mine + end
    elif measure == DECAYED:
        half_life = uses.memory[use]
        age = (clock.snapshots[begin] - rows.happened[row]) / DAY
        left = rows.numbers[brings, row] * 2.0 ** (-age / clock.half_lives[half_life])
        for snapshot in range(begin, end):
            ledger[column, snapshot] += _units(left, scale[column])
            left *= clock.fading[half_life, snapshot]
    elif measure == LATEST:
        for snapshot in range(begin, end):
            ledger[column, snapshot] = max(ledger[column, snapshot], row)
    else:
        time = rows.happened[row] if brings < 0 else rows.times[brings, row]
        for snapshot in range(begin, end):
            there = ledger[column, snapshot]
            ledger[column, snapshot] = min(there, time) if measure == FIRST else max(there, time)


@numba.njit(cache=True, nogil=True, inline="always")
def _units(value: float, scale: float) -> int:
    return int(math.floor(abs(value) * scale + 0.5)) * (1 if value > 0 else -1)


@numba.njit(cache=True, nogil=True)
def _open(ledger: Integers, measures: Integers) -> None:
    """An empty ledger: sums of nothing, and no time yet."""
    for column in range(len(measures)):
        if measures[column] == FIRST:
            ledger[column] = ALWAYS
        elif measures[column] in (LAST, UNTIL, LATEST):
            ledger[column] = NEVER
        else:
            ledger[column] = 0


@numba.njit(cache=True, nogil=True)
def _scale(scales: Floats, uses: Uses, rows: Rows, mine: Integers) -> None:
    """How many units one is, per column: a million, or as many as the account's largest sum leaves room for."""
    room = np.empty(len(rows.numbers))
    for brought in range(len(rows.numbers)):
        largest = 1e-290
        for row in mine:
            amount = abs(rows.numbers[brought, row])
            if amount > largest:  # not so for a missing one
                largest = amount
        room[brought] = 2.0 ** math.floor(61 - math.log2(largest) - math.log2(len(mine) + 1.0))
    for use in range(len(uses.measure)):
        if uses.measure[use] == TOTAL:
            scales[uses.column[use]] = min(MILLIONTHS, room[uses.brings[use]])
        elif uses.measure[use] == DECAYED:
            scales[uses.column[use]] = room[uses.brings[use]]


@numba.njit(cache=True, nogil=True)
def _close(values: Floats, ledger: Integers, clock: Clock, scales: Floats, measures: Integers) -> None:
    """Reads the ledger off at each snapshot: running sums, days from and to times, rows of latest values."""
    for column in range(len(measures)):
        measure, running = measures[column], 0
        for snapshot in range(len(clock.snapshots)):
            there = ledger[column, snapshot]
            if measure in (COUNT, TOTAL, DISTINCT):
                running += there
                values[column, snapshot] = running / scales[column]
            elif measure == DECAYED:
                values[column, snapshot] = there / scales[column]
            elif measure == LATEST:
                values[column, snapshot] = max(there, -1)
            elif there in (NEVER, ALWAYS):
                values[column, snapshot] = np.nan
            elif measure == UNTIL:
                values[column, snapshot] = (there - clock.snapshots[snapshot]) / DAY
            else:
                values[column, snapshot] = (clock.snapshots[snapshot] - there) / DAY
