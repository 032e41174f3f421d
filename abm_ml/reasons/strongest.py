"""Which reasons of a score are spoken: the strongest up, the strongest down, and the rest, adding up to the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm_ml.compiled import compiled
from abm_ml.errors import IntegrityError
from abm_ml.reasons.contributions import CLOSE_ENOUGH, Contributions, Floats

Places = NDArray[np.intp]

STRONGEST = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """The reasons that are spoken, one after another: whose, which column and how strong; column -1 is the rest."""

    row: Places
    rank: Places
    column: Places
    points: Floats


def strongest(block: Contributions, members: Places) -> Chosen:
    """Which reasons are spoken of each account, with the rest after them.

    `members` has a row per feature with the places of its columns, filled up with -1: they are one reason, whose points
    are their sum, and which is spoken by the one that pulls most in the sum's direction.

    Raises:
        IntegrityError: an account's points do not add up to its probability.
    """
    sums = _summed(block.points, members)
    number, strength = _ranked(sums)
    row, place = np.nonzero(strength > 0)
    feature = number[row, place]
    points = sums[row, feature]
    column = _leading(block.points, members, row, feature, np.sign(points))
    listed = np.bincount(row, weights=points, minlength=len(sums))
    rest = block.probability - block.base_probability - listed
    worst = float(np.abs(rest - (sums.sum(axis=1) - listed)).max(initial=0.0))
    if not worst <= CLOSE_ENOUGH:
        raise IntegrityError(f"Reasons do not add up to the probability (off by {worst:.1e}). Train the model again.")
    return _with_rest(row, column, points, rest)


@compiled
def _summed(points: Floats, members: Places) -> Floats:
    """The points of each feature: those of its columns together."""
    sums = np.zeros((len(points), len(members)))
    for row in range(len(points)):
        for feature in range(len(members)):
            for column in members[feature]:
                if column >= 0:
                    sums[row, feature] += points[row, column]
    return sums


def _ranked(sums: Floats) -> tuple[Places, Floats]:
    """The strongest features of each row in either direction, strongest first; strength 0 is no reason."""
    sides = [_largest(side, STRONGEST) for side in (sums, -sums)]
    found, amount = (np.concatenate(each, axis=1) for each in zip(*sides, strict=True))
    order = np.argsort(-amount, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(amount, order, axis=1)


@compiled
def _largest(values: Floats, most: int) -> tuple[Places, Floats]:
    """The places of the largest positive values of each row, and these, in falling order; of equal ones the first."""
    number, amount = np.zeros((len(values), most), dtype=np.intp), np.zeros((len(values), most))
    for row in range(len(values)):
        best, where = amount[row], number[row]
        for place in range(values.shape[1]):
            value, rank = values[row, place], most
            while rank > 0 and best[rank - 1] < value:
                if rank < most:
                    best[rank], where[rank] = best[rank - 1], where[rank - 1]
                rank -= 1
            if rank < most:
                best[rank], where[rank] = value, place
    return number, amount


@compiled
def _leading(points: Floats, members: Places, row: Places, feature: Places, sign: Floats) -> Places:
    """Of each reason the column that pulls most in its direction; of equal ones the first."""
    leading = np.zeros(len(row), dtype=np.intp)
    for reason in range(len(row)):
        most = -np.inf
        for column in members[feature[reason]]:
            if column >= 0 and points[row[reason], column] * sign[reason] > most:
                most = points[row[reason], column] * sign[reason]
                leading[reason] = column
    return leading


def _with_rest(row: Places, column: Places, points: Floats, rest: Floats) -> Chosen:
    """Every account's reasons followed by its row for the rest."""
    counts = np.bincount(row, minlength=len(rest)) + 1
    ends = np.cumsum(counts)
    owner = np.repeat(np.arange(len(rest)), counts)
    rank = np.arange(len(owner)) - (ends - counts)[owner] + 1
    is_rest = np.zeros(len(owner), dtype=bool)
    is_rest[ends - 1] = True
    columns, amounts = np.full(len(owner), -1, dtype=np.intp), np.empty(len(owner))
    columns[~is_rest], amounts[~is_rest] = column, points
    amounts[is_rest] = rest
    return Chosen(owner, rank, columns, amounts)
