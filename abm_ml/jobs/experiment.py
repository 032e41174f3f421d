"""Experiments: variants of a model compared within the training dates; the one that is chosen is tested once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from abm_ml.catalogue import fingerprint
from abm_ml.errors import GateRefused
from abm_ml.jobs.experiment_plan import Budget, ExperimentPlan, changed, variants_of
from abm_ml.jobs.experiment_report import Compared, results_csv, tried_settings, tried_variant
from abm_ml.jobs.experiment_store import JUDGED, TESTED, Kept, key_of
from abm_ml.jobs.learn import classifier_for
from abm_ml.jobs.model_config import ModelConfig
from abm_ml.jobs.population import definitions_hash, possible_labels
from abm_ml.jobs.progress import Advance
from abm_ml.jobs.training_sets import Past, pasts, split
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS, Label
from abm_ml.modelling.comparison import best_of, compared, fitted, judged_later, probabilities
from abm_ml.modelling.forest import forest
from abm_ml.modelling.pictures import save_picture
from abm_ml.modelling.registry import Trials
from abm_ml.modelling.rolling import Rolling
from abm_ml.modelling.training_record import code_version
from abm_ml.modelling.tuning import Search, Tuned, require_optuna, tune
from abm_ml.publishing.storage import lock_workspace
from abm_ml.training_set import TrainingSet

TUNED, TUNED_ON_NEWEST = "tuned", "tuned, newest dates"


@dataclass(frozen=True, kw_only=True)
class ExperimentResult:
    """What an experiment found, the variants that were refused with reasons, and where its report lies.

    `resumed` counts variants and trials that an earlier process had finished.
    """

    name: str
    as_of: dt.datetime
    labels: tuple[Compared, ...]
    left_out: tuple[str, ...]
    refused: dict[str, str]
    resumed: int
    report: Path
    picture: Path
    run_id: str


@dataclass(frozen=True, kw_only=True)
class _Lab:
    """What every label of an experiment shares."""

    workspace: Workspace
    plan: ExperimentPlan
    budget: Budget | None
    kept: Kept
    trials: Trials
    advance: Advance
    refused: dict[str, str]

    def rolling(self, rows: TrainingSet) -> Rolling:
        """How the folds of a training set roll: one horizon lies between."""
        gap = np.timedelta64(rows.horizon_days, "D")
        return Rolling(gap=gap, blocks=self.plan.blocks, parts=self.plan.parts, seed=self.plan.seed)


@dataclass(frozen=True)
class _Way:
    """A variant with its rows, and the probabilities it gave on rolling folds."""

    config: ModelConfig
    rows: TrainingSet
    judged: pd.DataFrame

    @property
    def key(self) -> str:
        """What its files are called."""
        return key_of(self.config, self.rows.horizon_days)


class _Sets:
    """Training sets of a label; variants that ask the same of the same columns share one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._made: dict[tuple[object, ...], TrainingSet] = {}

    def of(self, past: Past) -> TrainingSet:
        """The training set of a past."""
        key = (past.outlook.horizon_days, tuple(column.name for column in past.columns), *past.accept)
        if key not in self._made:
            self._made[key] = split(self._workspace, past)
        return self._made[key]


def experiment(
    workspace: Workspace, plan: ExperimentPlan, *, budget: Budget | None = None, as_of: dt.datetime | None = None
) -> ExperimentResult:
    """Compares the plan's variants, label by label, and with a budget searches for better settings of the first one.

    One parent run in MLflow with a child per variant and per trial. What a killed experiment had finished is kept.

    Raises:
        NotReady: MLflow's server does not answer, or Optuna is missing; nothing has been computed then.
        LockHeld: the same experiment is running.
        GateRefused: none of the labels can be learned.
    """
    trials = Trials(workspace.config.tracking, workspace.folder)
    if budget:
        require_optuna()
    names = plan.labels or tuple(workspace.config.labels)
    asked = {name: variants_of(plan, workspace.config.models, LABELS[name]) for name in names}
    until = workspace.as_of(as_of)
    labels, left_out = possible_labels(workspace, plan.labels)
    key = _key(workspace, plan, until)
    folder = workspace.folder / "experiments" / f"{plan.name}-{key[:8]}"
    facts = {"as_of": until.isoformat(), "code": code_version()}
    with lock_workspace(folder), trials.running(key, plan.name, facts) as run_id:
        lab = _Lab(
            workspace=workspace,
            plan=plan,
            budget=budget,
            kept=Kept(folder),
            trials=trials,
            advance=workspace.progress("Comparing variants", sum(len(asked[label.name]) for label in labels)),
            refused={},
        )
        done = _compared_labels(lab, {label: asked[label.name] for label in labels}, until)
        result = ExperimentResult(
            name=plan.name,
            as_of=until,
            labels=done,
            left_out=left_out,
            refused=lab.refused,
            resumed=lab.kept.found + sum(each.tuned.resumed for each in done if each.tuned),
            report=lab.kept.report,
            picture=save_picture(forest({each.label: each.lines for each in done}), lab.kept.report / "picture.png"),
            run_id=run_id,
        )
        lab.kept.write_plan(plan)
        lab.kept.write("results.csv", results_csv(done))
        trials.attach(lab.kept.report)
    return result


