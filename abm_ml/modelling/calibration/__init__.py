"""From a model's raw margins to probabilities that mean what they say, and how far the truth may lie from them."""

from abm_ml.modelling.calibration.calibrator import (
    WIDEST,
    Calibrator,
    Floats,
    calibrator_from,
    calibrator_record,
    probability_points,
)
from abm_ml.modelling.calibration.choice import fit_calibrator

__all__ = [
    "WIDEST",
    "Calibrator",
    "Floats",
    "calibrator_from",
    "calibrator_record",
    "fit_calibrator",
    "probability_points",
]
