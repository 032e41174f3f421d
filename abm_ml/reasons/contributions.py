"""What each feature adds to a score: exact, and the same sum that the trees themselves give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.errors import IntegrityError

if TYPE_CHECKING:
    from abm_ml.modelling.classifier import AccountClassifier

Floats = NDArray[np.float64]

BLOCK_ROWS = 8_192
SAMPLE_ROWS = 64
CLOSE_ENOUGH = 1e-9


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each feature adds to the probability of some accounts, in probability points (0.042 is 4.2 points).

    `points` has one row per account and one column per name; with `base_probability`, a row adds up to the
    `probability` of its account to 1e-9. `inputs` are the rows as the trees read them.
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

    Path-dependent TreeSHAP in log-odds (Lundberg et al., 2020, doi 10.1038/s42256-019-0138-9), scaled along the
    calibration curve of each row.

    Raises:
        IntegrityError: the contributions are not those of the model's own trees.
    """
    import shap

    from abm_ml.modelling.calibration import probability_points

    explainer = shap.TreeExplainer(classifier.booster_, feature_perturbation="tree_path_dependent")
    names = tuple(feature.name for feature in classifier.features_)
    for start in range(0, len(X), block_rows):
        matrix = classifier.encode(X.iloc[start : start + block_rows])
        margin = np.asarray(classifier.booster_.predict(matrix, raw_score=True), dtype=np.float64)
        parts = _log_odds(explainer, matrix)
        if not start:
            _compare(classifier, matrix[:SAMPLE_ROWS], parts[:SAMPLE_ROWS])
        _require(np.abs(parts.sum(axis=1) + classifier.base_margin_ - margin), "do not add up to its margin")
        points, base = probability_points(parts, classifier.base_margin_, classifier.calibrator_)
        yield Contributions(names, points, matrix, base, classifier.calibrator_.calibrate(margin))


def _log_odds(explainer: Any, matrix: Floats) -> Floats:
    # Called as a function, the explainer is silent about shapes; `shap_values` warns at every block.
    parts: Floats = np.asarray(explainer(matrix, check_additivity=False).values, dtype=np.float64)
    return parts


def _compare(classifier: AccountClassifier, matrix: Floats, parts: Floats) -> None:
    own = np.asarray(classifier.booster_.predict(matrix, pred_contrib=True), dtype=np.float64)
    _require(np.abs(own[:, :-1] - parts), "are not those of its own trees")
    _require(np.abs(own[:, -1] - classifier.base_margin_), "start from another base than the model's")


def _require(difference: Floats, complaint: str) -> None:
    worst = float(difference.max(initial=0.0))
    if not worst <= CLOSE_ENOUGH:
        raise IntegrityError(f"Contributions of the model {complaint} (off by {worst:.1e}). Train the model again.")
