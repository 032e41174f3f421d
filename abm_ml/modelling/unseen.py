"""What a model cannot know of an account: what nobody recorded, and what its rows were too few to teach.

One outcome per account cannot tell the first: without an assumption, an interval that holds the true probability must
be as wide as one that holds the outcome itself (Barber, 2020, doi 10.1214/20-EJS1749). The assumption here: what is not
recorded knows as much beside the features as blocks of features are found to know beside each other. The second can be
seen: models that learned from different accounts differ, and the less so the more accounts there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from abm_ml.modelling.calibration import Calibrator
from abm_ml.modelling.calibration.calibrator import probability_of
from abm_ml.modelling.folds import Fold, Rows, dealt
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.ladder import Fit, HeldOut, Rung

# What public labels show (experiments/2026-11-calibration/hidden.py); lower rungs leave unused what is recorded, too.
# What a label shows by itself is left out: on synthetic companies, whose truth is known, it does not tell where more is
# hidden.
HIDDEN: Mapping[Rung, float] = {"rules": 0.15, "rate": 0.2, "logistic": 0.06, "lightgbm": 0.06}
UNTEACHABLE = 1.0  # the variance of log-odds where half of the accounts cannot teach: nearly three times the odds
MOST_ROWS, ENOUGH_ROWS = 15_000, 10_000
SEED = 7


def with_unseen(calibrator: Calibrator, best: HeldOut, rows: Prepared, folds: Sequence[Fold]) -> Calibrator:
    """The calibrator that knows how far an account's own probability may lie from what the best rung says."""
    asked = folds[: 1 + ENOUGH_ROWS // len(rows.y)]  # few rows are asked several times over
    found = [untaught(calibrator, best.fit, rows, fold, seed=SEED + turn) for turn, fold in enumerate(asked)]
    return replace(calibrator, unseen=HIDDEN[best.rung], untaught=float(np.mean(found)))


def untaught(calibrator: Calibrator, fit: Fit, rows: Prepared, fold: Fold, *, seed: int = SEED) -> float:
    """The variance of calibrated log-odds that comes from the accounts that happened to be there to learn from.

    Two models learn from a half of a fold's teaching accounts each. Half of the mean square of their difference on the
    judging rows is the variance of one, and it falls with the number of rows that teach. Rows count as p (1 - p), by
    which a difference in log-odds is seen in the probability.
    """
    teach, judge = fold
    halves = halved(teach, rows, seed=seed)
    if any(len(np.unique(rows.y[half])) < 2 for half in halves):
        return UNTEACHABLE
    one, other = (calibrator.log_odds(fit(half).margin(rows.matrix[judge])) for half in halves)
    p = probability_of((one + other) / 2.0)
    apart = np.average((one - other) ** 2, weights=rows.weight[judge] * p * (1.0 - p))
    return float(apart / 2.0 * len(halves[0]) / len(rows.y))


def halved(teach: Rows, rows: Prepared, *, seed: int = SEED) -> tuple[Rows, Rows]:
    """The teaching rows of two halves of the accounts, with and without events dealt alike; of many only some."""
    owner = np.arange(len(teach)) if rows.groups is None else np.unique(rows.groups[teach], return_inverse=True)[1]
    parts = max(2, -(-len(teach) // MOST_ROWS))
    place = dealt(rows.y[teach], owner.astype(np.int64), parts, seed=seed)
    return teach[place == 0], teach[place == 1]
