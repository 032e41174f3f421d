"""Scoring: every eligible account's calibrated probabilities with reasons and KPIs beside, published as one run."""

from __future__ import annotations

import datetime as dt
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from abm_ml.catalogue import fingerprint
from abm_ml.errors import GateRefused, IntegrityError
from abm_ml.features import feature_set
from abm_ml.jobs.population import Population, definitions_hash, percentile, population, possible_labels, rule_ranking
from abm_ml.jobs.report_kpis import kpi_definitions, kpis_by_account, program_report
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS, Label
from abm_ml.modelling.bundle import Bundle, load_bundle
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.registry import ModelVersion, Registry
from abm_ml.publishing.manifest import ModelUsed, RunFacts, run_id_of
from abm_ml.publishing.runs import Run, is_published, point_to, publish, read_current, republish
from abm_ml.publishing.storage import lock_workspace
from abm_ml.publishing.tables import RunTables
from abm_ml.reasons.phrases import explain

# What is at stake when a label comes true, as known on the date: the open deals, or a year of the running contracts.
# A move to the next stage pays nothing by itself.
STAKES = {"win": "open_amount", "churn": "running_value"}
_FAR_APART = 0.5


@dataclass(frozen=True)
class ScoreResult:
    """What was scored and where it was published, and the labels that the company's tables do not allow."""

    run_id: str
    as_of: dt.datetime
    folder: Path
    models: dict[str, str]
    scored: dict[str, int]
    already_published: bool
    left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of a date before they are published: a row per account and label, with reasons, KPIs and features."""

    as_of: dt.datetime
    models: dict[str, ModelVersion]
    scores: pd.DataFrame
    reasons: pa.Table
    kpis: pd.DataFrame
    features: pd.DataFrame


def score(
    workspace: Workspace, names: Sequence[str] = (), *, as_of: dt.datetime | None = None, force: bool = False
) -> ScoreResult:
    """Scores all eligible accounts with each label's champion and publishes one immutable run.

    Raises:
        SourceError: the company's tables allow none of the labels.
        NotReady: a label has no champion.
        IntegrityError: a stored model is not the one that was trained, or reads other features.
        GateRefused: there is nobody to score, or all scores are the same.
    """
    date = workspace.as_of(as_of)
    labels, left_out = possible_labels(workspace, names)
    models = champions(workspace, [label.name for label in labels])
    facts = _facts(workspace, models, date)
    run_id = run_id_of(facts)
    with lock_workspace(workspace.folder) as lock:
        there = is_published(workspace.folder, run_id)
        if there and not force:
            folder = point_to(workspace.folder, run_id, lock=lock)
        else:
            store = republish if there else publish
            folder = store(
                workspace.folder, Run(facts, _tables(workspace, scores_at(workspace, models, date))), lock=lock
            )
    scores = read_current(workspace.folder).scores()
    counted = scores.group_by("label").aggregate([("label", "count")]).sort_by("label").to_pylist()
    return ScoreResult(
        run_id=run_id,
        as_of=date,
        folder=folder,
        models={label: version.name for label, version in models.items()},
        scored={row["label"]: row["label_count"] for row in counted},
        already_published=there,
        left_out=left_out,
    )


def _facts(workspace: Workspace, models: dict[str, ModelVersion], as_of: dt.datetime) -> RunFacts:
    packages = ("abm-ml", "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "pyarrow", "shap")
    return RunFacts(
        as_of=as_of.date(),
        models={label: ModelUsed(version.name, version.sha256) for label, version in models.items()},
        data=workspace.company.hashes,
        config_sha256=workspace.config_hash,
        definitions=fingerprint(definitions_hash(workspace.terms), kpi_definitions()),
        versions={"python": platform.python_version()} | {name: version_of(name) for name in packages},
    )


def _tables(workspace: Workspace, made: Scores) -> RunTables:
    scores = pa.Table.from_pandas(made.scores, preserve_index=False)
    program = program_report(workspace, made.as_of, scores)
    return RunTables(
        scores=scores,
        reasons=made.reasons,
        kpis=pa.Table.from_pandas(made.kpis.drop(columns="as_of"), preserve_index=False),
        program_kpis=pa.Table.from_pandas(program, preserve_index=False),
        features=pa.Table.from_pandas(made.features.drop(columns="as_of"), preserve_index=False),
    )


def champions(workspace: Workspace, names: Sequence[str]) -> dict[str, ModelVersion]:
    """The champion of each label; raises NotReady for a label that has none."""
    registry = Registry(workspace.config.tracking, workspace.folder)
    return {name: registry.champion(name) for name in names}


def ready(workspace: Workspace) -> tuple[str, ...]:
    """The labels that the company's tables allow and that have a champion."""
    registry = Registry(workspace.config.tracking, workspace.folder)
    labels, _ = possible_labels(workspace, ())
    return tuple(label.name for label in labels if registry.holder(label.name, "champion"))


