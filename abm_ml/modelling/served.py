"""A stored model as MLflow serves it: a frame of features in, calibrated probabilities out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from abm_ml.modelling.bundle import load_bundle
from abm_ml.modelling.calibration import Floats
from abm_ml.modelling.classifier import AccountClassifier


class ServedModel:
    """What `mlflow.pyfunc.load_model` wraps."""

    def __init__(self, classifier: AccountClassifier) -> None:
        self._classifier = classifier

    def predict(self, frame: Any) -> Floats:
        """The calibrated probability of the label for each row; columns are found by name."""
        return self._classifier.predict_proba(frame)[:, 1]


def _load_pyfunc(path: str) -> ServedModel:
    """MLflow asks the loader module for this function; `path` is the folder of plain files, checked before loading."""
    return ServedModel(AccountClassifier.from_state(load_bundle(Path(path)).state))
