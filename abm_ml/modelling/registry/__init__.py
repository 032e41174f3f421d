"""Models, experiments and backtests in MLflow; nothing else of abm_ml knows it."""

from abm_ml.modelling.registry.backtests import Backtests, Point
from abm_ml.modelling.registry.models import CARD, TABLES, Alias, ModelVersion, Registry
from abm_ml.modelling.registry.trials import Trials, Tried
from abm_ml.modelling.tracking import TrackingConfig
from abm_ml.modelling.training_record import TrainingRecord

__all__ = [
    "CARD",
    "TABLES",
    "Alias",
    "Backtests",
    "ModelVersion",
    "Point",
    "Registry",
    "TrackingConfig",
    "TrainingRecord",
    "Trials",
    "Tried",
]
