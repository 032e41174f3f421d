"""A cell of accounts has a model of its own only where it has events enough and surely wins on held-out accounts."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import ConfigError
from abm_ml.modelling.card_ladder import ladder_lines
from abm_ml.modelling.cells import cell_from
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.reasons.contributions import contributions


def tiers(seed: int, *, turned: bool, rows: int = 3000) -> tuple[pd.DataFrame, np.ndarray]:
    """Accounts of three tiers; in the small third one meetings work the other way round, or as elsewhere."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"meetings": random.normal(size=rows), "visits": random.normal(size=rows)})
    frame["tier"] = random.choice(["1", "2", "3", "4"], rows, p=[0.5, 0.25, 0.24, 0.01])
    sense = np.where((frame["tier"] == "3") & turned, -1.5, 1.5)
    chance = 1.0 / (1.0 + np.exp(-(sense * frame["meetings"] + 0.5 * frame["visits"] - 0.5)))
    return frame, (random.random(rows) < chance).astype(int)


@pytest.fixture(scope="module")
def turned() -> tuple[AccountClassifier, pd.DataFrame]:
    """A regression of all accounts with cells by tier, where one tier is another world."""
    frame, y = tiers(0, turned=True)
    return AccountClassifier(rung="logistic", segments=["tier"]).fit(frame, y), frame


def test_another_world_gets_a_model_of_its_own(turned):
    """The tier in which meetings work the other way round is told apart; one that is too small is not even asked."""
    model, _ = turned
    cells = {cell.value: cell for cell in model.cells_}
    assert cells["tier 3"].sums is not None
    assert cells["tier 3"].gain.low > 0
    assert cells["tier 4"].events < 40
    assert (cells["tier 4"].gain, cells["tier 4"].sums) == (None, None)


def test_it_is_better_there(turned):
    """On accounts of that tier that nobody has seen, the log loss is lower than without cells."""
    model, frame = turned
    pooled = AccountClassifier(rung="logistic").fit(frame, tiers(0, turned=True)[1])
    later, y = tiers(1, turned=True)
    mine = (later["tier"] == "3").to_numpy()

    def loss(asked: AccountClassifier) -> float:
        return float(-np.mean(np.log(asked.predict_proba(later[mine])[np.arange(mine.sum()), y[mine]])))

    assert loss(model) < loss(pooled) - 0.02


@pytest.mark.parametrize("seed", range(3))
def test_one_world_stays_one(seed):
    """Where all tiers work alike, no cell leaves the model of all."""
    frame, y = tiers(seed, turned=False, rows=1500)
    model = AccountClassifier(rung="logistic", segments=["tier"]).fit(frame, y)
    assert [cell.value for cell in model.cells_ if cell.sums] == []


def test_what_one_segment_has_bettered_is_not_bettered_again():
    """Of two segments that cut the accounts alike, the second is judged beside what the first has bettered already."""
    frame, y = tiers(0, turned=True)
    frame["tier_again"] = frame["tier"]
    model = AccountClassifier(rung="logistic", segments=["tier", "tier_again"]).fit(frame, y)
    gain = {cell.value: cell.gain.value for cell in model.cells_ if cell.gain}
    assert 0 < gain["tier_again 3"] < gain["tier 3"] / 2


def test_reasons_and_storage(turned):
    """With cells, contributions still add up exactly, and what was stored scores as before."""
    model, frame = turned
    (block,) = contributions(model, frame)
    assert np.abs(block.points.sum(axis=1) + block.base_probability - block.probability).max() < 1e-9
    again = AccountClassifier.from_state(model.to_state())
    assert (again.predict_proba(frame) == model.predict_proba(frame)).all()
    records = json.loads(json.dumps([asdict(cell) for cell in model.cells_]))
    assert tuple(map(cell_from, records)) == model.cells_


def test_the_card_lists_the_cells(turned):
    """The card says of every cell how many events it has and what was done with it."""
    model, _ = turned
    lines = "\n".join(ladder_lines(model.to_state()))
    assert lines.count("| tier ") == 4
    assert "a model of its own" in lines
    assert "fewer than 40 events" in lines


@pytest.mark.parametrize("segment", ["meetings", "teir"])
def test_a_segment_is_a_category(segment):
    """Numbers have no cells, and an unknown name is refused with the nearest known one."""
    frame, y = tiers(0, turned=False, rows=300)
    with pytest.raises(ConfigError, match=f"'{segment}' is no category"):
        AccountClassifier(rung="logistic", segments=[segment]).fit(frame, y)
