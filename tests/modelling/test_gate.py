"""The gate's word follows from its numbers, and each number that fails is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abm_ml.modelling.evaluation import Comparison, Evaluation, Metric, Slice, compare, evaluate, rarer_events
from abm_ml.modelling.gate import RULE, judge, needed_lift
from abm_ml.modelling.ladder import RUNGS


def around(value):
    """A figure that is known well."""
    return Metric(value, value - 0.02, value + 0.02)


GOOD = Evaluation(
    roc_auc=around(0.80),
    pr_auc=around(0.5),
    brier=around(0.1),
    log_loss=around(0.4),
    calibration_error=around(0.02),
    top_decile_lift=around(3.0),
    top_decile_recall=around(0.3),
    base_rate=around(0.15),
    rows=2000,
    positives=300,
    accounts=500,
    events=130,
)
BETTER = Comparison("rule score", around(0.6), around(0.2))
EQUAL = Comparison("rule score", around(0.79), around(0.01))
WORSE = Comparison("rule score", around(0.85), around(-0.05))


def names(verdict):
    """What failed."""
    return [check.name for check in verdict.failed]


def test_ready():
    """A good model that beats every baseline for certain is Ready, and every check shows its number."""
    verdict = judge(GOOD, [BETTER], training_events=900)
    assert (verdict.word, verdict.failed) == ("Ready", ())
    assert all(check.needed[0] in "<>" for check in verdict.checks)


@pytest.mark.parametrize(
    ("change", "word", "failed"),
    [
        ({"roc_auc": Metric(0.72, 0.69, 0.75)}, "OK", "AUC, lower 90 % bound"),
        ({"roc_auc": around(0.97)}, "OK", "AUC without a leak review"),
        ({"calibration_error": around(0.051)}, "OK", "calibration error"),
        ({"top_decile_lift": around(1.9)}, "OK", "top-decile lift"),
        ({"events": 39}, "Not ready", "held-out events of the rarer class"),
    ],
)
def test_one_number_decides(change, word, failed):
    """One number beyond its limit costs the word that needs it."""
    verdict = judge(replace(GOOD, **change), [BETTER])
    assert (verdict.word, names(verdict)) == (word, [failed])


@pytest.mark.parametrize(("auc", "word"), [(0.65, "OK"), (0.649, "Not ready")])
def test_ok_limit(auc, word):
    """An AUC of 0.65 is OK, anything below is not."""
    assert judge(replace(GOOD, roc_auc=around(auc)), [BETTER]).word == word


@pytest.mark.parametrize(("against", "word"), [(BETTER, "Ready"), (EQUAL, "OK"), (WORSE, "Not ready")])
def test_baselines(against, word):
    """A model that does not beat the rules does not ship; Ready must beat them for certain."""
    assert judge(GOOD, [BETTER, against]).word == word


@pytest.mark.parametrize(("rung", "fewest"), [("rules", 40), ("rate", 40), ("logistic", 40), ("lightgbm", 100)])
def test_few_training_events(rung, fewest):
    """Trees take 100 events, anything simpler 40: with fewer nothing ships, however good the figures look."""
    assert judge(GOOD, [BETTER], training_events=fewest, rung=rung).word == "Ready"
    assert judge(GOOD, [BETTER], training_events=fewest - 1, rung=rung).word == "Not ready"


@pytest.mark.parametrize(
    ("difference", "word"),
    [(around(0.01), "Ready"), (around(-0.01), "OK"), (around(-0.03), "Not ready"), (around(0.0), "Ready")],
)
@pytest.mark.parametrize("rung", RUNGS[1:3])
def test_lower_rungs(rung, difference, word):
    """A simpler model may come close, for it learned from the same rows; one that is better for certain should ship."""
    assert judge(GOOD, [BETTER, Comparison(rung, around(0.79), difference)]).word == word


def test_the_rule_is_no_rival_of_itself():
    """On the rung of the rules the model is the rule, and only the others have to be beaten."""
    itself = Comparison(RULE, around(0.8), Metric(0.0, 0.0, 0.0))
    assert judge(GOOD, [itself, BETTER], training_events=60, rung="rules").word == "Ready"
    assert judge(GOOD, [itself, BETTER], training_events=60, rung="rate").word == "Not ready"


@pytest.mark.parametrize(
    ("low_slice", "word"),
    [(Metric(0.6, 0.5, 0.71), "Ready"), (Metric(0.6, 0.5, 0.69), "OK"), (None, "Ready")],
)
def test_slices(low_slice, word):
    """Ready takes that no slice is for certain more than 0.10 below the whole; with too few events it says nothing."""
    fine = Slice("1", 200, 60, replace(GOOD, roc_auc=around(0.78)))
    low = Slice("2", 200, 60, low_slice and replace(GOOD, roc_auc=low_slice))
    verdict = judge(GOOD, [BETTER], slices=[("tier", [fine, low])])
    assert verdict.word == word
    assert ("tier 2" in verdict.checks[-1].name) == (low_slice is not None)


def test_events_are_accounts():
    """One deal seen from three dates is three rows, but one win; where one class is missing there are none."""
    y, accounts = [1, 1, 1, 0, 0, 1, 0], ["a", "a", "a", "a", "b", "c", "d"]
    assert (rarer_events(y, accounts), rarer_events(y), rarer_events([0, 0], ["a", "b"])) == (2, 3, 0)
    assert evaluate(y, np.linspace(0.1, 0.9, 7), groups=accounts).events == 2


def test_twenty_wins_seen_thrice_are_twenty():
    """20 winning accounts among 400, each seen at three dates: never more than Not ready, even ranked perfectly."""
    accounts = np.repeat(np.arange(400), 3)
    y = (accounts < 20).astype(int)
    assert y.sum() > 40
    assert judge(evaluate(y, y * 0.9 + 0.05, groups=accounts), training_events=400).word == "Not ready"


@pytest.mark.parametrize("seed", range(20))
def test_shuffled_labels_are_never_ready(seed):
    """Probabilities that know nothing of the answers do not ship, whatever chance makes of them."""
    random = np.random.default_rng(seed)
    y, p, rule = random.random(400) < 0.12, random.beta(1, 7, 400), random.random(400)
    verdict = judge(evaluate(y, p), [compare(y, p, baseline=RULE, score=rule)], training_events=400)
    assert verdict.word == "Not ready"


@pytest.mark.parametrize(("base_rate", "lift"), [(0.05, 2.0), (0.15, 2.0), (0.5, 1.8), (0.6, 1.5)])
def test_needed_lift(base_rate, lift):
    """Lift 2 is asked for, or 0.9 of the most there can be: with 60 % events no decile holds more than 1/0.6."""
    assert needed_lift(base_rate) == pytest.approx(lift)
