"""What the answers are worth: each figure as the mean over seeds, with the 90 % interval of its difference to ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

# What happened and what was said, shape (rows,), and weights, shape (draws, rows): one figure per draw.
Figure = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
DRAWS, BINS = 200, 10


def roc_auc(happened: np.ndarray, said: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How often the right one of two rows was said to be likelier; ties count half."""
    yes, no = _by_value(happened, said, weights)
    before = np.cumsum(no, axis=1) - no
    return (yes * (before + no / 2.0)).sum(axis=1) / (yes.sum(axis=1) * no.sum(axis=1))


def average_precision(happened: np.ndarray, said: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean share of right calls, from the highest score down, as scikit-learn has it."""
    yes, no = (each[:, ::-1] for each in _by_value(happened, said, weights))
    found, called = np.cumsum(yes, axis=1), np.cumsum(yes + no, axis=1)
    right = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    return (yes * right).sum(axis=1) / yes.sum(axis=1)


def brier(happened: np.ndarray, said: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean squared error of the probabilities."""
    return weights @ (happened - said) ** 2 / weights.sum(axis=1)


def calibration_error(happened: np.ndarray, said: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean gap between what was said and what happened, over ten bins of equally many rows."""
    order = np.argsort(said, kind="stable")
    starts = np.unique(np.arange(BINS) * len(said) // BINS)
    gaps = np.add.reduceat((weights * (said - happened))[:, order], starts, axis=1)
    return np.abs(gaps).sum(axis=1) / weights.sum(axis=1)


FIGURES: Mapping[str, Figure] = {
    "AUC": roc_auc,
    "PR AUC": average_precision,
    "Brier": brier,
    "calibration error": calibration_error,
}
HIGHER_IS_BETTER = ("AUC", "PR AUC")


def _by_value(happened: np.ndarray, said: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of the rows that happened, and of the others, for each value that was said, the lowest first."""
    order = np.argsort(said, kind="stable")
    starts = np.flatnonzero(np.diff(said[order], prepend=-np.inf))
    yes, no = (np.add.reduceat((weights * part)[:, order], starts, axis=1) for part in (happened, 1 - happened))
    return yes, no


class Judge:
    """The test rows of each seed, and the same random weights for every method: groups drawn anew (bootstrap)."""

    def __init__(self, happened: Sequence[np.ndarray], groups: Sequence[np.ndarray | None]) -> None:
        self._happened = happened
        self._weights = [_weights(answers, of) for answers, of in zip(happened, groups, strict=True)]

    def figures(self, said: Sequence[np.ndarray]) -> pd.DataFrame:
        """Every figure, a mean over the seeds: first as it is, then as it might have been (DRAWS rows)."""
        of_seeds = [
            pd.DataFrame({name: figure(answers, p, weights) for name, figure in FIGURES.items()})
            for answers, p, weights in zip(self._happened, said, self._weights, strict=True)
        ]
        mean: pd.DataFrame = sum(of_seeds[1:], start=of_seeds[0]) / len(of_seeds)
        return mean


def _weights(happened: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """All rows once, then draws of whole groups with replacement; the seed is fixed, so that methods are paired."""
    group = np.arange(len(happened)) if groups is None else pd.factorize(groups)[0]
    random = np.random.default_rng(7)
    count = int(group.max()) + 1
    draws = [np.bincount(random.integers(0, count, count), minlength=count)[group] for _ in range(DRAWS)]
    return np.stack([np.ones(len(happened)), *draws]).astype(float)


def interval(draws: pd.Series[float]) -> tuple[float, float]:
    """The 90 % interval of a figure: the first row is the figure itself, the others say how far it moves."""
    low, high = np.quantile(draws.iloc[1:], [0.05, 0.95])
    return float(low), float(high)
