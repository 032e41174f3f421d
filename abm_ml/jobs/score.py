"""Scoring: every eligible account's calibrated probabilities with reasons and KPIs beside, published as one run."""

from __future__ import annotations

import datetime as dt
import platform
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path

import pyarrow as pa

from abm_ml.catalogue import fingerprint
from abm_ml.errors import GateRefused, IntegrityError
from abm_ml.jobs.champions import approved, throne, usable
from abm_ml.jobs.changes import change_parts
from abm_ml.jobs.population import accounts_at, definitions_hash, possible_labels
from abm_ml.jobs.report_kpis import kpi_definitions, program_report
from abm_ml.jobs.scorer import Scorer
from abm_ml.jobs.scoring import Scoring, kpi_parts, scores_of
from abm_ml.jobs.serving import Serving
from abm_ml.jobs.stakes import stakes_at
from abm_ml.jobs.what_if import what_if_parts
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS, Label
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.registry import ModelVersion, Registry
from abm_ml.publishing.manifest import ModelUsed, RunFacts, run_id_of
from abm_ml.publishing.past import run_before
from abm_ml.publishing.runs import PublishedRun, Run, is_published, point_to, publish, read_current, republish
from abm_ml.publishing.serving import SERVING
from abm_ml.publishing.serving.movers import Mover, movers
from abm_ml.publishing.storage import lock_workspace
from abm_ml.publishing.tables import Part
from abm_ml.reasons.rows import CHANGES, WHAT_IF

MOVERS = 2


@dataclass(frozen=True)
class ScoreResult:
    """What was scored and where it was published, and the labels that the company's tables do not allow.

    `previous` is the run that it is compared with (None: there is none), `movers` the scores that changed most since.
    """

    run_id: str
    as_of: dt.datetime
    folder: Path
    models: dict[str, str]
    scored: dict[str, int]
    already_published: bool
    left_out: tuple[str, ...]
    previous: str | None = None
    movers: tuple[Mover, ...] = ()


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
    previous = run_before(workspace.folder, date.date())
    # Champions are looked up under the lock: a rollback in between would else be undone by a run of the one before.
    with lock_workspace(workspace.folder) as lock, _refusals_told(workspace, labels):
        models = champions(workspace, [label.name for label in labels])
        facts = _facts(workspace, models, date, previous)
        run_id = run_id_of(facts)
        there = is_published(workspace.folder, run_id)
        if there and not force:
            folder = point_to(workspace.folder, run_id, lock=lock)
        else:
            store = republish if there else publish
            run = _run(facts, scoring_at(workspace, models, date), previous)
            folder = store(workspace.folder, run, lock=lock)
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
        previous=facts.previous,
        movers=tuple(mover for label in models for mover in movers(folder, label, MOVERS)),
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


def _run(facts: RunFacts, scoring: Scoring, previous: PublishedRun | None) -> Run:
    """The run as it is computed while it is published, and what the page reads of it."""
    serving = Serving(scoring=scoring, run_id=run_id_of(facts), previous=previous)
    return Run(facts, _parts(scoring, previous), {SERVING: serving.write})


def _parts(scoring: Scoring, previous: PublishedRun | None) -> Iterator[Part]:
    """All tables of a run, part by part; without a run before there are no changes."""
    numbers = yield from scores_of(scoring)
    yield "changes", CHANGES.empty_table()
    if previous is not None and scoring.workspace.config.page.changes == "all":
        yield from (("changes", rows) for rows in change_parts(scoring, previous, numbers))
    yield "what_if", WHAT_IF.empty_table()
    yield from (("what_if", rows) for rows in what_if_parts(scoring, numbers))
    yield from (("kpis", rows) for rows in kpi_parts(scoring, numbers))
    program = program_report(scoring.workspace, scoring.as_of, numbers)
    yield "program_kpis", pa.Table.from_pandas(program, preserve_index=False)


def _facts(
    workspace: Workspace, models: dict[str, ModelVersion], as_of: dt.datetime, previous: PublishedRun | None
) -> RunFacts:
    packages = ("abm-ml", "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "pyarrow", "shap")
    return RunFacts(
        as_of=as_of.date(),
        models={label: ModelUsed(version.name, version.sha256) for label, version in models.items()},
        data=workspace.company.hashes,
        config_sha256=workspace.config_hash,
        definitions=fingerprint(definitions_hash(workspace.terms), kpi_definitions()),
        versions={"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
        | {name: version_of(name) for name in packages},
        previous=previous.run_id if previous else None,
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
