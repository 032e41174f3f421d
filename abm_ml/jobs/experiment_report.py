"""What an experiment leaves for people and tools: a row per variant in CSV, a child run per variant in MLflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from abm_ml.jobs.experiment_store import key_of
from abm_ml.jobs.model_config import ModelConfig
from abm_ml.modelling.comparison import Line
from abm_ml.modelling.evaluation import METRICS
from abm_ml.modelling.registry import Tried
from abm_ml.modelling.tuning import Trial, Tuned
from abm_ml.training_set import TrainingSet


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The variants of one label: on rolling folds of the training dates, and of the chosen one (and the first) on test.

    `tested` is how many variants of this label and experiment have ever been judged on the test dates: the more, the
    less the test figure is worth.
    """

    label: str
    lines: tuple[Line, ...]
    chosen: str
    test: tuple[Line, ...]
    tested: int
    settings: Path
    tuned: Tuned | None

    def part(self, dates: str) -> tuple[Line, ...]:
        """The lines of the training dates, or of the test dates."""
        return self.test if dates == "test" else self.lines


def tried_variant(line: Line, config: ModelConfig, rows: TrainingSet, *, bar: str) -> Tried:
    """A variant for MLflow: its settings, and its figures with their intervals; `bar` is the first variant's key."""
    return Tried(
        key=f"{key_of(config, rows.horizon_days)} against {bar}",
        name=f"{config.label}: {line.variant}",
        settings={
            **config.lightgbm.model_dump(),
            "rung": config.rung,
            "groups": "+".join(config.features.groups),
            "exclude": "+".join(config.features.exclude),
            "features": len(rows.names),
            "horizon_days": rows.horizon_days,
        },
        figures=_figures(line) | {"rows": line.evaluation.rows, "positives": line.evaluation.positives},
        tags={"label": config.label, "kind": "variant", "rungs": "+".join(line.rungs)},
    )


def tried_settings(label: str, trial: Trial, *, start: str) -> Tried:
    """A trial of a search for MLflow; `start` is the key of the variant from which the search began."""
    name = f"{label}: trial {trial.number}"
    figures = {"log_loss": trial.loss, "trees": trial.trees, "seconds": trial.seconds}
    return Tried(
        key=f"{start} trial {trial.number}",
        name=name,
        settings=trial.settings,
        figures=figures if trial.auc is None else figures | {"roc_auc": trial.auc},
        tags={"label": label, "kind": "trial", "pruned": str(trial.pruned).lower()},
    )


def results_csv(labels: Sequence[Compared]) -> str:
    """A row per label, dates (training, test) and variant: every figure, its interval, and its gap to the first."""
    parts = [
        (each.label, dates, line) for dates in ("training", "test") for each in labels for line in each.part(dates)
    ]
    rows = [
        {
            "label": label,
            "dates": dates,
            "variant": line.variant,
            "rungs": "+".join(line.rungs),
            "rows": line.evaluation.rows,
            "positives": line.evaluation.positives,
            **_figures(line),
        }
        for label, dates, line in parts
    ]
    return str(pd.DataFrame(rows).to_csv(index=False))


def _figures(line: Line) -> dict[str, float]:
    """Every figure with its _low and _high, and its _gap to the first variant with the same."""
    figures: dict[str, float] = {}
    for name in METRICS:
        found = {name: getattr(line.evaluation, name)}
        if line.differences:
            found[f"{name}_gap"] = line.differences[name]
        for key, metric in found.items():
            figures |= {key: metric.value, f"{key}_low": metric.low, f"{key}_high": metric.high}
    return figures
