"""Experiments: variants compared within the training dates, nothing lost by a kill, the best one tested once."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from abm_ml.config import parse_config, read_config
from abm_ml.errors import ConfigError, LockHeld
from abm_ml.jobs.experiment import ExperimentResult, experiment
from abm_ml.jobs.experiment_history import experiment_sections
from abm_ml.jobs.experiment_plan import Budget, ExperimentPlan, changed, read_plan, variants_of
from abm_ml.jobs.experiment_report import tried_settings, tried_variant
from abm_ml.jobs.learn import classifier_for
from abm_ml.jobs.model_config import ModelConfig, model_config
from abm_ml.jobs.progress import Progress, silent
from abm_ml.jobs.training_sets import training_set_of
from abm_ml.jobs.workspace import Workspace, open_workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.registry import TrackingConfig, Trials, Tried
from abm_ml.modelling.rolling import Rolling
from abm_ml.modelling.tuning import Search, tune
from abm_ml.publishing.storage import lock_workspace
from abm_ml.terminal.text import console, plain
from abm_ml.terminal.views import VIEWS
from abm_ml.training_set import TrainingSet
from tests.cli.command import call
from tests.jobs.company import written

ROOT = Path(__file__).resolve().parents[2]
LABEL, TRIALS = "progression", 2
# Says when the tuned variant begins, and then waits to be killed.
KILLED = """
import sys
from pathlib import Path
from abm_ml.jobs.experiment import experiment
from tests.jobs.test_experiment import TRIALS, Budget, opened, small_plan

def progress(_what, _steps):
    def advance(step):
        if ": tuned" in step:
            print(step, flush=True)
            sys.stdin.read()
    return advance

with opened(Path(sys.argv[1]), progress) as workspace:
    experiment(workspace, small_plan(), budget=Budget(seconds=None, trials=TRIALS))
