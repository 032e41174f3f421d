"""The ledger: every row of an account is booked once, and read off at every snapshot and window.

A row counts at the snapshots from the first that knows it to the last that its version and a feature's window still
cover: a range `[begin, end)` of places among the snapshots. So no row is joined with dates.

- A sum books its value at `begin` and takes it back at `end`; the running sum over places is the sum at each snapshot.
- Distinct things are the union of their ranges: rows come in order of `begin`, so of each thing the ledger keeps how
  far its ranges reach, and books what a new range adds.
- What is last or first, and what fades with time, is written to each place of the range.
- Accounts stand one behind the other on a line, each with its places and one more, and many are booked together.

Books are integers (money in millionths, times in microseconds): no order of rows and no later row changes a bit.
Loops that call each other stay in one file: numba keeps what it compiled until a loop's own file changes.
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
MILLIONTHS, LOW, HIGHEST, SMALLEST = 1e6, 2.0**40, 2.0**93, 2.0**-900
LINE = 4096  # places of accounts that are booked together: what is booked of a column stays near in memory


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

    Its place in its kind of values, its condition, its measure, the place of what it brings (-1: its own time), its
    window, its half-life, and where its things begin in `reach`.
    """

    place: Integers
    condition: Integers
    measure: Integers
    brings: Integers
    window: Integers
    half_life: Integers
    things: Integers


