"""Scoring: every eligible account's calibrated probabilities with reasons and KPIs beside, published as one run."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path

from abm_ml.catalogue import fingerprint
from abm_ml.errors import GateRefused, IntegrityError
from abm_ml.jobs.champions import approved, throne, usable
from abm_ml.jobs.population import accounts_at, definitions_hash, possible_labels
from abm_ml.jobs.report_kpis import kpi_definitions
from abm_ml.jobs.scorer import Scorer
from abm_ml.jobs.scoring import Scoring, parts_of
from abm_ml.jobs.stakes import stakes_at
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS, Label
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.registry import ModelVersion, Registry
from abm_ml.publishing.manifest import ModelUsed, RunFacts, run_id_of
from abm_ml.publishing.runs import Run, is_published, point_to, publish, read_current, republish
from abm_ml.publishing.storage import lock_workspace


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


def score(
    workspace: Workspace, names: Sequence[str] = (), *, as_of: dt.datetime | None = None, force: bool = False
) -> ScoreResult:
    """Scores all eligible accounts with each label's champion and publishes one immutable run.

    A refusal is written to the audit trail.

    Raises:
        SourceError: the company's tables allow none of the labels.
        NotReady: a label has no champion.
        IntegrityError: a stored model is not the one that was trained and approved, or reads other features.
        GateRefused: there is nobody to score, or all scores are the same.
        LockHeld: another job is promoting or publishing.
    """
    date = workspace.as_of(as_of)
    labels, left_out = possible_labels(workspace, names)
    # Champions are looked up under the lock: a rollback in between would else be undone by a run of the one before.
    with lock_workspace(workspace.folder) as lock, _refusals_told(workspace, labels):
        models = champions(workspace, [label.name for label in labels])
        facts = _facts(workspace, models, date)
        run_id = run_id_of(facts)
        there = is_published(workspace.folder, run_id)
        if there and not force:
            folder = point_to(workspace.folder, run_id, lock=lock)
        else:
            store = republish if there else publish
            folder = store(workspace.folder, Run(facts, parts_of(scoring_at(workspace, models, date))), lock=lock)
    scores = read_current(workspace.folder).scores(columns=["label"])
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


@contextmanager
def _refusals_told(workspace: Workspace, labels: Sequence[Label]) -> Iterator[None]:
    """Writes a refusal to the audit trail, with each champion that would have scored."""
    try:
        yield
    except (GateRefused, IntegrityError) as refusal:
        seat = throne(workspace)
        for label in labels:
            champion = seat.registry.holder(label.name, "champion")
            if champion is not None:
                seat.refuse(champion, action="score", reason=str(refusal))
        raise


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


def champions(workspace: Workspace, names: Sequence[str]) -> dict[str, ModelVersion]:
    """The champion of each label.

    Raises:
        NotReady: a label has none.
        IntegrityError: nobody approved it.
    """
    return {name: approved(workspace, name) for name in names}


def ready(workspace: Workspace) -> tuple[str, ...]:
    """The labels that the company's tables allow and that have a champion."""
    registry = Registry(workspace.config.tracking, workspace.folder)
    labels, _ = possible_labels(workspace, ())
    return tuple(label.name for label in labels if registry.holder(label.name, "champion"))


def scoring_at(workspace: Workspace, models: dict[str, ModelVersion], as_of: dt.datetime) -> Scoring:
    """What the scoring of a date starts from: its models, checked and loaded, and the accounts that are asked about."""
    labels = [LABELS[name] for name in models]
    classifiers = {name: fetched(workspace, version) for name, version in models.items()}
    people, stakes = accounts_at(workspace, labels, as_of), stakes_at(workspace, as_of)
    scorers = tuple(
        Scorer(label=name, classifier=classifiers[name], columns=people.columns, stake=stakes.get(name))
        for name in models
    )
    names = {name: version.name for name, version in models.items()}
    return Scoring(workspace=workspace, as_of=as_of, accounts=people, scorers=scorers, names=names)


def fetched(workspace: Workspace, version: ModelVersion) -> AccountClassifier:
    """The classifier of a registered model, after every byte of it was checked.

    Raises:
        IntegrityError: a byte differs, or the model reads features that this company or version does not have.
    """
    bundle = throne(workspace).registry.bundle(version, workspace.folder)
    classifier = AccountClassifier.from_state(usable(workspace, version, bundle).state)
    classifier.set_params(num_threads=workspace.config.engine.threads)
    return classifier
