"""The figures equal scikit-learn's, their intervals respect accounts, and too few events are not judged."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from abm_ml.errors import GateRefused, SourceError
from abm_ml.modelling.evaluation import (
    METRICS,
    compare,
    comparison_from,
    evaluate,
    evaluate_slices,
    evaluation_from,
)


def world(rows=2000, seed=0, digits=8):
    """Honest probabilities and what happened; fewer digits make ties."""
    random = np.random.default_rng(seed)
    p = np.round(random.beta(1.5, 6, rows), digits)
    return (random.random(rows) < p).astype(int), p


@pytest.mark.parametrize("digits", [8, 2, 1])
@pytest.mark.parametrize(
    ("name", "reference"),
    [("roc_auc", roc_auc_score), ("pr_auc", average_precision_score), ("brier", brier_score_loss)],
)
def test_equals_scikit_learn(name, reference, digits):
    """AUC, average precision and Brier score are the standard ones, ties included."""
    y, p = world(digits=digits)
    assert getattr(evaluate(y, p), name).value == pytest.approx(reference(y, p), abs=1e-12)


def test_log_loss():
    """Log loss is the standard one and stays finite where a probability is 0 or 1."""
    y, p = world()
    assert evaluate(y, p).log_loss.value == pytest.approx(log_loss(y, p), abs=1e-12)
    assert np.isfinite(evaluate([0, 1], [1.0, 0.0]).log_loss.value)


def test_top_decile():
    """Of 20 rows the first two hold one of four events: recall 1/4, lift (1/2) / (4/20)."""
    y = np.zeros(20)
    y[[0, 7, 8, 9]] = 1
    figures = evaluate(y, np.linspace(0.9, 0.1, 20))
    assert (figures.top_decile_recall.value, figures.top_decile_lift.value) == pytest.approx((0.25, 2.5))


def test_top_decile_of_ties():
    """Where all rows score alike, the top decile is no better than any: lift 1."""
    y, p = world()
    assert evaluate(y, np.full(len(p), 0.2)).top_decile_lift.value == pytest.approx(1.0)


def test_calibration_error():
    """Probabilities that are all 0.1 too high have a calibration error of 0.1."""
    y = np.tile([1, 0, 0, 0, 0], 200)
    assert evaluate(y, np.full(1000, 0.3)).calibration_error.value == pytest.approx(0.1)


def test_every_interval_holds_its_value():
    """Low <= value <= high for every figure."""
    figures = evaluate(*world(rows=300))
    metrics = [getattr(figures, name) for name in METRICS]
    assert all(metric.low <= metric.value <= metric.high for metric in metrics)
    assert all(metric.low < metric.high for metric in metrics)


def test_row_order():
    """The order of rows changes nothing, intervals included."""
    y, p = world(digits=2)
    groups, order = np.array([f"a{i % 77}" for i in range(len(y))]), np.random.default_rng(1).permutation(len(y))
    assert evaluate(y, p, groups=groups) == evaluate(y[order], p[order], groups=groups[order])
    assert evaluate(y, p) == evaluate(y[order], p[order])


def test_copies_of_accounts_teach_nothing():
    """Ten copies of every row, known to be of one account, leave the interval of the AUC as wide as before."""
    y, p = world(rows=400)
    copies = np.repeat(np.arange(400), 10)
    wide, same = evaluate(y, p).roc_auc, evaluate(y[copies], p[copies], groups=copies).roc_auc
    assert same.high - same.low == pytest.approx(wide.high - wide.low, rel=0.25)
    narrow = evaluate(y[copies], p[copies]).roc_auc
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


def test_auc_interval_covers():
    """About nine times in ten the interval of the AUC holds the truth (78 to 99 of 100 worlds)."""
    truth = roc_auc_score(*world(rows=400_000, seed=99))
    intervals = [evaluate(*world(rows=400, seed=seed)).roc_auc for seed in range(100)]
    assert 78 <= sum(metric.low <= truth <= metric.high for metric in intervals) <= 99


def test_json_round_trip():
    """An evaluation and a comparison are plain values and read back exactly."""
    y, p = world(rows=200)
    figures, against = evaluate(y, p), compare(y, p, baseline="rule score", score=p**2)
    assert evaluation_from(json.loads(json.dumps(asdict(figures)))) == figures
    assert comparison_from(json.loads(json.dumps(asdict(against)))) == against


@pytest.mark.parametrize(("y", "count"), [([0, 0, 0], "0 positives and 3"), ([1, 1, 1], "3 positives and 0")])
def test_one_class(y, count):
    """Nothing can be judged on one class."""
    with pytest.raises(GateRefused, match=count):
        evaluate(y, [0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([0, 1], [0.1, np.nan], "1 of 2 scores are not finite"),
        ([0, 1], [0.1, 1.1], "between 0 and 1"),
        ([0, 2], [0.1, 0.2], "1 of 2 labels are neither 0 nor 1"),
        ([0, 1, 1], [0.1, 0.2], "not one each"),
    ],
)
def test_refused(y, p, message):
    """Scores that are no probabilities, and labels that are neither, are refused with their counts."""
    with pytest.raises(SourceError, match=message):
        evaluate(y, p)


def test_slices():
    """Values with 30 events of either class are judged, others only counted, no value is 'missing'."""
    y, p = world()
    by = np.array(["EU", "US", None], dtype=object)[np.minimum(np.arange(2000) // 950, 2)]
    found = {part.value: part for part in evaluate_slices(y, p, by=by)}
    assert {value: part.judged for value, part in found.items()} == {"EU": True, "US": True, "missing": False}
    assert found["EU"].evaluation == evaluate(y[:950], p[:950], groups=_own_accounts(y, p)[:950])
    assert sum(part.positives for part in found.values()) == y.sum()


def _own_accounts(y, p):
    account = np.empty(len(y), dtype=int)
    account[np.lexsort((y, p))] = np.arange(len(y))
    return account


def test_compare_is_paired():
    """The same ranking on another scale is no better and no worse, without any doubt."""
    y, p = world()
    difference = compare(y, p, baseline="the same in points", score=100 * p).difference
    assert (difference.low, difference.value, difference.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_compare_with_base_rate():
    """One score for all has an AUC of 0.5; an honest model is above it for certain."""
    y, p = world()
    against = compare(y, p, baseline="base rate", score=np.full(len(y), y.mean()))
    assert against.baseline_auc.value == 0.5
    assert against.difference.low > 0
    assert against.difference.value == pytest.approx(roc_auc_score(y, p) - 0.5)