def _compared_labels(
    lab: _Lab, asked: Mapping[Label, Mapping[str, ModelConfig]], until: dt.datetime
) -> tuple[Compared, ...]:
    """The comparison of each label that can be learned."""
    questions = [(label, config) for label, variants in asked.items() for config in variants.values()]
    made = iter(pasts(lab.workspace, questions, until))
    done = []
    for label, variants in asked.items():
        theirs = {name: (config, next(made)) for name, config in variants.items()}
        try:
            done.append(_compare(lab, theirs))
        except GateRefused as refusal:
            lab.refused[label.name] = f"{label.name} was not compared: {refusal}"
    if not done:
        raise GateRefused("\n".join(lab.refused.values()))
    return tuple(done)


def _compare(lab: _Lab, variants: Mapping[str, tuple[ModelConfig, Past]]) -> Compared:
    """One label: every variant judged on rolling folds, the best of them tested.

    A variant that cannot be learned is left out; if it is the first one, so is the label.
    """
    (first, (usual, past)), *others = variants.items()
    sets = _Sets(lab.workspace)
    ways = {first: _judged(lab, first, usual, sets.of(past))}
    for name, (config, known) in others:
        try:
            ways[name] = _judged(lab, name, config, sets.of(known))
        except GateRefused as refusal:
            lab.refused[f"{usual.label}: {name}"] = f"{usual.label}, '{name}' was not compared: {refusal}"
    tuned = _searched(lab, lab.budget, ways[first]) if lab.budget else None
    for name, config in (_found(usual, tuned) if tuned else {}).items():
        ways[name] = _judged(lab, name, config, ways[first].rows)
    lines = compared({name: way.judged for name, way in ways.items()})
    for line in lines:
        way = ways[line.variant]
        lab.trials.record(tried_variant(line, way.config, way.rows, bar=ways[first].key))
    best = best_of(lines).variant
    test = compared({name: _on_test(lab, ways[name]) for name in dict.fromkeys((first, best))})
    return Compared(
        label=usual.label,
        lines=tuple(lines),
        chosen=best,
        test=tuple(test),
        tested=lab.kept.tested(usual.label),
        settings=lab.kept.write_config(ways[best].config, f"The variant '{best}' of the experiment {lab.plan.name}."),
        tuned=tuned,
    )


def _judged(lab: _Lab, name: str, config: ModelConfig, rows: TrainingSet) -> _Way:
    """A variant with its probabilities on the rolling folds, from its file if it was finished before."""
    lab.advance(f"{config.label}: {name}")
    classifier = classifier_for(lab.workspace, rows.label, rows.columns, config)
    judged = lab.kept.rows(
        JUDGED,
        key_of(config, rows.horizon_days),
        lambda: judged_later(classifier, rows.train, rows.names, lab.rolling(rows)),
    )
    return _Way(config, rows, judged)


def _on_test(lab: _Lab, way: _Way) -> pd.DataFrame:
    """A variant's probabilities on the test dates, by a model of all training dates."""
    rows = way.rows
    classifier = classifier_for(lab.workspace, rows.label, rows.columns, way.config)
    return lab.kept.rows(
        TESTED,
        way.key,
        lambda: probabilities(fitted(classifier, rows.train, rows.names), rows.test, rows.names),
    )


def _searched(lab: _Lab, budget: Budget, way: _Way) -> Tuned:
    """The search for better settings of a variant's trees."""
    label, rows = way.config.label, way.rows
    lab.advance(f"{label}: tuning")
    return tune(
        classifier_for(lab.workspace, rows.label, rows.columns, way.config),
        rows.train[rows.names],
        rows.train["label"],
        time=rows.train["as_of"],
        groups=rows.train["account_id"],
        search=Search(
            seconds=budget.seconds,
            trials=budget.trials,
            rolling=lab.rolling(rows),
            file=lab.kept.trials(label),
            watch=lambda trial: lab.trials.record(tried_settings(label, trial, start=way.key)),
        ),
    )


def _found(config: ModelConfig, tuned: Tuned) -> dict[str, ModelConfig]:
    """What a search adds to the comparison: its settings, and those calibrated on the newest dates; nothing twice."""
    best = changed(config, {"lightgbm": dict(tuned.settings)}, where=TUNED)
    on_newest = changed(best, {"lightgbm": {"calibrate_on": "newest"}}, where=TUNED_ON_NEWEST)
    found = {TUNED: best, TUNED_ON_NEWEST: on_newest}
    return {name: new for name, new in found.items() if new not in (config, found[TUNED] if name != TUNED else None)}


def _key(workspace: Workspace, plan: ExperimentPlan, until: dt.datetime) -> str:
    """A hash of all that a finished variant depends on but its own configuration: data, code, dates and folds."""
    folds = {name: getattr(plan, name) for name in ("name", "blocks", "parts", "seed")}
    packages = {name: version(name) for name in ("lightgbm", "scikit-learn", "pandas", "numpy")}
    return fingerprint(
        workspace.company.hashes,
        workspace.config_hash,
        definitions_hash(workspace.terms),
        until.isoformat(),
        code_version(),
        json.dumps([folds, packages], sort_keys=True),
    )
