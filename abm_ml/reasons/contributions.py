"""What each feature adds to a score: exact, and the same sum that the model itself gives."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.errors import IntegrityError

if TYPE_CHECKING:
    from abm_ml.modelling.classifier import AccountClassifier
    from abm_ml.modelling.mixture import Model
    from abm_ml.modelling.trees import Trees
    from abm_ml.reasons.kernel import Kernel

Floats = NDArray[np.float64]

BLOCK_ROWS = 8_192
SAMPLE_ROWS = 64
CLOSE_ENOUGH = 1e-9

_kernels: WeakKeyDictionary[Any, Kernel | None] = WeakKeyDictionary()
_building = Lock()


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each feature adds to the probability of some accounts, in probability points (0.042 is 4.2 points).

    `points` has one row per account and one column per name; with `base_probability`, a row adds up to the
    `probability` of its account to 1e-9. `inputs` are the rows as the model reads them.
    """

    names: tuple[str, ...]
    points: Floats
    inputs: Floats
    base_probability: float
    probability: Floats


def contributions(
    classifier: AccountClassifier, X: pd.DataFrame, *, block_rows: int = BLOCK_ROWS
) -> Iterator[Contributions]:
    """The contributions to the scores of a feature frame, block by block in its order: memory stays that of one block.

    Of trees, path-dependent TreeSHAP in log-odds (Lundberg et al., 2020, doi 10.1038/s42256-019-0138-9), scaled along
    the calibration curve of each row; of the lower rungs, their own sums. The kernel's numbers are compared with
    LightGBM's own on the first rows; if they differ, a warning says so and shap, which asks LightGBM, takes over.

    Raises:
        IntegrityError: the contributions are not those of the model itself.
    """
    from abm_ml.modelling.calibration import probability_points

    names = tuple(feature.name for feature in classifier.features_)
    base_margin = np.asarray(classifier.model_.base_margin)
    _require(base_margin - classifier.base_margin_, "start from another base than the model's")
    log_odds: Callable[[Floats], Floats] | None = None
    for start in range(0, len(X), block_rows):
        matrix = classifier.encode(X.iloc[start : start + block_rows])
        margin = classifier.model_.margin(matrix, threads=classifier.num_threads)
        log_odds = log_odds or _exact(classifier, matrix[:SAMPLE_ROWS])
        parts = log_odds(matrix)
        _require(parts.sum(axis=1) + classifier.base_margin_ - margin, "do not add up to its margin")
        points, base = probability_points(parts, classifier.base_margin_, classifier.calibrator_)
        yield Contributions(names, points, matrix, base, classifier.calibrator_.calibrate(margin))


def _exact(classifier: AccountClassifier, sample: Floats) -> Callable[[Floats], Floats]:
    """The quickest way to the contributions in log-odds that gives what the model says of some rows itself."""
    from abm_ml.modelling.cells import Pooled

    model = classifier.model_
    if isinstance(model, Pooled):
        of_all, beside = _of_all(model.whole, sample, threads=classifier.num_threads), model.beside
        return lambda matrix: of_all(matrix) + beside(matrix)
    return _of_all(model, sample, threads=classifier.num_threads)


def _of_all(model: Model, sample: Floats, *, threads: int) -> Callable[[Floats], Floats]:
    from abm_ml.modelling.mixture import Mixture
    from abm_ml.modelling.trees import Trees

    if isinstance(model, Trees):
        return _of_trees(model, sample, threads=threads)
    if isinstance(model, Mixture):
        of_trees = _of_trees(model.trees, sample, threads=threads)
        return lambda matrix: model.mean(of_trees(matrix), model.additive.contributions(matrix))
    return model.contributions


def _of_trees(trees: Trees, sample: Floats, *, threads: int) -> Callable[[Floats], Floats]:
    """The kernel's, where they are LightGBM's own; else shap's."""
    own = trees.contributions(sample)
    kernel = _kernel(trees.booster)
    if kernel is None:
        reason = "knows no such trees"
    else:
        found = kernel.contributions(sample, threads=threads)
        # LightGBM has no number where no training row came; the sum over all features is checked there, too.
        worst = _worst(np.where(np.isnan(own), 0.0, found - own))
        if worst <= CLOSE_ENOUGH:
            return partial(kernel.contributions, threads=threads)
        reason = f"is off by {worst:.1e}"
    warnings.warn(
        f"Reasons: the fast kernel {reason}, so shap explains the model, as exactly but far slower. "
        f"Please report the model's settings.",
        stacklevel=4,
    )
    return _by_shap(trees)


def _kernel(booster: Any) -> Kernel | None:
    """A booster's kernel, which lives as long as the booster."""
    from abm_ml.reasons.kernel import kernel_of

    with _building:  # several threads explain rows of one model at once
        if booster not in _kernels:
            _kernels[booster] = kernel_of(booster.dump_model())
        return _kernels[booster]


def _by_shap(trees: Trees) -> Callable[[Floats], Floats]:
    import shap

    explainer = shap.TreeExplainer(trees.booster, feature_perturbation="tree_path_dependent")

    def log_odds(matrix: Floats) -> Floats:
        # Called as a function, the explainer is silent about shapes; `shap_values` warns at every block.
        return np.asarray(explainer(matrix, check_additivity=False).values, dtype=np.float64)

    return log_odds


def _worst(difference: Floats) -> float:
    return float(np.abs(difference).max(initial=0.0))


def _require(difference: Floats, complaint: str) -> None:
    worst = _worst(difference)
    if not worst <= CLOSE_ENOUGH:
        raise IntegrityError(f"Contributions of the model {complaint} (off by {worst:.1e}). Train the model again.")
