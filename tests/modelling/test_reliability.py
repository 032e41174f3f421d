"""Reliability by slice: a kind of account that the model misjudges is found, and chance is not taken for one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abm_ml.modelling.calibration import Calibrator
from abm_ml.modelling.card_reliability import reliability_lines
from abm_ml.modelling.reliability import reliability_by_slice, worst


def rows(accounts=3000, dates=1, seed=0):
    """Accounts of ten kinds whose probabilities are true, `dates` rows each with one outcome."""
    random = np.random.default_rng(seed)
    probability = random.uniform(0.05, 0.5, accounts)
    found = pd.DataFrame(
        {
            "account_id": np.arange(accounts).astype(str),
            "probability": probability,
            "label": (random.random(accounts) < probability).astype(int),
            "kind": random.integers(0, 10, accounts).astype(str),
        }
    )
    return found.loc[found.index.repeat(dates)].reset_index(drop=True)


def test_true_probabilities_are_on():
    """Where every probability is true, no slice is surely off in at least nine of ten worlds, and gaps hold 0."""
    worlds = [rows(seed=seed) for seed in range(10)]
    slices = [reliability_by_slice(world, {"kind": world["kind"]}) for world in worlds]
    assert sum(not any(each.off for each in found) for found in slices) >= 9
    holds = [each.gap.low <= 0 <= each.gap.high for found in slices for each in found]
    assert 0.82 <= np.mean(holds) <= 0.97


def test_misjudged_kind_is_found():
    """A kind whose probabilities are too high by twenty points is surely off, and the worst."""
    world = rows()
    world.loc[world["kind"] == "3", "probability"] += 0.2
    found = reliability_by_slice(world, {"kind": world["kind"]})
    assert [each.value for each in found if each.off] == ["3"]
    assert worst(found).value == "3"
    assert worst(found).gap.value == pytest.approx(-0.2, abs=0.06)


def test_rows_of_an_account_count_as_one():
    """Ten copies of every row, known to be of one account, leave the interval of the gap as wide as the rows alone."""
    once, often = (reliability_by_slice(rows(dates=dates), {"all": rows(dates=dates)["kind"]})[0] for dates in (1, 10))
    assert often.gap.high - often.gap.low == pytest.approx(once.gap.high - once.gap.low)


def test_few_events_are_not_judged():
    """Values with fewer than 30 events are left out; a missing value is called so; no slice at all is no error."""
    world = rows(accounts=400)
    few = world["kind"].where(world["kind"] != "1", None).where(world["kind"].isin(["0", "1"]), "others")
    assert [each.value for each in reliability_by_slice(world, {"kind": few})] == ["others"]
    assert worst(()) is None
    many = rows()
    assert "missing" in {each.value for each in reliability_by_slice(many, {"kind": many["kind"].replace("1", None)})}


def test_card_tells_widths_and_slices():
    """The card says how many intervals are too wide to say anything, and which slice is off."""
    world = rows()
    world.loc[world["kind"] == "3", "probability"] += 0.2
    slices = reliability_by_slice(world, {"kind": world["kind"]})
    interval = np.array([[0.1, 0.3], [0.2, 0.5], [0.05, 0.9]])
    text = "\n".join(reliability_lines(interval, Calibrator(1, 0, (0, 0, 0), 9, 3, unseen=0.1), slices, widest=0.75))
    assert "1 of 3 (33.3%) have one wider than 75%" in text
    assert "| kind | 3 |" in text
    assert text.count("**surely off**") == 1