"""


def opened(folder: Path, progress: Progress = silent) -> Workspace:
    """A company of a few accounts, whose models are quick to train."""
    quick = {"label": LABEL, "rung": "lightgbm", "lightgbm": {"max_trees": 15, "learning_rate": 0.1}}
    written(folder / "models" / LABEL / "model.yaml", quick)
    settings = {
        "workspace": str(folder),
        "models": str(folder / "models"),
        "source": {"kind": "synthetic", "accounts": 120, "seed": 7, "engagements_per_account": 15},
        "engine": {"threads": 1},
        "as_of": "2026-06-30",
    }
    return open_workspace(settings, progress=progress)


def small_plan() -> ExperimentPlan:
    """The example that users copy, on fewer folds, and with a variant whose answers no date can know yet."""
    plan = read_plan(ROOT / "configs" / "experiment.yaml")
    variants = {**plan.variants, "too far ahead": {"horizon_days": 900}}
    return plan.model_copy(update={"labels": (LABEL,), "blocks": 1, "parts": 2, "variants": variants})


@dataclass(frozen=True)
class Resumed:
    """An experiment that was killed once and then run to its end."""

    folder: Path
    workspace: Workspace
    kept: dict[str, bytes]
    result: ExperimentResult
    rows: TrainingSet


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resumed]:
    """Killed (SIGKILL) after five variants and all trials, then run again."""
    folder = tmp_path_factory.mktemp("experiment")
    command = [sys.executable, "-c", KILLED, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline().startswith(f"{LABEL}: tuned")
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    kept = {file.name: file.read_bytes() for file in folder.glob("experiments/*/judged/*")}
    with opened(folder) as workspace:
        rows = training_set_of(workspace, LABEL)
        result = experiment(workspace, small_plan(), budget=Budget(seconds=None, trials=TRIALS))
        yield Resumed(folder, workspace, kept, result, rows)


def test_a_kill_loses_nothing_that_was_finished(resumed: Resumed) -> None:
    """Every finished variant and trial is taken as it is: five variants and two trials, byte for byte."""
    assert len(resumed.kept) == 5
    assert resumed.result.resumed == 5 + TRIALS
    now = {file.name: file.read_bytes() for file in resumed.folder.glob("experiments/*/judged/*")}
    assert now.items() >= resumed.kept.items()


def test_the_search_is_that_of_nobodys_interruption(resumed: Resumed) -> None:
    """The trials of the killed search are, figure for figure, those of a search that ran through."""
    (compared,) = resumed.result.labels
    config = model_config(resumed.folder / "models", LABELS[LABEL])
    plan, rows = small_plan(), resumed.rows
    rolling = Rolling(gap=np.timedelta64(rows.horizon_days, "D"), blocks=plan.blocks, parts=plan.parts, seed=plan.seed)
    model = classifier_for(resumed.workspace, rows.label, rows.columns, config)
    through = tune(
        model,
        rows.train[rows.names],
        rows.train["label"],
        time=rows.train["as_of"],
        groups=rows.train["account_id"],
        search=Search(seconds=None, trials=TRIALS, rolling=rolling),
    )
    assert compared.tuned
    assert [(trial.settings, trial.losses) for trial in compared.tuned.trials] == [
        (trial.settings, trial.losses) for trial in through.trials
    ]


def test_mlflow_completes_what_was_cut_short(resumed: Resumed) -> None:
    """A child run that a kill left running is completed, and no second one is made."""
    trials = Trials(TrackingConfig(), resumed.folder)
    with contextlib.suppress(KeyboardInterrupt), trials.running("another", "another", {}) as parent:
        cut = trials.client.create_run(
            trials.experiment("abm_ml/experiments"), tags={"mlflow.parentRunId": parent, "abm_ml.key": "a"}
        )
        raise KeyboardInterrupt
    assert trials.client.get_run(parent).info.status == "FAILED"
    again = Trials(TrackingConfig(), resumed.folder)
    with again.running("another", "another", {}) as same:
        for _ in range(2):
            again.record(Tried(key="a", name="a", settings={"l2": 1.0}, figures={"roc_auc": 0.7}))
    assert same == parent
    run = trials.client.get_run(cut.info.run_id)
    assert (run.info.status, run.data.metrics, run.data.params) == ("FINISHED", {"roc_auc": 0.7}, {"l2": "1.0"})
    children = trials.client.search_runs([run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'")
    assert [child.info.run_id for child in children] == [cut.info.run_id]


def test_mlflow_has_each_thing_once(resumed: Resumed) -> None:
    """One parent run with table, picture and settings; below it a child per variant and trial, all finished."""
    client = MlflowClient(tracking_uri=f"sqlite:///{resumed.folder / 'mlflow.db'}")
    (found,) = [each for each in client.search_experiments() if each.name == "abm_ml/experiments"]
    parent = client.get_run(resumed.result.run_id)
    children = client.search_runs([found.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    named = client.search_runs([found.experiment_id], "tags.`mlflow.runName` = 'what-helps'")
    (compared,) = resumed.result.labels
    names = [f"{LABEL}: {line.variant}" for line in compared.lines]
    names += [f"{LABEL}: trial {number}" for number in range(TRIALS)]
    assert sorted(run.info.run_name for run in children) == sorted(names)
    assert [run.info.run_id for run in named] == [resumed.result.run_id]
    assert {run.info.status for run in (parent, *children)} == {"FINISHED"}
    files = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert files == {"experiment.yaml", "picture.png", "results.csv", f"{LABEL}.model.yaml"}


def test_the_test_dates_stay_untouched(resumed: Resumed) -> None:
    """Variants are compared on training dates; only the first and the chosen one are judged on the test dates."""
    (compared,) = resumed.result.labels
    dates = [set(pd.read_parquet(file)["as_of"]) for file in resumed.folder.glob("experiments/*/judged/*")]
    assert set.union(*dates) <= set(resumed.rows.train["as_of"])
    assert [line.variant for line in compared.test] == list(dict.fromkeys(("as configured", compared.chosen)))
    assert {line.evaluation.rows for line in compared.test} == {len(resumed.rows.test)}
    assert compared.tested == len(compared.test)


def test_the_best_has_the_lowest_log_loss(resumed: Resumed) -> None:
    """What is chosen has the lowest log loss on the later training dates."""
    (compared,) = resumed.result.labels
    losses = {line.variant: line.evaluation.log_loss.value for line in compared.lines}
    assert losses[compared.chosen] == min(losses.values())


def test_the_settings_are_a_model_yaml(resumed: Resumed) -> None:
    """The settings of the chosen variant can stand as models/<label>/model.yaml."""
    (compared,) = resumed.result.labels
    assert read_config(compared.settings, ModelConfig).label == LABEL


def test_the_table_holds_every_figure(resumed: Resumed) -> None:
    """The table has a row per variant and dates, with intervals, and the gap to the first variant on the same rows."""
    (compared,) = resumed.result.labels
    table = pd.read_csv(resumed.result.report / "results.csv").set_index(["dates", "variant"])
    for dates, lines in (("training", compared.lines), ("test", compared.test)):
        for line in lines:
            row, auc = table.loc[(dates, line.variant)], line.evaluation.roc_auc
            assert (row["roc_auc"], row["roc_auc_low"], row["roc_auc_high"]) == (auc.value, auc.low, auc.high)
            gap = auc.value - lines[0].evaluation.roc_auc.value
            assert line is lines[0] or row["roc_auc_gap"] == pytest.approx(gap, abs=1e-12)


def test_the_card_says_what_experiments_found(resumed: Resumed) -> None:
    """A model's card names each experiment of its label, what it chose and how that did; others have no such part."""
    (compared,) = resumed.result.labels
    ((title, lines),) = experiment_sections(resumed.folder, LABEL)
    (row,) = [line for line in lines if line.startswith("| what-helps-")]
    assert title == "What experiments found"
    assert f"| {len(compared.lines)} | {compared.chosen} | " in row
    assert f"| {compared.test[-1].evaluation.roc_auc.value:.3f} (" in row
    assert experiment_sections(resumed.folder, "churn") == ()


