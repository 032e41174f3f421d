"""The logistic regression: what it knows, which way it may speak, and how far it trusts few rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from abm_ml.modelling.folds import plan_of
from abm_ml.modelling.logistic import Logistic, chosen_spread, thinned
from abm_ml.modelling.solving import solved, straightened
from tests.modelling.prepared import place, prepared


def test_solved_is_scikit_learn_s_regression():
    """Without directions the weights are those of scikit-learn's LogisticRegression with the same penalty."""
    random = np.random.default_rng(0)
    design = random.normal(size=(500, 6))
    y = (random.random(500) < 1 / (1 + np.exp(-design[:, 0] + 0.5 * design[:, 1]))).astype(int)
    weight = random.random(500)
    reference = LogisticRegression(C=0.1, tol=1e-10, max_iter=1000)
    reference.fit(design, y, sample_weight=weight / weight.mean())
    expected = [*reference.intercept_, *reference.coef_[0]]
    assert solved(design, y, weight, spread=0.1) == pytest.approx(expected, abs=2e-3)


def test_it_learns_from_numbers_flags_and_categories():
    """Held-out accounts are ranked well, and every kind of feature has a term."""
    rows, later = prepared(), prepared(seed=1)
    model = Logistic(spread=0.1, directions={}, seed=7).fit(rows)
    assert roc_auc_score(later.y, model.margin(later.matrix)) > 0.75
    assert {place(rows, name) for name in ("engagement_score", "industry", "met")} <= {t.feature for t in model.terms}


@pytest.mark.parametrize(("direction", "sign"), [(1, 1), (-1, -1)])
def test_directions_hold(direction, sign):
    """A feature with a direction never speaks against it, though the rows would have it so; other rows are as free."""
    rows = prepared()
    at = place(rows, "engagement_score")
    model = Logistic(spread=1.0, directions={"engagement_score": direction}, seed=7).fit(rows)
    (term,) = [term for term in model.terms if term.feature == at]
    assert (sign * np.diff(term.adds) >= -1e-12).all()


def test_a_huge_value_says_no_more_than_a_large_one():
    """Beyond the outermost hundredth a number adds nothing more: one cell with a wrong unit rules no score."""
    rows = prepared()
    model, at = Logistic(spread=1.0, directions={}, seed=7).fit(rows), place(rows, "employees")
    large, huge = rows.matrix[:1].copy(), rows.matrix[:1].copy()
    large[0, at], huge[0, at] = np.nanmax(rows.matrix[:, at]), 1e12
    assert model.margin(large) == model.margin(huge)


def test_noise_is_trusted_less_than_signal():
    """Where the columns say nothing, the spread that judges best is the smallest; where they do, it is not."""
    rows = prepared()
    folds = plan_of(rows.y, rows.time, rows.groups, seed=7).stopping
    lots = rows.some(np.arange(len(rows.y)))
    shuffled = type(rows)(**{**{name: getattr(lots, name) for name in rows.__slots__},
                             "y": np.random.default_rng(0).permutation(rows.y)})  # fmt: skip
    assert chosen_spread(shuffled, folds, directions={}, seed=7) == 0.001
    assert chosen_spread(rows, folds, directions={}, seed=7) > 0.001


def test_thinned():
    """So many rows are drawn, in their order; fewer stay as they are."""
    rows = prepared(accounts=50)
    few = thinned(rows, 20, seed=1)
    assert len(few.y) == 20
    assert (np.diff(few.time) >= 0).all()
    assert thinned(rows, 1000, seed=1) is rows


def test_nearly_equal_margins_are_not_spread():
    """Of margins that hardly differ nothing much is read, and of those that rank the wrong way round nothing at all."""
    random = np.random.default_rng(1)
    y = (random.random(400) < 0.1).astype(np.int64)
    nearly = -2.0 + 0.01 * random.normal(size=400) + 0.02 * y
    assert straightened(nearly, y, np.ones(400))[1] < 2.0
    level, slope = straightened(random.normal(size=400) - 6.0 * y, y, np.ones(400))
    assert slope == 0.0
    assert np.isfinite(level)
