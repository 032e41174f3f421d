"""What nobody recorded: estimated by hiding blocks of features, and told by the interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abm_ml.modelling import unseen
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.unseen import USUAL, Blinded, blocks_of


def test_blocks_hold_columns_that_go_together():
    """Columns that tell the same story share a block, turned round or with gaps; every column is in one of five."""
    random = np.random.default_rng(0)
    stories = random.normal(size=(800, 5))
    matrix = np.concatenate([stories, -2 * stories, stories + 0.1 * random.normal(size=(800, 5))], axis=1)
    matrix[::9, 3] = np.nan
    blocks = blocks_of(matrix)
    assert sorted(tuple(block) for block in blocks) == [(story, story + 5, story + 10) for story in range(5)]


def test_blocks_of_few_columns():
    """Up to five columns are a block each; a column that never varies is no error."""
    assert [block.tolist() for block in blocks_of(np.zeros((10, 3)))] == [[0], [1], [2]]
    assert sum(len(block) for block in blocks_of(np.zeros((10, 9)))) == 9


def test_share_of_what_is_lost():
    """What each block alone knows is added up and corrected by (k - 1) / k, as a share of p (1 - p)."""
    blinded = Blinded(
        whole=np.array([0.5, 0.5]), without=(np.array([0.4, 0.6]), np.array([0.5, 0.5])), weight=np.array([1.0, 3.0])
    )
    assert blinded.share == pytest.approx(0.01 / 0.25 / 2)


def test_one_feature_takes_what_is_usual():
    """Where there is one block only, nothing can be hidden, and the usual share holds."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"only": random.normal(size=400)})
    model = AccountClassifier(rung="logistic").fit(frame, (random.random(400) < 0.3).astype(int))
    assert model.calibrator_.unseen == pytest.approx(USUAL)


@pytest.mark.parametrize("rung", ["rate", "logistic", "lightgbm"])
def test_telling_blocks_widen(rung):
    """Where blocks of features know much that the others do not, more is taken to be unseen than where none does."""
    random = np.random.default_rng(1)
    causes = (random.random((900, 6)) < 0.5).astype(float)
    chance = 1 / (1 + np.exp(3.0 - 1.2 * causes.sum(axis=1)))
    frame = pd.DataFrame(causes.astype(int).astype(str))
    much, nothing = (
        AccountClassifier(rung=rung, max_trees=20, patience=5).fit(frame, (random.random(900) < rate).astype(int))
        for rate in (chance, chance.mean())
    )
    assert much.calibrator_.unseen > nothing.calibrator_.unseen


def test_interval_holds_hidden_differences():
    """Where half of what drives accounts is not recorded, the interval holds the true probability of most of them.

    Without what is unseen, the interval of 1,500 rows holds it for far fewer.
    """
    random = np.random.default_rng(3)
    causes = random.normal(size=(3000, 12))
    truth = 1 / (1 + np.exp(1.5 - 0.45 * causes.sum(axis=1)))
    y = (random.random(3000) < truth).astype(int)
    seen = pd.DataFrame(causes[:, :9])
    model = AccountClassifier(rung="logistic").fit(seen[:1500], y[:1500])
    low, high = model.predict_interval(seen[1500:]).T
    share = ((low <= truth[1500:]) & (truth[1500:] <= high)).mean()
    narrow = replace(model.calibrator_, unseen=0.0)
    low, high = narrow.interval(model.margin(seen[1500:])).T
    assert 0.80 <= share <= 0.99
    assert ((low <= truth[1500:]) & (truth[1500:] <= high)).mean() < share - 0.2


def test_many_rows_are_sampled_by_account(monkeypatch):
    """Of many teaching rows some are taken, whole accounts at a time."""
    monkeypatch.setattr(unseen, "MOST_ROWS", 100)
    groups = np.repeat(np.arange(200), 3)
    taken = unseen._sample(np.arange(300, 600), groups)
    assert 97 <= len(taken) <= 100
    assert (np.unique(groups[taken], return_counts=True)[1] == 3).all()
