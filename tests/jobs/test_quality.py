"""On a company whose true chances are known, the models come near the best that anyone could do."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from abm_ml.jobs.register import Trained
from abm_ml.jobs.score import fetched
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.card_reliability import TITLE
from abm_ml.modelling.registry import Registry
from abm_ml.training_set import TrainingSet
from tests.jobs.company import Served


@pytest.fixture
def sets(company: Served) -> Mapping[str, TrainingSet]:
    """The training set of each label, as its model learned from it."""
    return company.sets


@pytest.fixture(params=LABELS.names)
def label(request: pytest.FixtureRequest) -> str:
    """Each label in turn."""
    return str(request.param)


@pytest.fixture
def trained(company: Served, label: str) -> Trained:
    """The label's model, trained once."""
    return next(each for each in company.trained.trained if each.version.label == label)


def true_chances(company: Served, rows: TrainingSet) -> pd.DataFrame:
    """The test rows with their true chances."""
    truth = company.truth[company.truth["label"] == rows.label.name]
    both = rows.test[["account_id", "as_of", "label"]].merge(
        truth.drop(columns="label"), on=["account_id", "as_of"], how="left", validate="one_to_one"
    )
    assert both["probability"].notna().all()
    return both


def best_possible(company: Served, rows: TrainingSet) -> float:
    """The AUC of the true chances on the test snapshots."""
    both = true_chances(company, rows)
    return float(roc_auc_score(both["label"], both["probability"]))


def test_close_to_the_best_possible(
    company: Served, sets: Mapping[str, TrainingSet], trained: Trained, label: str
) -> None:
    """On later dates the model orders accounts nearly as well as their true chances do, and not better by a leak."""
    best, mine = best_possible(company, sets[label]), trained.evaluation.roc_auc.value
    assert 0.85 * best <= mine <= best + 0.05


def test_probabilities_are_true(trained: Trained) -> None:
    """Of accounts scored at p, about a share of p comes true."""
    assert trained.evaluation.calibration_error.value <= 0.10


def test_intervals_hold_the_truth(
    company: Served, workspace: Workspace, sets: Mapping[str, TrainingSet], trained: Trained
) -> None:
    """Low and high hold the true chance of most accounts: 90 % are meant, 80 to 99 % asked of so small a company."""
    rows = sets[trained.version.label]
    model = fetched(workspace, trained.version)
    low, high = model.predict_interval(rows.test[rows.names]).T
    truth = true_chances(company, rows)["probability"]
    assert 0.80 <= truth.between(low, high).mean() <= 0.99


def test_the_card_and_the_run_tell_how_sure_it_is(workspace: Workspace, trained: Trained) -> None:
    """The card tells how wide the intervals are and how many slices were judged; MLflow keeps the figures."""
    card = trained.card.read_text()
    assert f"## {TITLE}" in card
    assert "have an interval narrower than" in card
    registry = Registry(workspace.config.tracking, workspace.folder)
    metrics = registry.client.get_run(trained.version.run_id).data.metrics
    assert {"unseen", "slices_off"} <= metrics.keys()


def test_beats_the_rule(trained: Trained) -> None:
    """The model orders accounts better than points for engagement do; an interval may touch, the figure may not."""
    rule = trained.comparisons[0]
    assert rule.baseline_auc.value < trained.evaluation.roc_auc.value
    assert rule.difference.high > 0


def test_base_rates_are_like_real_ones(sets: Mapping[str, TrainingSet], label: str) -> None:
    """Neither a rarity nor the rule."""
    answers = pd.concat([sets[label].train["label"], sets[label].test["label"]])
    assert 0.05 <= answers.mean() <= 0.35


def test_test_snapshots_lie_a_horizon_later(sets: Mapping[str, TrainingSet], label: str) -> None:
    """What the training snapshots learned from was over before the first test snapshot."""
    rows = sets[label]
    assert rows.train["as_of"].max() + pd.Timedelta(days=rows.horizon_days) <= rows.test["as_of"].min()
    assert rows.test["as_of"].max() + pd.Timedelta(days=rows.horizon_days) <= pd.Timestamp("2026-06-30")


def test_the_gate_lets_it_score(trained: Trained) -> None:
    """Each model of the small company is good enough, and the first good one became champion."""
    assert trained.may_score
    assert trained.alias == "champion"
    assert trained.card.read_text().startswith("#")
