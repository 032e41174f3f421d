"""The gate's word follows from its numbers, and each number that fails is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from abm_ml.modelling.evaluation import Comparison, Evaluation, Metric
from abm_ml.modelling.gate import judge, needed_lift


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
        ({"positives": 39}, "Not ready", "held-out events of the rarer class"),
        ({"positives": 1961}, "Not ready", "held-out events of the rarer class"),
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


def test_few_training_events():
    """Below 40 training events rules or rates stand in, however good the figures look."""
    assert judge(GOOD, [BETTER], training_events=39).word == "Not ready"


@pytest.mark.parametrize(("base_rate", "lift"), [(0.05, 2.0), (0.15, 2.0), (0.5, 1.8), (0.6, 1.5)])
def test_needed_lift(base_rate, lift):
    """Lift 2 is asked for, or 0.9 of the most there can be: with 60 % events no decile holds more than 1/0.6."""
    assert needed_lift(base_rate) == pytest.approx(lift)
