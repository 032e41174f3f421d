"""The ledger: every row of an account is booked once, and read off at every snapshot and window.

A row counts at the snapshots from the first that knows it to the last that its version and a feature's window still
cover: a range `[begin, end)` of places among the snapshots. So no row is joined with dates.

- A sum books its value at `begin` and takes it back at `end`; the running sum over places is the sum at each snapshot.
- Distinct things are the union of their ranges: rows come in order of `begin`, so of each thing the ledger keeps how
  far its ranges reach, and books what a new range adds.
- What is last or first, and what fades with time, is written to each place of the range.

Books are integers (money in millionths, times in microseconds): no order of rows and no later row changes a bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm_ml.compiled import compiled

Integers = NDArray[np.int64]
Places = NDArray[np.int32]
Floats = NDArray[np.float64]

COUNT, TOTAL, DECAYED, DISTINCT, LAST, FIRST, UNTIL, LATEST = range(8)
DAY = 86_400_000_000
NEVER, ALWAYS = np.iinfo(np.int64).min, np.iinfo(np.int64).max
BITS = 62  # conditions per word
MILLIONTHS, LOW, HIGHEST = 1e6, 2.0**40, 2.0**93
SMALLEST = 2.0**-900


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


@compiled
def places(clock: Clock, instants: Integers, days: int) -> Places:
    """How many snapshots lie at or before each instant and so many days: the place of the first that comes after."""
    # Fields and calls stay out of the loop: numba would count the arrays as borrowed at each step.
    snapshots, before_day, first_day = clock.snapshots, clock.before_day, clock.first_day
    places = np.empty(len(instants), np.int32)
    for row in range(len(instants)):
        instant, day = instants[row] + days * DAY, instants[row] // DAY - first_day + days
        found = 0 if day < 0 else len(snapshots) if day >= len(before_day) else before_day[day]
        while found < len(snapshots) and snapshots[found] <= instant:
            found += 1
        places[row] = found
    return places


@compiled
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


@compiled
def book(  # numba allocates in small pages, NumPy in large ones: so `values` is handed in
    values: Floats, clock: Clock, plan: Plan, rows: Rows, order: Integers, starts: Integers, reach: Places
) -> None:
    """Writes the values of some accounts (columns x accounts x snapshots); of a latest value its row, -1 for none.

    The rows come by account and `begin`: `starts` are the first of each account and the end of the last, `order` says
    where they stood before. `reach`, of zeros, has a place for each thing of each column.
    """
    snapshots, fading = clock.snapshots, clock.fading
    measures, brought, windows, conditions = plan.measure, plan.brings, plan.window, plan.condition
    half_lives, first_things, all_things, all_times = plan.half_life, plan.things, rows.things, rows.times
    all_begin, all_end, all_happened, all_numbers, all_words = (
        rows.begin, rows.end, rows.happened, rows.numbers, rows.words,
    )  # fmt: skip
    books, low = np.empty(len(snapshots) + 1, np.int64), np.empty(len(snapshots) + 1, np.int64)
    room = np.empty(len(order), np.int64)
    for account in range(values.shape[1]):
        own = slice(starts[account], starts[account + 1])
        begin, happened, numbers, words = all_begin[own], all_happened[own], all_numbers[:, own], all_words[:, own]
        ends = _ends(clock, happened, all_end[own])
        hits, condition = room[:0], -1
        for column in range(len(measures)):
            if conditions[column] != condition:
                condition = conditions[column]
                hits = _hits(room, words[condition // BITS], 1 << (condition % BITS))
            measure, brings, end, read = (
                measures[column],
                brought[column],
                ends[windows[column]],
                values[column, account],
            )
            if measure == COUNT:
                _count(read, books, hits, begin, end)
            elif measure == TOTAL:
                _total(read, books, low, hits, begin, end, numbers[brings])
            elif measure == DISTINCT:
                reached, mark = reach[first_things[column] :], (account + 1) * len(books)
                _distinct(read, books, hits, begin, end, all_things[brings, own], reached, mark)
            elif measure == DECAYED:
                left = _left(clock, numbers[brings], begin, happened, half_lives[column])
                _fade(read, books, hits, begin, end, left, fading[half_lives[column]])
            else:
                times = order[own] if measure == LATEST else happened if brings < 0 else all_times[brings, own]
                _keep(read, books, hits, begin, end, times, snapshots, measure)


@compiled
def _ends(clock: Clock, happened: Integers, end: Places) -> Places:
    """Where each window leaves each row behind: windows x rows."""
    windows = clock.windows
    ends = np.empty((len(windows), len(end)), np.int32)
    for window in range(len(windows)):
        ends[window] = np.minimum(places(clock, happened, windows[window]), end) if windows[window] >= 0 else end
    return ends


@compiled
def _hits(room: Integers, words: Integers, bit: int) -> Integers:
    """The rows for which a condition holds."""
    found = 0
    for row in range(len(words)):
        room[found] = row
        found += (words[row] & bit) != 0
    return room[:found]


@compiled
def _count(read: Floats, book: Integers, hits: Integers, begin: Places, end: Places) -> None:
    book[:] = 0
    for row in hits:
        if begin[row] < end[row]:
            book[begin[row]] += 1
            book[end[row]] -= 1
    _run(read, book)


@compiled
def _total(
    read: Floats, book: Integers, low: Integers, hits: Integers, begin: Places, end: Places, numbers: Floats
) -> None:
    book[:], low[:] = 0, 0
    for row in hits:
        if begin[row] < end[row]:
            larger, smaller = _parts(numbers[row])
            book[begin[row]] += larger
            book[end[row]] -= larger
            low[begin[row]] += smaller
            low[end[row]] -= smaller
    larger, smaller = 0, 0
    for snapshot in range(len(read)):
        larger += book[snapshot]
        smaller += low[snapshot]
        read[snapshot] = (larger * LOW + smaller) / MILLIONTHS


@compiled
def _parts(number: float) -> tuple[int, int]:
    """A number in millionths, as the sum of a multiple of LOW and of what is left: each is exact, and so are sums."""
    whole = min(np.floor(abs(number) * MILLIONTHS + 0.5), HIGHEST)
    larger = np.floor(whole / LOW)
    sign = 1 if number > 0 else -1
    return sign * int(larger), sign * int(whole - larger * LOW)


@compiled
def _distinct(  # noqa: PLR0913, PLR0917 - numba takes arrays, not objects
    read: Floats, book: Integers, hits: Integers, begin: Places, end: Places, things: Places, reach: Places, mark: int
) -> None:
    """Books what each row adds to the union of its thing's ranges; above `mark`, `reach` speaks of this account."""
    book[:] = 0
    for row in hits:
        fresh = max(begin[row], reach[things[row]] - mark)
        if fresh < end[row]:
            book[fresh] += 1
            book[end[row]] -= 1
            reach[things[row]] = mark + end[row]
    _run(read, book)