def scores_at(workspace: Workspace, models: dict[str, ModelVersion], as_of: dt.datetime) -> Scores:
    """The scores of a date: everything that a run holds but its id."""
    labels = [LABELS[name] for name in models]
    classifiers = {name: fetched(workspace, version) for name, version in models.items()}
    people = population(workspace, labels, [as_of])
    if people.features.empty:
        raise GateRefused(
            f"On {as_of:%Y-%m-%d} there is nobody to score: no account is eligible for {', '.join(models)}."
        )
    rows, reasons = [], []
    advance = workspace.progress("Scoring", 2 * len(labels))
    for label in labels:
        advance(f"{label.name}: probabilities")
        classifier = classifiers[label.name]
        asked = _asked(workspace, people, label)
        if asked.empty:
            continue
        rows.append(_rows(workspace, label, models[label.name], classifier, asked, as_of))
        advance(f"{label.name}: reasons")
        reasons.append(explain(classifier, asked, label=label.name, columns=people.columns))
    scores = pd.concat(rows, ignore_index=True)
    beside = kpis_by_account(workspace, as_of, pa.Table.from_pandas(scores, preserve_index=False))
    return Scores(
        as_of=as_of,
        models=models,
        scores=scores,
        reasons=pa.concat_tables(reasons),
        kpis=people.rule.merge(
            beside.drop(columns="engagement_score"), on="account_id", how="left", validate="one_to_one"
        ),
        features=people.features,
    )


def fetched(workspace: Workspace, version: ModelVersion) -> AccountClassifier:
    """The classifier of a registered model, after every byte of it was checked.

    Raises:
        IntegrityError: a byte differs, or the model reads features that this company or version does not have.
    """
    registry = Registry(workspace.config.tracking, workspace.folder)
    with tempfile.TemporaryDirectory(dir=workspace.folder, prefix=".model-") as folder:
        files = registry.fetch(version, Path(folder) / "bundle")
        bundle = load_bundle(files, expected_sha256=version.sha256, name=version.name)
    _refuse_other_features(workspace, bundle, version)
    classifier = AccountClassifier.from_state(bundle.state)
    classifier.set_params(num_threads=workspace.config.engine.threads)
    return classifier


def _refuse_other_features(workspace: Workspace, bundle: Bundle, version: ModelVersion) -> None:
    there = {column.name for column in feature_set(workspace.company.tables, workspace.terms).columns}
    missing = [feature.name for feature in bundle.state.features if feature.name not in there]
    if missing:
        raise IntegrityError(
            f"Model {version.name} reads {len(missing)} features that the company's tables do not give (first: "
            f"{missing[0]}). Bring the table back, or train again: abm-ml train {version.label}."
        )
    if bundle.facts.definitions != definitions_hash(workspace.terms):
        raise IntegrityError(
            f"Model {version.name} was trained with other definitions of its features. Train again: abm-ml train "
            f"{version.label}."
        )


def _asked(workspace: Workspace, people: Population, label: Label) -> pd.DataFrame:
    """The features of the accounts that a label asks about, with the engagement score and level beside."""
    keys = workspace.engine.compute(people.asked[label.name].select("account_id")).to_pandas()
    beside = people.rule[["account_id", "engagement_score", "engagement_level"]]
    asked = people.features[people.features["account_id"].isin(keys["account_id"])]
    return asked.merge(beside, on="account_id", how="left", validate="one_to_one")


def _rows(
    workspace: Workspace,
    label: Label,
    version: ModelVersion,
    classifier: AccountClassifier,
    asked: pd.DataFrame,
    as_of: dt.datetime,
) -> pd.DataFrame:
    probability = classifier.predict_proba(asked)[:, 1]
    interval = classifier.predict_interval(asked)
    model, rule = percentile(probability), percentile(rule_ranking(label, asked["engagement_score"]))
    stake = asked.get(STAKES.get(label.name, ""), pd.Series(np.nan, index=asked.index))
    return pd.DataFrame(
        {
            "as_of": as_of.date(),
            "account_id": asked["account_id"],
            "label": label.name,
            "eligible": True,
            "probability": probability,
            "low": interval[:, 0],
            "high": interval[:, 1],
            "base_probability": classifier.base_probability_,
            "percentile": model,
            "grade": _grades(probability, workspace.config.grades),
            "rung": "lightgbm",
            "model": version.name,
            "expected_value": np.where(stake > 0, probability * stake, np.nan),
            "currency": pd.Series(workspace.terms.currency, index=asked.index).where(stake > 0, None),
            "rule_score": asked["engagement_score"],
            "rule_level": asked["engagement_level"],
            "agreement": _agreement(model, rule).where(asked["engagement_score"].notna().to_numpy(), None),
            "holdout": False,
        }
    )


def _agreement(model: pd.Series[float], rule: pd.Series[float]) -> pd.Series[str]:
    """Whether model and rule rank an account alike, or which of them ranks it far higher."""
    cases = [rule - model > _FAR_APART, model - rule > _FAR_APART]
    return pd.Series(np.select(cases, ["rule_higher", "model_higher"], "agree"))


def _grades(probability: Any, cuts: dict[str, float]) -> Any:
    return np.select([probability >= cut for cut in cuts.values()], list(cuts), "D")
