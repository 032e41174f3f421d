"""abm_ml scores B2B accounts: progression, win and churn, calibrated and explained, beside the KPIs of ABM.

Everything here is stable; everything else may change. Modules are imported when a name is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abm_ml.errors import AbmError
    from abm_ml.jobs.backtest import backtest
    from abm_ml.jobs.check import check
    from abm_ml.jobs.experiment import experiment
    from abm_ml.jobs.experiment_plan import ExperimentPlan
    from abm_ml.jobs.explain import explain
    from abm_ml.jobs.flat import promote_table, score_table, train_table
    from abm_ml.jobs.plan import plan
    from abm_ml.jobs.population import features_at
    from abm_ml.jobs.promote import promote
    from abm_ml.jobs.report_kpis import KpiQuestion, report_kpis
    from abm_ml.jobs.rollback import rollback
    from abm_ml.jobs.score import score
    from abm_ml.jobs.train import train
    from abm_ml.jobs.training_sets import training_set_of
    from abm_ml.jobs.workspace import Workspace, open_workspace
    from abm_ml.modelling.classifier import AccountClassifier
    from abm_ml.publishing.runs import read_current
    from abm_ml.sources.base import FrameSource, Source

_HOMES = {
    "AbmError": "abm_ml.errors",
    "AccountClassifier": "abm_ml.modelling.classifier",
    "ExperimentPlan": "abm_ml.jobs.experiment_plan",
    "FrameSource": "abm_ml.sources.base",
    "KpiQuestion": "abm_ml.jobs.report_kpis",
    "Source": "abm_ml.sources.base",
    "Workspace": "abm_ml.jobs.workspace",
    "backtest": "abm_ml.jobs.backtest",
    "check": "abm_ml.jobs.check",
    "experiment": "abm_ml.jobs.experiment",
    "explain": "abm_ml.jobs.explain",
    "features_at": "abm_ml.jobs.population",
    "open_workspace": "abm_ml.jobs.workspace",
    "plan": "abm_ml.jobs.plan",
    "promote": "abm_ml.jobs.promote",
    "promote_table": "abm_ml.jobs.flat",
    "read_current": "abm_ml.publishing.runs",
    "report_kpis": "abm_ml.jobs.report_kpis",
    "rollback": "abm_ml.jobs.rollback",
    "score": "abm_ml.jobs.score",
    "score_table": "abm_ml.jobs.flat",
    "train": "abm_ml.jobs.train",
    "train_table": "abm_ml.jobs.flat",
    "training_set_of": "abm_ml.jobs.training_sets",
}

__all__ = [
    "AbmError",
    "AccountClassifier",
    "ExperimentPlan",
    "FrameSource",
    "KpiQuestion",
    "Source",
    "Workspace",
    "backtest",
    "check",
    "experiment",
    "explain",
    "features_at",
    "open_workspace",
    "plan",
    "promote",
    "promote_table",
    "read_current",
    "report_kpis",
    "rollback",
    "score",
    "score_table",
    "train",
    "train_table",
    "training_set_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"abm_ml has no '{name}'. It has: {', '.join(__all__)}.")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