@compiled
def _run(read: Floats, book: Integers) -> None:
    """Running sums of what begins and what ends."""
    running = 0
    for snapshot in range(len(read)):
        running += book[snapshot]
        read[snapshot] = running


@compiled
def _left(clock: Clock, numbers: Floats, begin: Places, happened: Integers, half_life: int) -> Floats:
    """What is left of each row's number at the first snapshot that knows it."""
    left = np.empty(len(begin))
    for row in range(len(left)):
        age = (clock.snapshots[begin[row]] - happened[row]) / DAY
        left[row] = numbers[row] * 2.0 ** (-age / clock.half_lives[half_life])
    return left


@compiled
def _fade(
    read: Floats, book: Integers, hits: Integers, begin: Places, end: Places, left: Floats, fading: Floats
) -> None:
    """Sums in units as fine as the largest of the rows that a snapshot sees leaves room for."""
    book[:], read[:] = 0, 0.0
    for row in hits:
        remaining = abs(left[row])
        for snapshot in range(begin[row], end[row]):
            book[snapshot] += 1
            read[snapshot] = max(read[snapshot], remaining)
            remaining *= fading[snapshot]
    units = 2.0 ** np.floor(61 - np.log2(np.maximum(read, SMALLEST)) - np.log2(book[:-1] + 1.0))
    book[:] = 0
    for row in hits:
        remaining = left[row]
        for snapshot in range(begin[row], end[row]):
            book[snapshot] += round(remaining * units[snapshot])
            remaining *= fading[snapshot]
    read[:] = book[:-1] / units


@compiled
def _keep(  # noqa: PLR0913, PLR0917 - numba takes arrays, not objects
    read: Floats, book: Integers, hits: Integers, begin: Places, end: Places, times: Integers, snapshots: Integers,
    measure: int,
) -> None:  # fmt: skip
    """What is last or first of each snapshot's rows: days from or to it, or the row itself."""
    sign = -1 if measure == FIRST else 1  # the first is the last of what is turned round
    book[:] = NEVER
    for row in hits:
        for snapshot in range(begin[row], end[row]):
            book[snapshot] = max(book[snapshot], sign * times[row])
    for snapshot in range(len(read)):
        if measure == LATEST:
            read[snapshot] = max(book[snapshot], -1)
        elif book[snapshot] == NEVER:
            read[snapshot] = np.nan
        else:
            days = (snapshots[snapshot] - sign * book[snapshot]) / DAY
            read[snapshot] = -days if measure == UNTIL else days
