"""The search for settings that predict later dates best, within a budget."""

from abm_ml.modelling.tuning.journal import require_optuna
from abm_ml.modelling.tuning.search import Search, Trial, Tuned, tune

__all__ = ["Search", "Trial", "Tuned", "require_optuna", "tune"]
