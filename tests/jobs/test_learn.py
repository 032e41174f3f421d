"""Learning: what a model's configuration asks for, and what its figures are held against."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from abm_ml.jobs.learn import BASE_RATE, classifier_for, judged
from abm_ml.jobs.model_config import ModelConfig
from abm_ml.labels import LABELS
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.gate import RULE
from abm_ml.training_set import Split, TrainingSet
from tests.modelling.prepared import company
from tests.reasons.conftest import columns_of

QUICK = {"max_trees": 60, "learning_rate": 0.1}


def workspace(window_days: int) -> SimpleNamespace:
    """As much of a workspace as a classifier is made from."""
    terms = SimpleNamespace(engagement=SimpleNamespace(window_days=window_days))
    return SimpleNamespace(terms=terms, config=SimpleNamespace(engine=SimpleNamespace(threads=2)))


def training_set(**how: int) -> TrainingSet:
    """Accounts at three dates, the last of which tests; two of their columns are features of the catalogue."""
    frame, y, known = company(**how)
    days = [dt.datetime(2026, month, 1) for month in (1, 2, 3)]
    rows = frame.rename(columns={"engagement_score": "engagement_score_90d"}).drop(columns="met").assign(
        engagement_score=frame["engagement_score"], label=y, account_id=known["groups"].astype(str),
        as_of=[days[number] for number in known["time"]], tier="1",
    )  # fmt: skip
    names = ("engagement_score_90d", "employees", "industry")
    columns = [column for column in columns_of("engagement_score", "employees", "industry") if column.name in names]
    train, test = rows[rows["as_of"] < days[2]], rows[rows["as_of"] == days[2]]
    return TrainingSet(
        label=LABELS["win"], horizon_days=30, columns=tuple(columns), train=train.reset_index(drop=True),
        split=Split(train=tuple(days[:2]), gap=(), test=(days[2],)), test=test.reset_index(drop=True),
    )  # fmt: skip


@pytest.mark.parametrize(("window", "column"), [(90, "90d"), (85, "90d"), (30, "30d"), (1000, "365d")])
def test_the_rule_is_the_nearest_window(window, column):
    """The rung of rules reads the feature that counts the rule's points over the window nearest to the rule's own."""
    made = classifier_for(workspace(window), LABELS["win"], columns_of("engagement_score"), ModelConfig(label="win"))
    assert made.rule_column == f"engagement_score_{column}"


@pytest.mark.parametrize(("label", "direction"), [("win", "increasing"), ("churn", "decreasing")])
def test_the_rule_speaks_for_what_is_wanted(label, direction):
    """More engagement speaks for a win and against a churn."""
    made = classifier_for(workspace(90), LABELS[label], columns_of("engagement_score"), ModelConfig(label=label))
    assert made.rule_direction == direction


def test_the_configuration_decides():
    """Rung, segments and settings of the trees are those of model.yaml."""
    config = ModelConfig(label="win", rung="logistic", segments=("tier",), lightgbm={"bags": 3})
    made = classifier_for(workspace(90), LABELS["win"], columns_of("industry"), config)
    assert (made.rung, made.segments, made.bags, made.num_threads) == ("logistic", ("tier",), 3, 2)


def test_the_rung_below_is_a_rival_on_the_test_dates():
    """A model is compared with the rule, the base rate, and the best rung below it, on the rows that test it."""
    rows = training_set(accounts=600)
    found = judged(rows, ModelConfig(label="win"), AccountClassifier(**QUICK, rule_column="engagement_score_90d"))
    below = found.classifier.below_[0]
    assert below in {"rate", "logistic"}
    assert [each.baseline for each in found.comparisons] == [RULE, BASE_RATE, below]


def test_twenty_wins_do_not_ship():
    """Through learning as a whole: 20 wins among 400 accounts stand on rules or rates, and the gate says Not ready."""
    rows = training_set(wins=20)
    found = judged(rows, ModelConfig(label="win"), AccountClassifier(**QUICK, rule_column="engagement_score_90d"))
    assert found.classifier.rung_ in {"rules", "rate"}
    assert found.verdict.word == "Not ready"
    assert isinstance(found.probability, pd.Series)
