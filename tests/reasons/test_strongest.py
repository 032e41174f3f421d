"""Which reasons are spoken: the compiled loops against a definition in plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ml.reasons.contributions import Contributions
from abm_ml.reasons.strongest import STRONGEST, strongest

EIGHTH = 0.125  # sums of eighths are exact, and there are many equal ones

Reason = tuple[int, float]  # the column that speaks, and the points


def by_definition(points: list[float], windows: list[list[int]]) -> list[Reason]:
    """The reasons of one account: features by strength, up before down and the first before the next where equal."""
    sums = [sum(points[column] for column in columns) for columns in windows]
    found: list[tuple[float, int, int, Reason]] = []
    for side, sign in enumerate((1, -1)):
        pulling = [feature for feature, total in enumerate(sums) if sign * total > 0]
        for feature in sorted(pulling, key=lambda feature: -abs(sums[feature]))[:STRONGEST]:
            speaking = max(windows[feature], key=lambda column: sign * points[column])
            found.append((-abs(sums[feature]), side, feature, (speaking, sums[feature])))
    return [reason for *_, reason in sorted(found)]


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 14), st.integers(1, 4), st.integers(1, 5), st.integers(0, 10**6))
def test_the_strongest_are_those_of_the_definition(features: int, most: int, rows: int, seed: int) -> None:
    """For any windows per feature and any ties: the same columns in the same order, then the rest, in every account."""
    dice = np.random.default_rng(seed)
    counts = dice.integers(1, most + 1, features)
    windows = [list(each) for each in np.split(np.arange(counts.sum()), np.cumsum(counts)[:-1])]
    members = np.array([[*each, *[-1] * (int(counts.max()) - len(each))] for each in windows], dtype=np.intp)
    points = dice.integers(-3, 4, (rows, int(counts.sum()))) * EIGHTH
    names = tuple(str(column) for column in range(points.shape[1]))
    chosen = strongest(Contributions(names, points, points, 0.5, 0.5 + points.sum(axis=1)), members)
    for row, mine in enumerate(points.tolist()):
        spoken = chosen.row == row
        told = list(zip(chosen.column[spoken].tolist(), chosen.points[spoken].tolist(), strict=True))
        expected = by_definition(mine, windows)
        assert told == [*expected, (-1, sum(mine) - sum(points for _, points in expected))]
        assert chosen.rank[spoken].tolist() == list(range(1, len(told) + 1))
