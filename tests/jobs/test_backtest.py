"""Looking back: what a past date knew, and the way from a company's tables to a backtest that people can read."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from abm_ml import terminal, timeline
from abm_ml.engines import Engine
from abm_ml.errors import GateRefused
from abm_ml.jobs.backtest import BacktestResult, backtest, known_on
from abm_ml.jobs.training_sets import Past
from abm_ml.jobs.workspace import open_workspace
from abm_ml.labels import LABELS, Outlook, eligible, standing
from abm_ml.modelling.registry import Backtests, TrackingConfig
from abm_ml.tables import Terms
from tests.cli.command import call
from tests.conftest import Build
from tests.jobs.company import Served, settings_of, written
from tests.worked.example import AS_OF, Example, entered, rows_of

DAY = dt.timedelta(days=1)


def test_an_outcome_that_was_told_late_teaches_late(tiny: Build, engine: Engine) -> None:
    """A move of day 20 that the system learned of on day 150: a model of day 100 learned "no", one of day 160 "yes"."""
    label, terms = LABELS["progression"], Terms()
    tables = tiny(rows_of([Example("", "", [entered(9, "awareness"), entered(-20, "decision", known_at=-150)], None)]))
    asked = eligible(label, terms, standing(tables, terms, timeline.spine(tables, [AS_OF], engine)))
    outlook = Outlook(tables=tables, terms=terms, standing=asked, horizon_days=90, until=AS_OF + 200 * DAY)
    features = pd.DataFrame({"account_id": ["0.0"], "as_of": [pd.Timestamp(AS_OF)]})
    past = Past(label=label, outlook=outlook, features=features, columns=(), accept={})
    assert known_on(AS_OF + 89 * DAY, past, engine).empty
    assert known_on(AS_OF + 100 * DAY, past, engine)["label"].tolist() == [0]
    assert known_on(AS_OF + 160 * DAY, past, engine)["label"].tolist() == [1]


@pytest.fixture(scope="module")
def config(company: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small company's last two years, in a workspace of its own."""
    folder = tmp_path_factory.mktemp("back")
    settings = {**settings_of(folder), "source": {"kind": "folder", "path": str(company.tables)}}
    quick = {"max_trees": 80, "learning_rate": 0.12, "patience": 30}
    written(folder / "models" / "win" / "model.yaml", {"label": "win", "rung": "lightgbm", "lightgbm": quick})
    return written(folder / "config.yaml", {**settings, "training": {"first": "2024-10-01"}})


@pytest.fixture(scope="module")
def result(config: Path) -> BacktestResult:
    """Two models looking back on wins."""
    with open_workspace(config) as workspace:
        return backtest(workspace, ["win"], refits=2, shown=2)


def test_looking_back(result: BacktestResult) -> None:
    """Two models, each of what its date knew; every later month by the newest; the newest cohort is the last month."""
    (found,) = result.backtests
    trained = [model.trained_on for model in found.models]
    months = {month.as_of: month for month in found.months}
    assert len(trained) == 2
    assert [date for date, month in months.items() if month.age == 0] == trained
    assert list(months) == sorted(months)
    assert found.newest.as_of == max(months)
    assert found.newest.rows == months[max(months)].realised.rows
    assert found.models[0].rows < found.models[1].rows
    assert found.picture.read_bytes().startswith(b"\x89PNG")


def test_mistakes_have_the_reasons_that_led_astray(result: BacktestResult) -> None:
    """What happened against a low score was pulled down, what did not against a high one was pulled up."""
    (found,) = result.backtests
    assert max(each.probability for each in found.missed) < min(each.probability for each in found.in_vain)
    assert all("(-" in reason for each in found.missed for reason in each.reasons)
    assert all("(+" in reason for each in found.in_vain for reason in each.reasons)


def history(client: Any, run_id: str, name: str) -> list[Any]:
    """The points of a curve by step."""
    return sorted(client.get_metric_history(run_id, name), key=lambda each: each.step)


def test_mlflow_keeps_the_curves(result: BacktestResult, config: Path) -> None:
    """A run per label: a point per date, dated by the scores that it judges, the models behind it, and the picture."""
    (found,) = result.backtests
    client = Backtests(TrackingConfig(), config.parent).client
    run = client.get_run(result.run_ids["win"])
    said, by_age = (history(client, run.info.run_id, name) for name in ("said", "by_age_said"))
    assert [(each.value, each.timestamp / 1000) for each in said] == [
        (month.realised.said, month.as_of.replace(tzinfo=dt.UTC).timestamp()) for month in found.months
    ]
    assert [each.step for each in by_age] == [age.begin for age in found.ages]
    assert (run.data.params["refits"], run.info.status) == ("2", "FINISHED")
    assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["backtest_win.png"]


def test_people_and_machines_read_it(result: BacktestResult, capsys: pytest.CaptureFixture[str]) -> None:
    """A line per month and age, the mistakes in words; the same as JSON."""
    terminal.show(result, json=False)
    told = capsys.readouterr().out
    for words in ("Backtest of win", "By scoring date", "By age of the model", "Wins that scored low", "The picture:"):
        assert words in told
    terminal.show(result, json=True)
    assert len(json.loads(capsys.readouterr().out)["backtests"][0]["months"]) == len(result.backtests[0].months)


def test_a_label_that_is_not_there(config: Path) -> None:
    """The command knows the labels."""
    answer = call("backtest", "wins", "-c", config)
    assert answer.code == 2
    assert "win" in answer.err


def test_too_short_a_history_is_refused(config: Path) -> None:
    """On none of three dates enough was known to learn from."""
    settings = {**json.loads(config.read_text()), "training": {"first": "2026-02-01"}}
    with open_workspace(settings) as workspace, pytest.raises(GateRefused, match=r"No backtest of win: .*too few"):
        backtest(workspace, ["win"])
