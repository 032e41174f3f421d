"""Flat tables from end to end: trained, judged, registered, scored, with reasons that add up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import abm_ml
from abm_ml.errors import ConfigError, GateRefused, IntegrityError, NotReady, SourceError
from abm_ml.flat import Roles, training_rows
from abm_ml.jobs.flat import TableScores, TableTrained
from abm_ml.jobs.learn import judged
from abm_ml.jobs.model_config import ModelConfig
from abm_ml.modelling.audit import Trail
from abm_ml.modelling.promotion import Against
from abm_ml.modelling.registry import Registry, TrackingConfig
from tests.flat.rows import asked, subscriptions


def told(folder: Path, **more: Any) -> dict[str, Any]:
    """The configuration of the subscriptions in a folder."""
    return asked(workspace=str(folder), models=str(folder / "models"), id="row", threads=1, **more)


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with a name each."""
    return table.assign(row=[f"r{number}" for number in range(len(table))])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the store is."""
    return tmp_path_factory.mktemp("flat")


@pytest.fixture(scope="module")
def trained(folder: Path) -> TableTrained:
    """A model of subscriptions."""
    table = numbered(subscriptions(1200)).assign(**{"<b>a|b {x}\n": 1.0 * (np.arange(1200) % 7)})
    return abm_ml.train_table(told(folder), table)


@pytest.fixture(scope="module")
def scores(folder: Path, trained: TableTrained) -> TableScores:
    """New rows, scored into a file."""
    table = numbered(subscriptions(90, seed=8)).assign(**{"<b>a|b {x}\n": 2.0}).drop(columns="left")
    return abm_ml.score_table(told(folder), table, out=folder / "scores.csv")


def test_the_first_good_one_is_champion(trained: TableTrained) -> None:
    """A table's model passes the same gate, and the first that may score does."""
    assert trained.trained.champion
    assert trained.trained.version.name == "leaving/1"
    assert trained.trained.evaluation.roc_auc.low > 0.7


def test_the_card(trained: TableTrained) -> None:
    """The card speaks of the table and its question; a hostile column's name does not break its tables."""
    card = trained.trained.card.read_text()
    assert "Question: left = yes." in card
    assert "`abm-ml table train`" in card
    assert "drawn from the same time" in card
    assert "The leak guard looked at 4 columns" in card
    assert "a\\|b" in card
    assert "<b>" not in card


def test_the_run(folder: Path, trained: TableTrained) -> None:
    """MLflow holds the version under the table's name."""
    found = Registry(TrackingConfig(), folder).versions("leaving")
    assert [each.version for each in found] == [1]


def test_scores(scores: TableScores) -> None:
    """Every row has its score, with interval, grade, rung and model; the order is the table's."""
    rows = scores.scores
    assert rows["id"].tolist() == [f"r{number}" for number in range(90)]
    assert ((rows["low"] <= rows["probability"]) & (rows["probability"] <= rows["high"])).all()
    assert set(rows["model"]) == {"leaving/1"}
    assert set(rows["grade"]) <= set("ABCD")
    assert rows["percentile"].between(0, 1).all()


def test_reasons_add_up(scores: TableScores) -> None:
    """A row's points and its base give its probability; its words hold the column's name and value."""
    points = scores.reasons.groupby((scores.reasons["rank"] == 1).cumsum())["points"].sum().to_numpy()
    rows = scores.scores
    assert np.abs(points + rows["base_probability"] - rows["probability"]).max() < 1e-9
    mine = scores.reasons_of(0)
    uses = mine[mine["feature"] == "uses"].iloc[0]
    assert f"Uses: {uses['value']}" in uses["text"]
    assert set(scores.reasons["feature"]) <= {"uses", "silence", "plan", "<b>a|b {x}\n", "other"}


def test_the_files(scores: TableScores) -> None:
    """Scores and reasons lie side by side, and hold what was returned."""
    assert [file.name for file in scores.files] == ["scores.csv", "scores-reasons.csv"]
    written = pd.read_csv(scores.files[0])
    np.testing.assert_allclose(written["probability"], scores.scores["probability"], rtol=1e-12)


def test_rows_without_a_column(folder: Path, trained: TableTrained) -> None:
    """Rows that lack what the model needs are refused by the column's name."""
    with pytest.raises(SourceError, match=r"the frame: 1 columns .*'uses'"):
        abm_ml.score_table(told(folder), numbered(subscriptions(20)).drop(columns="uses").assign(**{"<b>a|b {x}\n": 1}))


def test_another_question(folder: Path, trained: TableTrained) -> None:
    """A model never answers a question that it was not asked."""
    other = told(folder) | {"label": {"column": "left", "positive": "no"}}
    with pytest.raises(IntegrityError, match="leaving/1 answers another question"):
        abm_ml.score_table(other, numbered(subscriptions(20)))


