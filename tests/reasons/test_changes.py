"""Why a score changed: four parts that add up, whatever happened between two runs."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from abm_ml.reasons.changes import PARTS, Between, Way, changes

SAME = {"model_then": "win/1", "model_now": "win/1", "is_same": True}
ANOTHER = {**SAME, "model_now": "win/2", "is_same": False}


def way(seed: int = 0, *, rows: int = 50, same_model: bool = False) -> Way:
    """Scores anywhere on the way between two runs."""
    random = np.random.default_rng(seed)
    steps = {name: random.random(rows) for name in Way.__slots__}
    if same_model:
        steps |= dict.fromkeys(("remodelled", "recalibrated"), steps["before"])
    return Way(**steps)


def between(**facts: object) -> Between:
    """A week, and the model's names."""
    week = {"earlier": dt.date(2026, 6, 23), "later": dt.date(2026, 6, 30)}
    return Between(**{**week, **SAME, **facts})


def told(steps: Way, **facts: object) -> pa.Table:
    """The changes of accounts numbered from 0."""
    accounts = pa.array([f"a{number:03d}" for number in range(len(steps.now))])
    return changes(steps, accounts, ["win"] * len(accounts), {"win": between(**facts)})


def test_the_parts_add_up() -> None:
    """From the old probability the four parts lead to the new one, wherever the way goes."""
    steps = way()
    rows = told(steps, **ANOTHER).to_pandas()
    sums = rows.groupby("account_id")["points"].sum().to_numpy()
    assert np.abs(steps.before + sums - steps.now).max() < 1e-12
    assert rows["part"].tolist() == list(PARTS) * len(steps.now)
    assert rows["place"].tolist() == [1, 2, 3, 4] * len(steps.now)


def test_the_same_model_changes_nothing() -> None:
    """Where the model is the same, neither it nor its calibration adds anything, not even in the last bit."""
    rows = told(way(same_model=True)).to_pandas()
    unmoved = rows[rows["part"].isin(["model_changed", "calibration_changed"])]
    assert (unmoved["points"] == 0).all()
    assert set(unmoved["text"]) == {
        "The model is the same, win/1 (no points).",
        "Its calibration is the same (no points).",
    }


def test_nothing_is_said_of_a_score_that_is_new() -> None:
    """An account that the earlier run did not score has no change: there is nothing to compare with."""
    steps = way()
    steps.before[7] = np.nan
    accounts = told(steps)["account_id"].to_pylist()
    assert "a007" not in accounts
    assert len(accounts) == 4 * (len(steps.now) - 1)


def test_words_name_dates_and_models() -> None:
    """What is said names the earlier date, the days between, both models, and a calibration that nobody knows."""
    texts = [between(**ANOTHER, is_calibration_known=False).words(part) for part in PARTS]
    assert texts == [
        "What became known since 2026-06-23",
        "What was known then is 7 days older",
        "The model is now win/2, it was win/1, whose calibration is no longer known and is counted here",
        "The new model reads its margins off otherwise",
    ]