def test_variants_may_be_called_anything(resumed: Resumed, tmp_path: Path) -> None:
    """A variant that is called "None" or "6" is no gap and no number in the card."""
    (compared,) = resumed.result.labels
    table = pd.read_csv(resumed.result.report / "results.csv")
    report = tmp_path / "experiments" / "odd-names" / "report"
    report.mkdir(parents=True)
    for name in ("None", "6"):
        table.replace({"variant": {compared.chosen: name}}).to_csv(report / "results.csv", index=False)
        ((_, lines),) = experiment_sections(tmp_path, LABEL)
        assert any(f"| odd-names | {len(compared.lines)} | {name} | " in line for line in lines)


def test_the_same_experiment_twice_at_once(resumed: Resumed) -> None:
    """A second process on the same experiment is refused, and leaves the first one's run and report alone."""
    before = (resumed.result.report / "results.csv").read_bytes()
    with lock_workspace(resumed.result.report.parent), pytest.raises(LockHeld, match="is writing here"):
        experiment(resumed.workspace, small_plan(), budget=Budget(seconds=None, trials=TRIALS))
    assert (resumed.result.report / "results.csv").read_bytes() == before
    client = MlflowClient(tracking_uri=f"sqlite:///{resumed.folder / 'mlflow.db'}")
    assert client.get_run(resumed.result.run_id).info.status == "FINISHED"


def test_another_first_variant_is_another_comparison(resumed: Resumed) -> None:
    """What a child run says depends on the first variant: gaps are against it, and the search begins from it."""
    (compared,) = resumed.result.labels
    line, config = compared.lines[1], ModelConfig(label=LABEL)
    assert compared.tuned
    for other, same in (
        (tried_variant(line, config, resumed.rows, bar=bar).key for bar in ("a", "b")),
        (tried_settings(LABEL, compared.tuned.trials[0], start=start).key for start in ("a", "b")),
    ):
        assert other != same


