"""The ledger: every row of an account is booked once, and read off at every snapshot and window.

A row counts at the snapshots from the first that knows it to the last that its version and a feature's window still
cover: a range `[begin, end)` of places among the snapshots. So no row is joined with dates.

Accounts stand one behind the other on a line, each with its places and one more, where all has ended. Many are booked
together, column by column; `books` says how each measure is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from abm_ml.compiled import compiled
from abm_ml.features.books import (
    COUNT,
    DAY,
    DECAYED,
    DISTINCT,
    LATEST,
    TOTAL,
    Floats,
    Integers,
    Places,
    begin_all,
    count,
    distinct,
    fade,
    keep,
    left_at,
    total,
)

BITS = 62  # conditions per word
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
        line = _line(starts[some.start : some.stop + 1], width)
        begin, ends = line + known, _ends(clock, happened, line, known, all_end[own])
        hits, condition = room[:0], -1
        for column in range(len(measures)):
            if conditions[column] != condition:
                condition = conditions[column]
                hits = _hits(room, words[condition // BITS], 1 << (condition % BITS))
                begin_all(begun, hits, begin)
            place, measure, brings, end = kept[column], measures[column], brought[column], ends[windows[column]]
            if measure == COUNT:
                count(counts[place, some], small, begun, hits, end)
            elif measure == DISTINCT:
                reached, things = reach[first_things[column] :], all_things[brings, own]
                distinct(counts[place, some], small, hits, begin, end, things, reached, first * width)
            elif measure == TOTAL:
                total(others[place, some], books, low, hits, begin, end, numbers[brings])
            elif measure == DECAYED:
                left = left_at(snapshots, numbers[brings], known, happened, clock.half_lives[half_lives[column]])
                fade(others[place, some], books, hits, begin, end, left, fading[half_lives[column]])
            else:
                times = order[own] if measure == LATEST else happened if brings < 0 else all_times[brings, own]
                keep(others[place, some], books, hits, begin, end, times, snapshots, measure)


@compiled
def _line(starts: Integers, width: int) -> Places:
    """Where the places of each row's account begin on the line."""
    line = np.empty(starts[-1] - starts[0], np.int32)
    for account in range(len(starts) - 1):
        line[starts[account] - starts[0] : starts[account + 1] - starts[0]] = account * width
    return line


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
