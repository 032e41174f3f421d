"""A model on trial scores as it would anywhere, and whatever it does to its process, the one that asks goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from abm_ml.errors import GateRefused, IntegrityError
from abm_ml.modelling.bundle import Bundle, ModelFacts, save_bundle
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.tryout import tried


@pytest.fixture(scope="module")
def taught():
    """Trees of a number and a text, and rows to score."""
    random = np.random.default_rng(7)
    frame = pd.DataFrame({"visits_30d": random.normal(size=300), "industry": random.choice(["Banks", "Steel"], 300)})
    y = (random.random(300) < 1 / (1 + np.exp(-2 * frame["visits_30d"]))).astype(int)
    return AccountClassifier(rung="lightgbm", max_trees=20).fit(frame, y), frame


def stored(state, folder):
    """The folder of a bundle and its SHA-256: whatever the state, the bundle vouches for it."""
    facts = ModelFacts(
        label="win", horizon_days=90, definitions="d", trained_as_of="2026-06-30", training_dates=(), versions={}
    )
    return folder / "bundle", save_bundle(folder / "bundle", Bundle(state, facts))


def test_it_says_what_it_says_here(taught, tmp_path):
    """Another process gives the same numbers, bit by bit, and reasons that add up to them; nothing is left behind."""
    model, frame = taught
    bundle, sha256 = stored(model.to_state(), tmp_path)
    told = tried(bundle, name="win/1", sha256=sha256, rows=pa.Table.from_pandas(frame), seconds=120)
    assert (told["probability"] == model.predict_proba(frame)[:, 1]).all()
    assert (told[["low", "high"]].to_numpy() == model.predict_interval(frame)).all()
    assert np.abs(told["told"] - told["probability"]).max() < 1e-9
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("end", ["half", "first tree"])
def test_a_model_that_kills_its_process(taught, tmp_path, end):
    """LightGBM's text cut off, its checksums right because it was stored so, ends that process and no other.

    Cut before the first tree, the process dies with bytes on its lips that are no text.
    """
    model, frame = taught
    state = model.to_state()
    place = len(state.trees) // 2 if end == "half" else state.trees.index("Tree=0")
    bundle, sha256 = stored(replace(state, trees=state.trees[:place]), tmp_path)
    with pytest.raises(GateRefused, match=r"win/1: scoring 300 accounts (killed its process \(signal|failed)"):
        tried(bundle, name="win/1", sha256=sha256, rows=pa.Table.from_pandas(frame), seconds=120)


def test_a_model_that_takes_too_long(taught, tmp_path):
    """A model that hangs is stopped when its time is over."""
    model, frame = taught
    bundle, sha256 = stored(model.to_state(), tmp_path)
    with pytest.raises(GateRefused, match=r"win/1: it did not score 300 accounts within 0\.01 seconds"):
        tried(bundle, name="win/1", sha256=sha256, rows=pa.Table.from_pandas(frame), seconds=0.01)


def test_a_damaged_model_is_not_even_started(taught, tmp_path, monkeypatch):
    """A byte that differs is found by its checksum, before LightGBM sees it in any process."""
    model, frame = taught
    bundle, sha256 = stored(model.to_state(), tmp_path)
    file = bundle / "booster.txt"
    file.write_bytes(file.read_bytes().replace(b"leaf_value=0", b"leaf_value=1", 1)[:-1] + b"\n")
    monkeypatch.setattr("subprocess.run", pytest.fail)
    with pytest.raises(IntegrityError, match="win/1"):
        tried(bundle, name="win/1", sha256=sha256, rows=pa.Table.from_pandas(frame), seconds=120)
