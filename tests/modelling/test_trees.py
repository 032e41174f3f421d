"""Trees from LightGBM's text: read back as they are, and averaged exactly."""

from __future__ import annotations

import numpy as np
import pytest

from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.folds import plan_of
from abm_ml.modelling.rungs import Rungs, TreePlan, tree_settings
from abm_ml.modelling.trees import BinnedRows, Trees, mean_of
from tests.modelling.prepared import place, prepared


@pytest.fixture(scope="module")
def rows():
    """Training rows with a category and gaps."""
    return prepared(accounts=200)


@pytest.fixture(scope="module")
def settings(rows):
    """LightGBM's settings for them."""
    return tree_settings(AccountClassifier(learning_rate=0.1, num_leaves=6).get_params(), rows, {})


@pytest.fixture(scope="module")
def binned(rows, settings):
    """The rows, ready for trees."""
    return BinnedRows(rows.matrix, rows.y, rows.weight, rows.features, settings)


def test_the_mean_of_models_is_one_model(rows, settings, binned):
    """Trees of several models in one text give the mean of their margins and contributions, and of their bases."""
    everyone = np.arange(len(rows.y))
    each = [binned.trees({**settings, "seed": 7 + bag}, 9, everyone) for bag in range(3)]
    one = Trees(mean_of([trees.text for trees in each]))
    assert one.count == 27
    margins = np.mean([trees.margin(rows.matrix) for trees in each], axis=0)
    parts = np.mean([trees.contributions(rows.matrix) for trees in each], axis=0)
    np.testing.assert_allclose(one.margin(rows.matrix), margins, rtol=0, atol=1e-12)
    np.testing.assert_allclose(one.contributions(rows.matrix), parts, rtol=0, atol=1e-12)
    assert one.base_margin == pytest.approx(np.mean([trees.base_margin for trees in each]), abs=1e-12)
    assert binned.trees(settings, 9, everyone, bags=3).text == one.text


def test_read_back_from_their_text(rows, settings, binned):
    """The text of trees gives the same trees, to the bit; no rows have no margins."""
    trees = binned.trees(settings, 5, np.arange(100))
    assert (Trees(trees.text).margin(rows.matrix) == trees.margin(rows.matrix)).all()
    assert Trees(mean_of([trees.text])).text == trees.text
    assert trees.margin(rows.matrix[:0]).shape == (0,)
    assert trees.contributions(rows.matrix[:0]).shape == (0, len(rows.features))


def test_what_grows_on_a_fold(rows, settings, binned):
    """The log loss told after each tree is that of the margins told after so many."""
    fold = np.flatnonzero(rows.time < 2), np.flatnonzero(rows.time == 2)
    grown = binned.grown(settings, fold, most=400, patience=12)
    assert np.argmin(grown.losses) < len(grown.losses) - 1  # it went on after the best tree
    for count in (5, len(grown.losses)):
        margin, happened = grown.margins(count), rows.y[fold[1]]
        loss = np.mean(np.logaddexp(0.0, margin) - happened * margin)
        assert grown.losses[count - 1] == pytest.approx(loss, abs=1e-9)


def test_the_best_count_has_the_lowest_loss(rows, settings, binned):
    """On one fold, as many trees are best as have the lowest log loss on its judging rows; they are grown once."""
    fold = np.flatnonzero(rows.time < 2), np.flatnonzero(rows.time == 2)
    best, (trees,) = binned.counted(settings, [fold], most=40, patience=10)
    losses = binned.grown(settings, fold, most=40, patience=10).losses
    assert losses[best - 1] == pytest.approx(losses.min(), abs=1e-3)
    assert trees.text == binned.trees(settings, best, fold[0]).text


def test_without_some_features():
    """A rung that is fitted without a feature says the same whatever that feature holds."""
    rows = prepared(accounts=300)
    plan = plan_of(rows.y, rows.time, rows.groups, seed=7)
    trees = TreePlan(tree_settings(AccountClassifier().get_params(), rows, {}), most=30, patience=10, bags=1)
    ways = Rungs(
        rows=rows, plan=plan, directions={}, rule="engagement_score", rule_direction=1, trees=trees, seed=7
    ).ways()
    at = place(rows, "industry")
    other = rows.matrix.copy()
    other[:, at] = (other[:, at] + 1) % 3
    for rung in ("rate", "logistic", "lightgbm"):
        blind = ways[rung]()(np.arange(len(rows.y)), np.array([at]))
        assert (blind.margin(other) == blind.margin(rows.matrix)).all(), rung