def test_a_variant_that_cannot_be_learned(resumed: Resumed) -> None:
    """It is left out with its reason, and the others are compared."""
    assert list(resumed.result.refused) == [f"{LABEL}: too far ahead"]
    assert "too few" in resumed.result.refused[f"{LABEL}: too far ahead"]
    assert "too far ahead" not in {line.variant for line in resumed.result.labels[0].lines}


def test_the_view_says_what_was_found(resumed: Resumed) -> None:
    """People read the variants, the choice, and where the report lies."""
    shown = console()
    with shown.capture() as captured:
        VIEWS["ExperimentResult"](resumed.result, shown)
    text = captured.get()
    (compared,) = resumed.result.labels
    assert all(line.variant in text for line in compared.lines)
    assert f"'{compared.chosen}'" in text
    assert str(resumed.result.report) in text
    machine = json.loads(json.dumps(plain(resumed.result), allow_nan=False))
    assert machine["labels"][0]["lines"][1]["differences"]["log_loss"].keys() == {"value", "low", "high"}


def test_a_server_that_is_down(tmp_path: Path) -> None:
    """Without its tracking server an experiment ends with one line and exit code 5 before it computes anything."""
    config = written(
        tmp_path / "company.yaml",
        {
            "workspace": str(tmp_path / "w"),
            "source": {"kind": "folder", "path": str(tmp_path / "nowhere")},
            "tracking": {"url": "http://127.0.0.1:9"},
        },
    )
    answer = call("experiment", ROOT / "configs" / "experiment.yaml", "-c", config)
    assert (answer.code, answer.out) == (5, "")
    assert answer.err.startswith("Error: The MLflow server at http://127.0.0.1:9 does not answer")
    assert len(answer.err.splitlines()) == 1


def plan_of(**values: Any) -> ExperimentPlan:
    """A plan from values."""
    return parse_config({"name": "small", **values}, ExperimentPlan, where="plan.yaml")


def test_a_grid_is_every_combination() -> None:
    """A grid tries every combination beside what is configured, each change in its place."""
    plan = plan_of(grid={"lightgbm.max_depth": [3, 5], "rung": ["auto", "logistic"]})
    variants = variants_of(plan, ROOT / "models", LABELS["win"])
    assert list(variants) == [
        "as configured", "max_depth 3, rung auto", "max_depth 3, rung logistic", "max_depth 5, rung auto",
        "max_depth 5, rung logistic",
    ]  # fmt: skip
    last = variants["max_depth 5, rung logistic"]
    assert (last.lightgbm.max_depth, last.rung, last.lightgbm.seed) == (5, "logistic", 7)


def test_a_change_keeps_what_stands_beside_it() -> None:
    """A variant changes its keys and leaves their neighbours alone."""
    usual = ModelConfig(label="win", lightgbm={"max_depth": 4, "l2": 3.0}, horizon_days=60)
    new = changed(usual, {"lightgbm": {"l2": 9.0}}, where="variant")
    assert (new.lightgbm.max_depth, new.lightgbm.l2, new.horizon_days) == (4, 9.0, 60)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"variants": {"deep": {"lightgbm": {"max_dept": 3}}}}, r"variant 'deep': no key .*max_dept.*max_depth"),
        ({"variants": {"deep": {"label": "churn"}}}, "variant 'deep'.*'label'.*stays with its label"),
        ({"grid": {"lightgbm.max_depth.x": [3]}}, "max_depth"),
        ({"grid": {"rung": []}}, "at least one value"),
        ({"grid": {"rung": ["auto"]}, "variants": {"a": {}}}, "not both"),
        ({"labels": ["wins"]}, "Did you mean 'win'"),
        ({"name": "../up"}, "name"),
        ({"tune": {"seconds": 0}}, "seconds"),
    ],
)
def test_a_wrong_plan_is_refused(values: dict[str, Any], why: str) -> None:
    """What no model.yaml could say is refused by name before anything is computed."""
    with pytest.raises(ConfigError, match=why):
        variants_of(plan_of(**values), ROOT / "models", LABELS["win"])
