"""The calibrator's laws: it orders as the margin does, its mean is the event rate, and points add up."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from abm_ml.errors import GateRefused, IntegrityError
from abm_ml.modelling.calibration import (
    Calibrator,
    calibrator_from,
    calibrator_record,
    fit_calibrator,
    probability_points,
)
from abm_ml.modelling.calibration.curves import binned, multiprobabilities

LINES = st.builds(
    Calibrator,
    slope=st.floats(0.01, 5),
    intercept=st.floats(-5, 5),
    covariance=st.just((0.04, 0.01, 0.02)),
    rows=st.just(100),
    events=st.just(20),
)
MARGINS = st.lists(st.floats(-60, 60), min_size=2, max_size=20)


def world(rows=4000, slope=0.6, intercept=-0.5, seed=0):
    """Margins that are too bold, and what happened."""
    random = np.random.default_rng(seed)
    margin = random.normal(-1, 1.5, rows)
    return margin, (random.random(rows) < 1 / (1 + np.exp(-(intercept + slope * margin)))).astype(int)


@given(LINES, MARGINS)
def test_order_is_kept(calibrator, margins):
    """A higher margin never has a lower probability."""
    assert (np.diff(calibrator.calibrate(np.sort(margins))) >= 0).all()


@settings(deadline=None)  # the first call loads scipy
@given(LINES, MARGINS)
def test_interval_surrounds(calibrator, margins):
    """0 < low <= probability <= high < 1, however far out the margin."""
    p, (low, high) = calibrator.calibrate(margins), calibrator.interval(margins).T
    assert ((low > 0) & (low <= p) & (p <= high) & (high < 1)).all()


@settings(deadline=None)  # a loaded machine may pause for longer than that
@given(LINES, st.lists(st.lists(st.floats(-8, 8), min_size=3, max_size=3), min_size=1, max_size=9), st.floats(-4, 4))
def test_points_add_up(calibrator, contributions, base_margin):
    """Base probability plus points is the calibrated probability of the whole margin, to 1e-9, for every row."""
    points, base = probability_points(contributions, base_margin, calibrator)
    whole = calibrator.calibrate(base_margin + np.sum(contributions, axis=1))
    np.testing.assert_allclose(base + points.sum(axis=1), whole, rtol=0, atol=1e-9)


@pytest.mark.parametrize("moved", [0.0, 1e-16, 1e-12, 1e-7, 1e-5])
def test_points_of_opposites(moved):
    """Large contributions that all but cancel keep their size and still add up."""
    calibrator = Calibrator(1.0, 0.0, (0.0, 0.0, 0.0), rows=1, events=1)
    points, base = probability_points([[4.0 + moved, -4.0]], 0.0, calibrator)
    assert points[0, 0] == pytest.approx(1.0, abs=1e-4)
    assert base + points.sum() == pytest.approx(calibrator.calibrate(moved), abs=1e-9)


def test_points_share_sign_with_log_odds():
    """What raises the log-odds raises the probability."""
    contributions = np.random.default_rng(0).normal(size=(50, 6))
    points, _ = probability_points(contributions, -1.0, Calibrator(0.7, 0.2, (0.1, 0.0, 0.1), rows=9, events=3))
    assert (np.sign(points) == np.sign(contributions)).all()


def test_finds_the_line():
    """Slope and intercept of a known world are found."""
    calibrator = fit_calibrator(*world(rows=40_000), method="platt")
    assert (calibrator.slope, calibrator.intercept) == pytest.approx((0.6, -0.5), abs=0.05)


@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 3, 4000)])
def test_mean_is_event_rate(weight):
    """On its own rows the mean probability is the (weighted) event rate."""
    margin, y = world()
    p = fit_calibrator(margin, y, sample_weight=weight).calibrate(margin)
    assert np.average(p, weights=weight) == pytest.approx(np.average(y, weights=weight), abs=1e-9)


def test_wrong_way_round():
    """A model that ranks backwards is flattened, not turned over; the level still fits."""
    margin, y = world()
    calibrator = fit_calibrator(-3 * margin, y)
    assert calibrator.slope == 0.01
    assert calibrator.calibrate(-3 * margin).mean() == pytest.approx(y.mean(), abs=1e-9)


def test_constant_margin():
    """Where all rows score alike, all get the event rate."""
    _, y = world()
    assert fit_calibrator(np.zeros(len(y)), y).calibrate(0.0) == pytest.approx(y.mean())


def test_perfect_separation():
    """Few rows, perfectly separated, do not make certainty."""
    calibrator = fit_calibrator([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
    assert 0 < calibrator.slope < 3


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_one_class(y):
    """Calibration needs both classes and says how many there were."""
    with pytest.raises(GateRefused, match="positives and"):
        fit_calibrator([0.1, 0.2, 0.3], y)


def test_interval_covers():
    """Nine times in ten the interval holds the true rate (80 to 98 of 100 worlds)."""
    at, truth = 0.5, 1 / (1 + np.exp(-(-0.5 + 0.6 * 0.5)))
    intervals = [fit_calibrator(*world(rows=600, seed=seed), method="platt").interval(at) for seed in range(100)]
    assert 80 <= sum(low <= truth <= high for low, high in intervals) <= 98


def test_repeated_rows_of_one_account():
    """Ten copies of each row, known to be of one account, leave as much open as the rows alone."""
    margin, y = world(rows=500)
    copies = np.repeat(np.arange(500), 10)
    alone = np.ptp(fit_calibrator(margin, y).interval(0.0))
    grouped = np.ptp(fit_calibrator(margin[copies], y[copies], groups=copies).interval(0.0))
    assert grouped == pytest.approx(alone, rel=0.02)
    assert np.ptp(fit_calibrator(margin[copies], y[copies]).interval(0.0)) < 0.5 * alone


def test_record_round_trip():
    """A calibrator written as JSON is read back exactly."""
    calibrator = fit_calibrator(*world())
    assert calibrator_from(json.loads(json.dumps(calibrator_record(calibrator)))) == calibrator


def test_unknown_method():
    """A calibrator of a kind that this version does not know is refused."""
    record = calibrator_record(fit_calibrator(*world(rows=50)))
    with pytest.raises(IntegrityError, match="spline"):
        calibrator_from({**record, "method": "spline"})


def bent_world(rows=8000, seed=0):
    """Margins whose log-odds are no straight line of them: nothing happens below a threshold."""
    random = np.random.default_rng(seed)
    margin = random.normal(0, 1.5, rows)
    rate = np.where(margin > 1.0, 0.6, 0.05)
    return margin, (random.random(rows) < rate).astype(int)


CURVES = ("isotonic", "venn-abers")


@pytest.mark.parametrize("method", CURVES)
def test_curve_keeps_the_order(method):
    """A curve keeps every order of its margins, so calibration changes no AUC; beyond its knots it goes on rising."""
    margin, y = bent_world()
    calibrator = fit_calibrator(margin, y, method=method)
    said = calibrator.calibrate(np.sort(np.concatenate([margin, [-30.0, -12.0, 12.0, 30.0]])))
    assert (np.diff(said) > 0).all()
    assert 0 < said[0] < said[-1] < 1
    assert roc_auc_score(y, calibrator.calibrate(margin)) == pytest.approx(roc_auc_score(y, margin), abs=1e-4)


@pytest.mark.parametrize("method", CURVES)
def test_mean_of_a_curve_is_event_rate(method):
    """On its own rows the mean probability of a curve is the (weighted) event rate."""
    margin, y = bent_world()
    weight = np.linspace(0.1, 3, len(y))
    p = fit_calibrator(margin, y, sample_weight=weight, method=method).calibrate(margin)
    assert np.average(p, weights=weight) == pytest.approx(np.average(y, weights=weight), abs=1e-9)


@pytest.mark.parametrize("method", CURVES)
def test_points_of_a_curve_add_up(method):
    """Base probability plus points is the calibrated probability to 1e-9 on a curve with corners, too."""
    calibrator = fit_calibrator(*bent_world(), method=method)
    parts = np.random.default_rng(0).normal(size=(3000, 4)) * np.logspace(-12, 1, 3000)[:, None]
    for base_margin in (-0.3, calibrator.knots[7][0]):
        points, base = probability_points(parts, base_margin, calibrator)
        whole = calibrator.calibrate(base_margin + parts.sum(axis=1))
        np.testing.assert_allclose(base + points.sum(axis=1), whole, rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", CURVES)
def test_record_of_a_curve(method):
    """A curve written as JSON is read back exactly."""
    calibrator = fit_calibrator(*bent_world(rows=500), method=method)
    assert calibrator_from(json.loads(json.dumps(calibrator_record(calibrator)))) == calibrator


def test_record_without_a_curve():
    """A calibrator stored before there were curves is read as the line that it is."""
    record = calibrator_record(fit_calibrator(*world(rows=50)))
    old = {name: record[name] for name in ("slope", "intercept", "covariance", "rows", "events", "method")}
    assert calibrator_from(old) == fit_calibrator(*world(rows=50))


def test_venn_abers_as_published():
    """The two probabilities per margin are those of the package venn-abers 1.5.4 on the same twelve rows."""
    margin = [2.04, -2.56, 0.42, -0.57, -0.45, -0.22, -2.02, -0.23, -0.87, 3.32, 0.23, -0.35]
    y = [1.0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1]
    p0, p1 = multiprobabilities(binned(np.array(margin), np.array(y), np.ones(12)))
    np.testing.assert_allclose(p0, [0, 0, 1 / 3, 1 / 3, 1 / 2, *[5 / 9] * 7], atol=1e-12)
    np.testing.assert_allclose(p1, [1 / 3, 1 / 2, 7 / 11, 7 / 11, *[2 / 3] * 8], atol=1e-12)


def test_few_events_take_the_line():
    """Below 100 accounts with the rarer outcome no curve is tried, however many rows they have."""
    margin, y = bent_world(rows=300)
    copies = np.repeat(np.arange(300), 20)
    assert fit_calibrator(margin[copies], y[copies], groups=copies).method == "platt"


def test_bent_margins_take_a_curve():
    """Where a line does not fit and events are many, held-out rows choose a curve, and it is nearer to the truth."""
    margin, y = bent_world()
    chosen, line = fit_calibrator(margin, y), fit_calibrator(margin, y, method="platt")
    at = np.array([-2.0, 0.0, 0.5, 1.5, 2.5])
    truth = np.where(at > 1.0, 0.6, 0.05)
    assert chosen.method != "platt"
    assert np.abs(chosen.calibrate(at) - truth).mean() < 0.5 * np.abs(line.calibrate(at) - truth).mean()


def test_straight_margins_keep_the_line():
    """Where a line is the truth, it stays in at least nine of ten worlds."""
    lines = [fit_calibrator(*world(rows=2000, seed=seed)).method == "platt" for seed in range(10)]
    assert sum(lines) >= 9


@settings(deadline=None)  # the first call loads scipy
@given(LINES, st.floats(0.001, 0.9), st.floats(0.0, 2.0), MARGINS)
def test_unseen_widens(calibrator, unseen, untaught, margins):
    """What is unseen or untaught makes no interval narrower, and 0 < low <= probability <= high < 1 still holds."""
    wider = replace(calibrator, unseen=unseen, untaught=untaught)
    p, (low, high) = calibrator.calibrate(margins), calibrator.interval(margins).T
    lower, higher = wider.interval(margins).T
    assert ((lower > 0) & (lower <= low) & (low <= p) & (p <= high) & (high <= higher) & (higher < 1)).all()


def test_interval_holds_differing_accounts():
    """Accounts that score alike but differ as said lie in the interval nine times in ten (85 to 95 %)."""
    random = np.random.default_rng(2)
    margin = random.normal(-1.5, 1.0, 20_000)
    mean = 1 / (1 + np.exp(-margin))
    truth = random.beta(9 * mean, 9 * (1 - mean))
    calibrator = Calibrator(1.0, 0.0, (0.0, 0.0, 0.0), rows=1, events=1, unseen=0.1)
    low, high = calibrator.interval(margin).T
    assert 0.88 <= ((low <= truth) & (truth <= high)).mean() <= 0.92
    low, high = calibrator.interval(margin, level=0.5).T
    assert 0.47 <= ((low <= truth) & (truth <= high)).mean() <= 0.53


def test_untaught_is_a_spread_of_log_odds():
    """What is untaught spreads log-odds alike everywhere: by 1.645 standard deviations either way."""
    calibrator = Calibrator(1.0, 0.0, (0.0, 0.0, 0.0), rows=1, events=1, untaught=0.04)
    margin = np.array([-3.0, 0.0, 1.0])
    log_odds = np.log(calibrator.interval(margin) / (1 - calibrator.interval(margin)))
    assert log_odds == pytest.approx(np.stack([margin - 0.329, margin + 0.329], axis=1), abs=1e-3)


def test_interval_of_one_account():
    """An account has the same interval alone as among others."""
    calibrator = replace(fit_calibrator(*world()), unseen=0.1)
    among = calibrator.interval(np.linspace(-4, 4, 50))
    assert (calibrator.interval([np.linspace(-4, 4, 50)[17]])[0] == among[17]).all()
