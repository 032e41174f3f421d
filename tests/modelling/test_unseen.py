"""What a model cannot know: what nobody recorded, and what its rows were too few to teach; told by the interval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from abm_ml.modelling import unseen
from abm_ml.modelling.calibration import Calibrator
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.folds import NOTHING, Rows
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.unseen import HIDDEN, UNTEACHABLE, halved, untaught

PLAIN = Calibrator(1.0, 0.0, (0.0, 0.0, 0.0), rows=1, events=1)


@dataclass(frozen=True)
class Level:
    """A model that says one thing of every row."""

    log_odds: float

    def margin(self, matrix: np.ndarray) -> np.ndarray:
        """The log-odds of each row."""
        return np.full(len(matrix), self.log_odds)


def rows_of(y: np.ndarray, *, groups: np.ndarray | None = None) -> Prepared:
    """Rows without features that tell anything."""
    zeros = np.zeros(len(y), dtype=np.int64)
    return Prepared(
        matrix=np.zeros((len(y), 1)),
        y=y,
        weight=np.ones(len(y)),
        time=zeros,
        groups=groups,
        features=(),
        rows=np.arange(len(y)),
    )


def rate_of(rows: Prepared):
    """The fit whose model knows the event rate of its rows and nothing else."""

    def fit(some: Rows, without: Rows = NOTHING) -> Level:
        rate = rows.y[some].mean()
        return Level(float(np.log(rate / (1 - rate))))

    return fit


def test_variance_of_a_rate():
    """A model that is the event rate of n rows has log-odds whose variance is 1 / (n p (1 - p)): so it is found."""
    random = np.random.default_rng(0)
    fold = (np.arange(1600), np.arange(1600, 2000))
    found = []
    for _ in range(60):
        rows = rows_of((random.random(2000) < 0.3).astype(np.int64))
        # Events are dealt out alike, which would hide how a rate varies: the rows are drawn anew by their weight.
        found.append(untaught(PLAIN, drawn(rows, random), rows, fold))
    assert np.mean(found) == pytest.approx(1 / (2000 * 0.3 * 0.7), rel=0.3)


def drawn(rows: Prepared, random: np.random.Generator):
    """The event rate of rows that are drawn anew, with as many as there were."""

    def fit(some: Rows, without: Rows = NOTHING) -> Level:
        return rate_of(rows)(random.choice(some, len(some)))

    return fit


def test_difference_counts_as_it_shows():
    """A difference counts as p (1 - p), by which it is seen in a probability; its square is halved and scaled to n."""
    rows = replace(rows_of(np.tile([0, 1], 50).astype(np.int64)), matrix=np.tile([[0.0], [4.0]], (50, 1)))

    class Wavering(Level):
        def margin(self, matrix):
            return matrix[:, 0] + np.where(matrix[:, 0] > 0, self.log_odds, 0.0)

    wobble = iter((0.5, -0.5))
    fold = (np.arange(80), np.arange(80, 100))
    found = untaught(PLAIN, lambda _: Wavering(next(wobble)), rows, fold)
    p = 1 / (1 + np.exp(-4.0))
    shown = np.array([0.25, p * (1 - p)])
    assert found == pytest.approx((shown * [0.0, 1.0]).sum() / shown.sum() / 2 * 40 / 100)


def test_halves_are_whole_accounts():
    """An account teaches one of the two models, and each gets its share of those with an event."""
    groups = np.repeat(np.arange(100), 3)
    rows = rows_of((groups < 20).astype(np.int64), groups=groups)
    one, other = halved(np.arange(300), rows)
    assert not set(groups[one]) & set(groups[other])
    assert len(one) == len(other) == 150
    assert rows.y[one].sum() == rows.y[other].sum() == 30


def test_many_rows_are_sampled(monkeypatch):
    """Of many rows each model learns from no more than it takes to see a difference."""
    monkeypatch.setattr(unseen, "MOST_ROWS", 30)
    one, other = halved(np.arange(300), rows_of(np.tile([0, 1], 150).astype(np.int64)))
    assert len(one) == len(other) == 30
    assert not set(one) & set(other)


def test_nothing_to_teach():
    """Where half of the accounts show one class only, the model is as good as untaught."""
    rows = rows_of((np.arange(50) == 0).astype(np.int64))
    fold = (np.arange(40), np.arange(40, 50))
    assert untaught(PLAIN, rate_of(rows), rows, fold) == UNTEACHABLE


@pytest.mark.parametrize("rung", ["rate", "logistic"])
def test_fewer_accounts_leave_more_open(rung):
    """The fewer accounts there are to learn from, the more is untaught, and the wider is the interval."""
    random = np.random.default_rng(1)
    causes = random.normal(size=(1200, 4))
    y = (random.random(1200) < 1 / (1 + np.exp(1.5 - causes.sum(axis=1)))).astype(int)
    frame = pd.DataFrame(causes)
    frame["country"] = np.where(causes[:, 0] > 0, "AT", "BE")
    few, many = (AccountClassifier(rung=rung).fit(frame[:n], y[:n]) for n in (150, len(frame)))
    assert few.calibrator_.untaught > 2 * many.calibrator_.untaught
    assert few.calibrator_.unseen == many.calibrator_.unseen == HIDDEN[rung]
    width = [np.median(np.diff(model.predict_interval(frame))) for model in (few, many)]
    assert width[0] > width[1]


def test_lower_rungs_leave_more_unused():
    """Rules and rates use little of what is recorded: more is taken to be unseen by them than by a regression."""
    assert min(HIDDEN["rules"], HIDDEN["rate"]) > max(HIDDEN["logistic"], HIDDEN["lightgbm"])


def test_interval_holds_hidden_differences():
    """Where some of what drives accounts is not recorded, the interval holds the true probability of most of them.

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
