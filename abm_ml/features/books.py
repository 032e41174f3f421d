"""Books: how each measure is booked and read off, a column of many accounts at a time.

- A sum books its value at `begin` and takes it back at `end`; the running sum over places is the sum at each snapshot.
- Distinct things are the union of their ranges: rows come in order of `begin`, so of each thing `reach` keeps how far
  its ranges reach, and what a new range adds is booked.
- What is last or first, and what fades with time, is written to each place of the range.

Books are integers (money in millionths, times in microseconds): no order of rows and no later row changes a bit. `hits`
are the rows that count, `read` is accounts x snapshots; begin and end are places on the ledger's line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from abm_ml.compiled import compiled

Integers = NDArray[np.int64]
Places = NDArray[np.int32]
Floats = NDArray[np.float64]

COUNT, TOTAL, DECAYED, DISTINCT, LAST, FIRST, UNTIL, LATEST = range(8)
DAY = 86_400_000_000
NEVER, ALWAYS = np.iinfo(np.int64).min, np.iinfo(np.int64).max
MILLIONTHS, LOW, HIGHEST = 1e6, 2.0**40, 2.0**93
SMALLEST = 2.0**-900


@compiled
def begin_all(begun: Places, hits: Integers, begin: Places) -> None:
    """How many rows begin at each place, which all windows share."""
    begun[:] = 0
    for row in hits:
        begun[begin[row]] += 1


@compiled
def count(read: Places, book: Places, begun: Places, hits: Integers, end: Places) -> None:
    """Numbers of rows."""
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
def total(
    read: Floats, book: Integers, low: Integers, hits: Integers, begin: Places, end: Places, numbers: Floats
) -> None:
    """Sums of numbers, exact to the millionth."""
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
def distinct(  # noqa: PLR0913, PLR0917 - numba takes arrays, not objects
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
def left_at(snapshots: Integers, numbers: Floats, begin: Places, happened: Integers, half_life: float) -> Floats:
    """What is left of each row's number at the first snapshot that knows it; `begin` is its place, not on the line."""
    left = np.empty(len(begin))
    for row in range(len(left)):
        age = (snapshots[begin[row]] - happened[row]) / DAY
        left[row] = numbers[row] * 2.0 ** (-age / half_life)
    return left


@compiled
def fade(
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
def keep(  # noqa: PLR0913, PLR0917 - numba takes arrays, not objects
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
