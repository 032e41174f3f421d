"""What became of each row, as a classifier reads it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from abm_ml.errors import SourceError


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
