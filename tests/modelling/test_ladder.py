"""The ladder: as high as the events carry and held-out rows confirm, and no higher."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import ConfigError
from abm_ml.modelling.card_ladder import ladder_lines
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import compare, evaluate
from abm_ml.modelling.gate import RULE, judge
from abm_ml.modelling.ladder import NEEDED, RUNGS, step_from
from tests.modelling.prepared import company, prepared

QUICK = {"max_trees": 60, "learning_rate": 0.1}


def taught(seed: int = 0, **how: int) -> AccountClassifier:
    """A classifier that has climbed as high as such a company carries."""
    frame, y, known = company(seed=seed, **how)
    return AccountClassifier(**QUICK).fit(frame, y, **known)


@pytest.fixture(scope="module")
def climbed() -> AccountClassifier:
    """One with events enough for every rung."""
    return taught(accounts=600)


@pytest.mark.parametrize("seed", range(8))
def test_twenty_wins_are_never_promoted(seed):
    """With 20 wins among 400 accounts rules or rates score, with intervals, and the gate says Not ready."""
    frame, y, known = company(wins=20, seed=seed)
    model = AccountClassifier(**QUICK).fit(frame, y, **known)
    later, happened, _ = company(accounts=2000, dates=1, seed=seed + 100)
    said = model.predict_proba(later)[:, 1]
    rule = compare(happened, said, baseline=RULE, score=later["engagement_score"])
    verdict = judge(evaluate(happened, said), [rule], training_events=model.events_, rung=model.rung_)
    low, high = model.predict_interval(later).T
    assert (model.events_, verdict.word) == (20, "Not ready")
    assert model.rung_ in {"rules", "rate"}
    assert ((low < said) & (said < high)).all()


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_labels_are_never_ready(seed):
    """Where chance deals the outcomes, the gate says Not ready, whichever rung was taken."""
    frame, y, known = company(seed=seed)
    model = AccountClassifier(**QUICK).fit(frame, np.random.default_rng(seed).permutation(y), **known)
    later, happened, facts = company(seed=seed + 100)
    dealt, said = np.random.default_rng(seed).permutation(happened), model.predict_proba(later)[:, 1]
    found = evaluate(dealt, said, groups=facts["groups"])
    assert judge(found, training_events=model.events_, rung=model.rung_).word == "Not ready"


@pytest.mark.parametrize(("wins", "highest"), [(39, "rate"), (40, "logistic"), (99, "logistic"), (100, "lightgbm")])
def test_events_bound_the_rung(wins, highest):
    """Below 40 accounts with the rarer outcome no regression is tried, below 100 no trees, and the steps say why."""
    model = taught(wins=wins)
    tried = [step.rung for step in model.ladder_ if step.log_loss is not None]
    assert tried == [rung for rung in RUNGS if RUNGS.index(rung) <= RUNGS.index(highest)]
    told = [step.why for step in model.ladder_ if step.log_loss is None]
    assert told == [f"not tried: {wins} events, {NEEDED[rung]} needed" for rung in RUNGS if rung not in tried]


def test_an_account_is_one_event():
    """A win that three snapshots show is one win; the account that loses is counted in the same way."""
    assert prepared(wins=20, dates=3).events == 20
    assert prepared(accounts=50, wins=45, dates=3).events == 5


def test_one_rung_is_taken(climbed):
    """Exactly one step is taken, the one that scores, and every other one says why it was not."""
    assert [step.rung for step in climbed.ladder_ if step.taken] == [climbed.rung_]
    assert all(step.why for step in climbed.ladder_)


def test_a_higher_rung_has_a_lower_log_loss(climbed):
    """What is taken judges better than all rungs below it, by a gain that lies within its interval."""
    (best,) = [step for step in climbed.ladder_ if step.taken]
    below = [step for step in climbed.ladder_ if RUNGS.index(step.rung) < RUNGS.index(best.rung)]
    assert all(best.log_loss < step.log_loss for step in below)
    assert best.gain.low <= best.gain.value <= best.gain.high
    assert best.gain.value > 0


def test_the_rung_below_is_kept_for_comparison(climbed):
    """The best rung below the one that was taken can be asked, too; it is no part of what is stored."""
    rung, model = climbed.below_
    assert RUNGS.index(rung) < RUNGS.index(climbed.rung_)
    frame, *_ = company(seed=5)
    assert model.margin(climbed.encode(frame)).shape == (len(frame),)
    assert AccountClassifier.from_state(climbed.to_state()).below_ is None


@pytest.mark.parametrize("rung", RUNGS)
def test_a_given_rung_is_taken(rung):
    """A rung that is asked for by name is used, whatever others would have been; it explains itself exactly."""
    frame, y, known = company(wins=30)
    model = AccountClassifier(**QUICK, rung=rung).fit(frame, y, **known)
    assert (model.rung_, [step.rung for step in model.ladder_]) == (rung, [rung])
    total = model.base_probability_ + model.contributions(frame).sum(axis=1)
    np.testing.assert_allclose(total, model.predict_proba(frame)[:, 1], rtol=0, atol=1e-9)
    again = AccountClassifier.from_state(model.to_state())
    assert (again.predict_proba(frame) == model.predict_proba(frame)).all()


@pytest.mark.parametrize("rung", ["rules", "forest"])
def test_a_rung_that_cannot_be_taken(rung):
    """Without the rule's score there are no rules, and nobody knows forests."""
    frame, y, known = company(accounts=60)
    with pytest.raises(ConfigError, match=rung):
        AccountClassifier(rung=rung).fit(frame.drop(columns="engagement_score"), y, **known)


