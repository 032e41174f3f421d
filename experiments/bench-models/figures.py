"""What the answers are worth: each figure as the mean over seeds, with the 90 % interval of its difference to ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

Figure = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
DRAWS, BINS = 200, 10


def calibration_error(happened: np.ndarray, said: np.ndarray, weight: np.ndarray) -> float:
    """The mean gap between what was said and what happened, over ten bins of equally many rows."""
    order = np.argsort(said, kind="stable")
    bins = np.minimum(np.arange(len(said)) * BINS // len(said), BINS - 1)
    sums = [np.bincount(bins, (weight * column)[order], BINS) for column in (said, happened)]
    return float(np.abs(sums[0] - sums[1]).sum() / weight.sum())


FIGURES: Mapping[str, Figure] = {
    "AUC": lambda happened, said, weight: float(roc_auc_score(happened, said, sample_weight=weight)),
    "PR AUC": lambda happened, said, weight: float(average_precision_score(happened, said, sample_weight=weight)),
    "Brier": lambda happened, said, weight: float(brier_score_loss(happened, said, sample_weight=weight)),
    "calibration error": calibration_error,
}

HIGHER_IS_BETTER = ("AUC", "PR AUC")


class Judge:
    """The test rows of each seed, and the same random weights for every method: groups drawn anew (bootstrap)."""

    def __init__(self, happened: Sequence[np.ndarray], groups: Sequence[np.ndarray | None]) -> None:
        self._happened = happened
        self._weights = [_weights(answers, of) for answers, of in zip(happened, groups, strict=True)]

    def figures(self, said: Sequence[np.ndarray]) -> pd.DataFrame:
        """Every figure, a mean over the seeds: first as it is, then as it might have been (DRAWS rows)."""
        of_seeds = [
            pd.DataFrame([{name: figure(answers, p, each) for name, figure in FIGURES.items()} for each in weights])
            for answers, p, weights in zip(self._happened, said, self._weights, strict=True)
        ]
        mean: pd.DataFrame = sum(of_seeds[1:], start=of_seeds[0]) / len(of_seeds)
        return mean


def _weights(happened: np.ndarray, groups: np.ndarray | None) -> list[np.ndarray]:
    """All rows once, then draws of whole groups with replacement; the seed is fixed, so that methods are paired."""
    group = np.arange(len(happened)) if groups is None else pd.factorize(groups)[0]
    random = np.random.default_rng(7)
    count = int(group.max()) + 1
    draws = [np.bincount(random.integers(0, count, count), minlength=count)[group].astype(float) for _ in range(DRAWS)]
    return [np.ones(len(happened)), *draws]


def interval(draws: pd.Series[float]) -> tuple[float, float]:
    """The 90 % interval of a figure: the first row is the figure itself, the others say how far it moves."""
    low, high = np.quantile(draws.iloc[1:], [0.05, 0.95])
    return float(low), float(high)
