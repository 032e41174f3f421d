"""What became of each row, as a classifier reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from abm_ml.errors import GateRefused, SourceError

FEWEST_EVENTS = 2  # one to teach, one to judge; whether so few are worth anything is for the gate to say


class OneClassOnly(GateRefused, ValueError):
    """A label that shows one class only: nothing can be learned from it."""


def answers(y: Any) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Labels as 0 and 1, and the two classes in order; gaps and a third class are refused with their counts."""
    if y is None:
        raise SourceError("AccountClassifier requires y to be passed, but the target y is None.")
    values = pd.Series(column_or_1d(y, warn=True)).infer_objects()
    gaps = int(values.replace([np.inf, -np.inf], np.nan).isna().sum())
    if gaps:
        raise SourceError(f"Label: {gaps:,} of {len(values):,} rows have none (NaN). Leave out what is not known yet.")
    check_classification_targets(values.to_numpy())
    classes, known = np.unique(values.to_numpy(), return_inverse=True)
    if len(classes) > 2:
        counts = ", ".join(f"{label} ({n:,} rows)" for label, n in zip(classes, np.bincount(known), strict=True))
        raise SourceError(f"Only binary classification is supported. The label has {len(classes)} classes: {counts}.")
    return known.astype(np.int64), classes


def require_both(known: NDArray[np.int64]) -> None:
    """Raises OneClassOnly where labels (0 and 1) do not show both classes at least twice."""
    positives, negatives = int(known.sum()), int((1 - known).sum())
    if min(positives, negatives) < FEWEST_EVENTS:
        raise OneClassOnly(
            f"Label has {positives:,} positives and {negatives:,} negatives: learning from one class only is not "
            f"possible, at least {FEWEST_EVENTS} rows of each are needed."
        )
