"""What the page says of the models that a run was scored with: what they answer, how good they are, and their card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abm_ml.jobs.champions import throne
from abm_ml.jobs.drift import REFERENCES, drift_told
from abm_ml.jobs.scorer import Scorer
from abm_ml.jobs.scoring import Scoring
from abm_ml.labels import LABELS
from abm_ml.modelling.bundle import ModelFacts
from abm_ml.modelling.evaluation import METRICS, Metric
from abm_ml.modelling.registry import CARD, TABLES, ModelVersion, Registry


def model_rows(scoring: Scoring, folder: Path) -> list[dict[str, Any]]:
    """One row of serving.sqlite's `models` per label that was scored; `folder` holds the run's finished tables."""
    registry = throne(scoring.workspace).registry
    rows = []
    for place, scorer in enumerate(scoring.scorers, 1):
        version = _version(registry, scorer.label, scoring.names[scorer.label])
        facts = registry.bundle(version, scoring.workspace.folder).facts
        told = json.loads(registry.document(version, TABLES) or "{}")
        drift = {"drift": drift_told(scoring, folder, scorer.label, told.pop(REFERENCES))} if REFERENCES in told else {}
        rows.append(
            {
                "place": place,
                **_question(scorer),
                "horizon_days": facts.horizon_days,
                "model": version.name,
                "sha256": version.sha256,
                "word": version.gate,
                "trained_as_of": facts.trained_as_of[:10],
                "card": registry.document(version, CARD),
                "figures": json.dumps(_figures(facts) | _tables(told, facts) | drift),
            }
        )
    return rows


def _version(registry: Registry, label: str, name: str) -> ModelVersion:
    return next(version for version in registry.versions(label) if version.name == name)


def _question(scorer: Scorer) -> dict[str, Any]:
    label, classifier = LABELS[scorer.label], scorer.classifier
    return {
        "label": label.name,
        "question": label.definition,
        "yes": label.yes,
        "no": label.no,
        "wanted": label.wanted,
        "rung": classifier.rung_,
        "base_probability": classifier.base_probability_,
    }


def _figures(facts: ModelFacts) -> dict[str, Any]:
    """The figures on held-out rows, each with its interval, and how much better the model is than something simpler."""
    held_out = facts.evaluation
    if held_out is None:
        return {}
    counts = {name: getattr(held_out, name) for name in ("rows", "positives", "accounts", "events")}
    compared = [
        {"baseline": each.baseline, "auc": each.baseline_auc.value, **_metric(each.difference, "difference")}
        for each in facts.comparisons
    ]
    return {**{name: _metric(getattr(held_out, name)) for name in METRICS}, **counts, "comparisons": compared}


def _metric(metric: Metric, name: str = "value") -> dict[str, float]:
    return {name: metric.value, "low": metric.low, "high": metric.high}


def _tables(told: Mapping[str, Any], facts: ModelFacts) -> dict[str, Any]:
    """The tables that the training left, and the lift of each tenth, the highest scores first."""
    base = facts.evaluation.base_rate.value if facts.evaluation else 0.0
    tenths = list(reversed(told.get("calibration", ())))
    lift = [
        {"tenth": place, "rate": each["happened"], "lift": each["happened"] / base, "rows": each["rows"]}
        for place, each in enumerate(tenths, 1)
        if base > 0
    ]
    return {**told, **({"lift": lift} if lift else {})}