class Values(NamedTuple):
    """What is read off, each columns x accounts x snapshots: numbers of rows and things, and all else."""

    counts: Places
    others: Floats


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
def book(  # numba allocates in small pages, NumPy in large ones: so `values` is handed in
    values: Values, clock: Clock, plan: Plan, rows: Rows, order: Integers, starts: Integers, reach: Places
) -> None:
    """Writes the values of some accounts; of a latest value its row, -1 for none.

    The rows come by account and `begin`: `starts` are the first of each account and the end of the last, `order` says
    where they stood before. `reach`, of zeros, has a place for each thing of each column.
    """
    counts, others, snapshots, fading = values.counts, values.others, clock.snapshots, clock.fading
    measures, brought, windows, conditions = plan.measure, plan.brings, plan.window, plan.condition
    half_lives, first_things, kept = plan.half_life, plan.things, plan.place
    all_begin, all_end, all_happened, all_words = rows.begin, rows.end, rows.happened, rows.words
    all_numbers, all_things, all_times = rows.numbers, rows.things, rows.times
    accounts, width = len(starts) - 1, len(snapshots) + 1
    at_once = max(1, LINE // width)
    books, low = np.empty(at_once * width, np.int64), np.empty(at_once * width, np.int64)
    small, begun = np.empty(at_once * width, np.int32), np.empty(at_once * width, np.int32)
    room = np.empty(len(order), np.int64)
    for first in range(0, accounts, at_once):
        some = slice(first, min(first + at_once, accounts))
        own = slice(starts[some.start], starts[some.stop])
        known, happened, words, numbers = all_begin[own], all_happened[own], all_words[:, own], all_numbers[:, own]
        sizes = np.diff(starts[some.start : some.stop + 1])
        line = np.repeat(np.arange(len(sizes)) * width, sizes).astype(np.int32)  # where each row's account begins
        begin, ends = line + known, _ends(clock, happened, line, known, all_end[own])
        hits, condition = room[:0], -1
        for column in range(len(measures)):
            if conditions[column] != condition:
                condition = conditions[column]
                hits = _hits(room, words[condition // BITS], 1 << (condition % BITS))
                _begin(begun, hits, begin)
            place, measure, brings, end = kept[column], measures[column], brought[column], ends[windows[column]]
            if measure == COUNT:
                _count(counts[place, some], small, begun, hits, end)
            elif measure == DISTINCT:
                reached, things = reach[first_things[column] :], all_things[brings, own]
                _distinct(counts[place, some], small, hits, begin, end, things, reached, first * width)
            elif measure == TOTAL:
                _total(others[place, some], books, low, hits, begin, end, numbers[brings])
            elif measure == DECAYED:
                left = _left(clock, numbers[brings], known, happened, half_lives[column])
                _fade(others[place, some], books, hits, begin, end, left, fading[half_lives[column]])
            else:
                times = order[own] if measure == LATEST else happened if brings < 0 else all_times[brings, own]
                _keep(others[place, some], books, hits, begin, end, times, snapshots, measure)


@compiled
def _ends(clock: Clock, happened: Integers, line: Places, begin: Places, end: Places) -> Places:
    """Where each window leaves each row behind, which it never does before the row begins: windows x rows."""
    windows = clock.windows
    ends = np.empty((len(windows), len(end)), np.int32)
    for window in range(len(windows)):
        left = np.minimum(places(clock, happened, windows[window]), end) if windows[window] >= 0 else end
        ends[window] = line + np.maximum(left, begin)
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
def _begin(begun: Places, hits: Integers, begin: Places) -> None:
    """How many rows begin at each place, which all windows share."""
    begun[:] = 0
    for row in hits:
        begun[begin[row]] += 1


@compiled
def _count(read: Places, book: Places, begun: Places, hits: Integers, end: Places) -> None:
    book[:] = begun
    for row in hits:
        book[end[row]] -= 1
    _run(read, book)


@compiled
def _run(read: Places, book: Places) -> None:
    """Running sums of what begins and what ends."""
    place = 0
    for account in range(read.shape[0]):
        running = 0
        for snapshot in range(read.shape[1]):
            running += book[place]
            read[account, snapshot] = running
            place += 1
        place += 1  # where all that began has ended


@compiled
def _total(
    read: Floats, book: Integers, low: Integers, hits: Integers, begin: Places, end: Places, numbers: Floats
) -> None:
    book[:], low[:] = 0, 0
    for row in hits:
        larger, smaller = _parts(numbers[row])
        book[begin[row]] += larger
        book[end[row]] -= larger
        low[begin[row]] += smaller
        low[end[row]] -= smaller
    place = 0
    for account in range(read.shape[0]):
        larger, smaller = 0, 0
        for snapshot in range(read.shape[1]):
            larger += book[place]
            smaller += low[place]
            read[account, snapshot] = (larger * LOW + smaller) / MILLIONTHS
            place += 1
        place += 1


@compiled
def _parts(number: float) -> tuple[int, int]:
    """A number in millionths, as the sum of a multiple of LOW and of what is left: each is exact, and so are sums."""
    whole = min(np.floor(abs(number) * MILLIONTHS + 0.5), HIGHEST)
    larger = np.floor(whole / LOW)
    sign = 1 if number > 0 else -1
    return sign * int(larger), sign * int(whole - larger * LOW)


@compiled
def _distinct(  # noqa: PLR0913, PLR0917 - numba takes arrays, not objects
    read: Places, book: Places, hits: Integers, begin: Places, end: Places, things: Places, reach: Places, passed: int
) -> None:
    """Books what each row adds to the union of its thing's ranges; `reach` is of a line that goes on from `passed`."""
    book[:] = 0
    for row in hits:
        fresh = max(begin[row], reach[things[row]] - passed)
        if fresh < end[row]:
            book[fresh] += 1
            book[end[row]] -= 1
            reach[things[row]] = passed + end[row]
    _run(read, book)


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
    width, largest = len(fading) + 1, np.zeros(len(book))
    book[:] = 0
    for row in hits:
        remaining, start = abs(left[row]), begin[row] // width * width
        for place in range(begin[row], end[row]):
            book[place] += 1
            largest[place] = max(largest[place], remaining)
            remaining *= fading[place - start]
    units = 2.0 ** np.floor(61 - np.log2(np.maximum(largest, SMALLEST)) - np.log2(book + 1.0))
    book[:] = 0
    for row in hits:
        remaining, start = left[row], begin[row] // width * width
        for place in range(begin[row], end[row]):
            book[place] += round(remaining * units[place])
            remaining *= fading[place - start]
    read[:] = (book / units).reshape(-1, width)[: len(read), :-1]


@compiled
def _keep(  # noqa: PLR0913, PLR0917 - numba takes arrays, not objects
    read: Floats, book: Integers, hits: Integers, begin: Places, end: Places, times: Integers, snapshots: Integers,
    measure: int,
) -> None:  # fmt: skip
    """What is last or first of each snapshot's rows: days from or to it, or the row itself."""
    sign = -1 if measure == FIRST else 1  # the first is the last of what is turned round
    book[:] = NEVER
    for row in hits:
        for place in range(begin[row], end[row]):
            book[place] = max(book[place], sign * times[row])
    place = 0
    for account in range(read.shape[0]):
        for snapshot in range(read.shape[1]):
            if measure == LATEST:
                read[account, snapshot] = max(book[place], -1)
            elif book[place] == NEVER:
                read[account, snapshot] = np.nan
            else:
                days = (snapshots[snapshot] - sign * book[place]) / DAY
                read[account, snapshot] = -days if measure == UNTIL else days
            place += 1
        place += 1