def test_a_second_version(folder: Path, trained: TableTrained) -> None:
    """Promoted, a version scores from then on; one that is not there is named."""
    again = abm_ml.promote_table(told(folder), 1)
    assert (again.champion.version, again.before.version) == (1, 1)
    with pytest.raises(NotReady, match=r"no version 9 \(there are: 1\)\. Run abm-ml table train\."):
        abm_ml.promote_table(told(folder), 9)


def test_a_version_set_beside_another_champion(
    folder: Path, trained: TableTrained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison with a former champion says nothing of the present one: refused, and the trail says why."""
    stale = replace(trained.trained.version, version=2, against=Against(champion="leaving/7"))
    monkeypatch.setattr(Registry, "versions", lambda registry, label: (trained.trained.version, stale))
    with pytest.raises(GateRefused, match=r"leaving/2 was not set beside leaving/1.*abm-ml table train"):
        abm_ml.promote_table(told(folder))
    last = Trail(folder).entries()[-1]
    assert (last.action, last.version, last.done, last.after) == ("promote", 2, False, 1)


def test_nothing_trained(tmp_path: Path) -> None:
    """Without a champion nothing is scored, without a table nothing is trained; wrong names are said before that."""
    with pytest.raises(NotReady, match=r"No model leaving has been trained\. Run abm-ml table train"):
        abm_ml.score_table(told(tmp_path), numbered(subscriptions(20)))
    with pytest.raises(ConfigError, match=r"scores\.txt: files end in \.csv"):
        abm_ml.score_table(told(tmp_path), numbered(subscriptions(20)), out=tmp_path / "scores.txt")
    with pytest.raises(ConfigError, match="the grades fall"):
        abm_ml.train_table(told(tmp_path, grades={"A": 0.1, "B": 0.5, "C": 0.2}))
    with pytest.raises(ConfigError, match="Name the table"):
        abm_ml.train_table(told(tmp_path))


def test_weights_count() -> None:
    """Rows of weight 0 teach nothing: twice as many old rows with turned answers do not turn the model."""
    table = subscriptions(900).sort_values("month", ignore_index=True)
    turned = (table.index < 600) & (table.index % 3 > 0)
    table["counts"] = np.where(turned, 0.0, 1.0)
    table.loc[turned, "left"] = table.loc[turned, "left"].map({"yes": "no", "no": "yes"})
    config = asked(time="month", ban=[], as_of=None, split={"test_share": 0.33})

    def auc(roles: Roles, rows: pd.DataFrame) -> float:
        made = training_rows(roles, rows, where="here").rows
        model = abm_ml.AccountClassifier(rung="logistic")
        return judged(made, ModelConfig(label="leaving"), model).evaluation.roc_auc.value

    assert auc(Roles(**config), table.drop(columns="counts")) < 0.5
    assert auc(Roles(**config, weight="counts"), table) > 0.7


def test_a_leak_is_refused_and_may_be_vouched_for(tmp_path: Path) -> None:
    """A column that knows the answer ends it with code 4; who vouches for it by name, finds that in the card."""
    table = numbered(subscriptions(400))
    table["state"] = np.where(table["left"] == "yes", 3.0, 1.0) + np.random.default_rng(1).normal(size=400)
    with pytest.raises(GateRefused, match="'state' carries the outcome") as refused:
        abm_ml.train_table(told(tmp_path), table)
    assert refused.value.exit_code == 4
    assert [(each.action, each.done) for each in Trail(tmp_path).entries()] == [("train", False)]
    config = told(tmp_path, leaks={"accept": {"state": "measured a year before"}}, rung="logistic")
    found = abm_ml.train_table(config, table).trained
    assert "measured a year before" in found.card.read_text()
    run = Registry(TrackingConfig(), tmp_path).client.get_run(found.version.run_id)
    assert "measured a year before" in run.data.tags["leaks_accepted"]


@pytest.mark.shared_data
@pytest.mark.slow
def test_telco(shared_data: Path, tmp_path: Path) -> None:
    """Telco's customers: Ready, better than DATA.md's plain LightGBM (0.836), with nothing refused."""
    config = {
        "name": "telco_churn",
        "label": {"column": "Churn", "positive": "Yes"},
        "id": "customerID",
        "as_of": "2026-06-30",
        "wanted": False,
        "rung": "logistic",
        "workspace": str(tmp_path),
        "models": str(tmp_path),
    }
    (file,) = (shared_data / "telco_churn").glob("*.csv")
    found = abm_ml.train_table(config, file).trained
    assert found.verdict.word == "Ready"
    assert found.evaluation.roc_auc.value > 0.836
