"""Which command trains or promotes a model: a company's labels and ready-made tables have their own."""

from __future__ import annotations

from abm_ml.labels import LABELS


def training(label: str) -> str:
    """The command that trains a model."""
    return f"abm-ml train {label}" if label in LABELS else "abm-ml table train"


def promoting(label: str) -> str:
    """The command that makes a version of a model the champion."""
    return f"abm-ml promote {label}" if label in LABELS else "abm-ml table promote"