def test_without_a_rule_rates_are_the_lowest():
    """Where no column holds the rule's score, the rates of segments are what all others are held against."""
    frame, y, known = company(wins=30)
    model = AccountClassifier(**QUICK).fit(frame.drop(columns="engagement_score"), y, **known)
    assert (model.rung_, model.ladder_[0].rung) == ("rate", "rate")


def test_rules_speak_in_their_direction():
    """Of a label that engagement speaks against, the likelier account is the one with fewer points."""
    frame, y, known = company(wins=30)
    model = AccountClassifier(rung="rules", rule_direction="decreasing").fit(frame, 1 - y, **known)
    order = model.margin(pd.concat([frame.head(1)] * 2).assign(engagement_score=[0.0, 60.0]))
    assert order[0] > order[1]


def test_trees_and_regression_together():
    """Where the mean of trees and regression judges best, it scores: exactly so, and exactly explained."""
    model = next(model for model in map(taught, range(6)) if model.to_state().share not in (0.0, 1.0))
    frame, *_ = company(seed=9)
    assert model.rung_ == "lightgbm"
    parts = model.model_
    matrix = model.encode(frame)
    mean = parts.share * parts.trees.margin(matrix) + (1 - parts.share) * parts.additive.margin(matrix)
    np.testing.assert_allclose(model.margin(frame), mean, rtol=0, atol=1e-12)
    total = model.base_probability_ + model.contributions(frame).sum(axis=1)
    np.testing.assert_allclose(total, model.predict_proba(frame)[:, 1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("rung", ["rules", "logistic", "auto"])
def test_it_travels(rung):
    """A model of any rung can be taken apart and put together, as Spark does to send it, and scores as before."""
    frame, y, known = company(accounts=300, wins=120)
    model = AccountClassifier(**QUICK, rung=rung, segments=["industry"]).fit(frame, y, **known)
    assert (copy.deepcopy(model).predict_proba(frame) == model.predict_proba(frame)).all()


def test_steps_as_json(climbed):
    """What was tried is read back from JSON as it was."""
    again = [step_from(json.loads(json.dumps(asdict(step)))) for step in climbed.ladder_]
    assert tuple(again) == climbed.ladder_


def test_the_card_tells_every_step(climbed):
    """The card has a line per rung, with the one that was taken in bold."""
    lines = [line for line in ladder_lines(climbed.to_state()) if line.startswith("|")]
    assert len(lines) == 2 + len(RUNGS)
    assert sum("**taken**" in line for line in lines) == 1
