"""Registering: a judged model gets its card and pictures, goes into MLflow, and takes its place beside the champion."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from abm_ml.jobs import reliability
from abm_ml.jobs.champions import Throne, against_champion
from abm_ml.jobs.held_out import tables_of
from abm_ml.jobs.learn import Judged
from abm_ml.jobs.population import rule_ranking
from abm_ml.jobs.progress import Advance
from abm_ml.modelling.audit import Trail
from abm_ml.modelling.bundle import Bundle, ModelFacts, save_bundle
from abm_ml.modelling.calibration import WIDEST
from abm_ml.modelling.card import CardFacts, Provenance, Sections, write_card
from abm_ml.modelling.evaluation import Comparison, Evaluation
from abm_ml.modelling.gate import Verdict
from abm_ml.modelling.ladder import Rung, Step
from abm_ml.modelling.pictures import HeldOut, Strength, pictures, strengths_of, summary_bars
from abm_ml.modelling.promotion import PromotionConfig
from abm_ml.modelling.registry import Alias, ModelVersion, Registry, TrackingConfig, TrainingRecord
from abm_ml.reasons.contributions import contributions
from abm_ml.reasons.pictures import beeswarm

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_EXPLAINED = 2_000


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One trained model: what it is called, its rung and what else was tried, how well it does, whether it may ship."""

    version: ModelVersion
    rung: Rung
    ladder: tuple[Step, ...]
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


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a model comes from and where it goes: `folder` holds the store, `models` the cards.

    `until` is up to when the data is known, `definitions` the fingerprint of what its features mean, `left_out` the
    columns that could not be used. `trail` is told what becomes of it, `worse_by` how much worse than the champion it
    may be (see PromotionConfig). Of accounts with an interval wider than `widest_interval` the card says so.
    """

    folder: Path
    models: Path
    tracking: TrackingConfig
    provenance: Provenance
    definitions: str
    until: dt.datetime
    trail: Trail
    worse_by: float = PromotionConfig().worse_by
    left_out: tuple[str, ...] = ()
    widest_interval: float = WIDEST


def register(judged: Judged, origin: Origin, advance: Advance, *, sections: Sections = ()) -> Trained:
    """Stores the model with its card and pictures; the first good one of a label becomes champion.

    `sections` are further parts of the card.
    """
    label = judged.rows.label
    advance(f"{label.name}: explaining")
    sample = _sample(judged)
    held_out, slices = held_out_of(judged), reliability.slices_of(judged)
    strengths = strengths_of(judged.classifier.contributions(sample), judged.rows.columns)
    registry = Registry(origin.tracking, origin.folder)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=origin.folder) as folder:
        bundle = Bundle(judged.classifier.to_state(), _facts(judged, origin))
        sha256 = save_bundle(Path(folder) / "bundle", bundle)
        card = CardFacts(
            training=judged.rows,
            held_out=held_out,
            bundle=bundle,
            sha256=sha256,
            verdict=judged.verdict,
            strengths=strengths,
            provenance=origin.provenance,
            slices=judged.slices,
            sections=(reliability.section(judged, slices, origin.widest_interval), *sections),
            left_out=origin.left_out,
            population=judged.config.population,
        )
        path = write_card(origin.models / label.name, card)
        advance(f"{label.name}: registering")
        record = TrainingRecord(
            bundle=Path(folder) / "bundle",
            card=path,
            pictures=_drawn(judged, held_out, strengths, sample),
            verdict=judged.verdict,
            provenance=origin.provenance,
            against=against_champion(registry, judged, definitions=origin.definitions, beside=origin.folder),
            leaks=judged.rows.leaks,
            figures=reliability.figures(judged, slices),
            tables=tables_of(judged, strengths),
        )
        version = registry.record(record)
    alias = Throne(registry, origin.trail).place(version, judged.verdict, origin.worse_by)
    return _trained(judged, version, alias, path)


def _trained(judged: Judged, version: ModelVersion, alias: Alias | None, card: Path) -> Trained:
    """A model as it was stored, beside how it was judged."""
    return Trained(
        version=version,
        rung=judged.classifier.rung_,
        ladder=judged.classifier.ladder_,
        alias=alias,
        evaluation=judged.evaluation,
        comparisons=judged.comparisons,
        verdict=judged.verdict,
        card=card,
    )


def _drawn(judged: Judged, held_out: HeldOut, strengths: Sequence[Strength], sample: pd.DataFrame) -> dict[str, Figure]:
    """How good the model is, and what moves it, as pictures by name."""
    explained = next(contributions(judged.classifier, sample))
    return {
        **pictures(held_out),
        "strengths": summary_bars(judged.rows.label, strengths),
        "shap_summary": beeswarm(explained, columns=judged.rows.columns),
    }


def _sample(judged: Judged) -> pd.DataFrame:
    """The features of some test rows, always the same: enough to see what moves the model."""
    test = judged.rows.test[judged.rows.names]
    return test.sample(n=min(MOST_EXPLAINED, len(test)), random_state=0).sort_index()


def held_out_of(judged: Judged) -> HeldOut:
    """The rows that the model never saw; without engagements there is no rule to set beside it."""
    label, test = judged.rows.label, judged.rows.test
    has_rule = "engagement_score" in test
    return HeldOut(
        label=label,
        happened=test["label"].to_numpy(dtype=float),
        probability=judged.probability.to_numpy(),
        rule=rule_ranking(label, test["engagement_score"]).to_numpy() if has_rule else None,
    )


def _facts(judged: Judged, origin: Origin) -> ModelFacts:
    return ModelFacts(
        label=judged.rows.label.name,
        horizon_days=judged.rows.horizon_days,
        definitions=origin.definitions,
        trained_as_of=origin.until.isoformat(),
        training_dates=tuple(date.isoformat() for date in judged.rows.split.train),
        versions={name: version_of(name) for name in ("abm-ml", "lightgbm", "scikit-learn", "pandas", "duckdb")},
        evaluation=judged.evaluation,
        comparisons=judged.comparisons,
    )
