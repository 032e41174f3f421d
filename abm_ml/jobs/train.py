"""Training: from a company's tables to a calibrated, judged, explained and registered model per label."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path

from abm_ml.catalogue import fingerprint
from abm_ml.errors import GateRefused
from abm_ml.features.facts import unusable
from abm_ml.jobs.learn import Judged, learn
from abm_ml.jobs.population import definitions_hash, possible_labels, rule_ranking
from abm_ml.jobs.progress import Advance
from abm_ml.jobs.training_sets import makers
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling.bundle import Bundle, ModelFacts, save_bundle
from abm_ml.modelling.card import CardFacts, Provenance, write_card
from abm_ml.modelling.evaluation import Comparison, Evaluation
from abm_ml.modelling.gate import Verdict
from abm_ml.modelling.pictures import HeldOut, pictures, strengths_of, summary_bars
from abm_ml.modelling.registry import Alias, ModelVersion, Registry, TrainingRecord
from abm_ml.reasons.contributions import contributions
from abm_ml.reasons.pictures import beeswarm
from abm_ml.tables import Terms


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One trained model: what it is called, how well it does on later dates, and whether it may ship."""

    version: ModelVersion
    alias: Alias | None
    evaluation: Evaluation
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    card: Path

    @property
    def may_score(self) -> bool:
        """Whether its gate lets it become champion."""
        return self.verdict.word != "Not ready"

    @property
    def champion(self) -> bool:
        """Whether it scores from now on."""
        return self.alias == "champion"


@dataclass(frozen=True)
class TrainResult:
    """What a training produced, the labels that the tables do not allow, and those that were refused, with reasons."""

    as_of: dt.datetime
    trained: tuple[Trained, ...]
    left_out: tuple[str, ...]
    refused: dict[str, str]


def train(workspace: Workspace, names: Sequence[str] = (), *, as_of: dt.datetime | None = None) -> TrainResult:
    """Trains a model per label (default: all configured), registers it, and makes the first good one champion.

    A label that cannot be learned (one class only, too few snapshots, a feature that carries its outcome) does not keep
    the others from being trained.

    Raises:
        SourceError: the company's tables allow none of the labels.
        GateRefused: none of the labels can be learned.
    """
    until = workspace.as_of(as_of)
    possible, left_out = possible_labels(workspace, names)
    advance = workspace.progress("Training models", 3 * len(possible))
    trained, refused = [], {}
    for label, make in zip(possible, makers(workspace, possible, until), strict=True):
        try:
            advance(f"{label.name}: learning")
            judged = learn(workspace, make())
        except GateRefused as refusal:
            refused[label.name] = f"Model {label.name} was not trained: {refusal}"
        else:
            trained.append(_register(workspace, judged, until, advance))
    if not trained:
        raise GateRefused(" ".join(refused.values()))
    return TrainResult(until, tuple(trained), left_out, refused)


def _register(workspace: Workspace, judged: Judged, until: dt.datetime, advance: Advance) -> Trained:
    """Stores the model with its card and pictures; the first good one of a label becomes champion."""
    label, config = judged.rows.label, workspace.config
    advance(f"{label.name}: explaining")
    sample = (
        judged.rows.test[judged.rows.names].sample(n=min(2_000, len(judged.rows.test)), random_state=0).sort_index()
    )
    held_out = HeldOut(
        label=label,
        happened=judged.rows.test["label"].to_numpy(dtype=float),
        probability=judged.probability.to_numpy(),
        rule=rule_ranking(label, judged.rows.test["engagement_score"]).to_numpy(),
    )
    strengths = strengths_of(judged.classifier.contributions(sample), judged.rows.columns)
    registry = Registry(config.tracking, workspace.folder)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=workspace.folder) as folder:
        bundle = Bundle(judged.classifier.to_state(), _facts(judged, until, workspace.terms))
        sha256 = save_bundle(Path(folder) / "bundle", bundle)
        provenance = Provenance(data=fingerprint(workspace.company.hashes), config=workspace.config_hash)
        card = CardFacts(
            training=judged.rows,
            held_out=held_out,
            bundle=bundle,
            sha256=sha256,
            verdict=judged.verdict,
            strengths=strengths,
            provenance=provenance,
            slices=judged.slices,
            left_out=unusable(workspace.company.tables, config),
            population=judged.config.population,
        )
        path = write_card(config.models / label.name, card)
        advance(f"{label.name}: registering")
        drawn = pictures(held_out) | {
            "strengths": summary_bars(label, strengths),
            "shap_summary": beeswarm(next(contributions(judged.classifier, sample)), columns=judged.rows.columns),
        }
        record = TrainingRecord(
            bundle=Path(folder) / "bundle", card=path, pictures=drawn, verdict=judged.verdict, provenance=provenance
        )
        version = registry.record(record)
    return Trained(
        version=version,
        alias=_alias(registry, version, judged.verdict),
        evaluation=judged.evaluation,
        comparisons=judged.comparisons,
        verdict=judged.verdict,
        card=path,
    )


def _alias(registry: Registry, version: ModelVersion, verdict: Verdict) -> Alias | None:
    """Champion where there is none yet, else challenger; None for a model that may not score."""
    if verdict.word == "Not ready":
        return None
    if registry.holder(version.label, "champion") is None:
        registry.set_champion(version.label, version.version)
        return "champion"
    registry.set_challenger(version.label, version.version)
    return "challenger"


def _facts(judged: Judged, until: dt.datetime, terms: Terms) -> ModelFacts:
    return ModelFacts(
        label=judged.rows.label.name,
        horizon_days=judged.rows.horizon_days,
        definitions=definitions_hash(terms),
        trained_as_of=until.isoformat(),
        training_dates=tuple(date.isoformat() for date in judged.rows.split.train),
        versions={name: version_of(name) for name in ("abm-ml", "lightgbm", "scikit-learn", "pandas", "duckdb")},
        evaluation=judged.evaluation,
        comparisons=judged.comparisons,
    )
