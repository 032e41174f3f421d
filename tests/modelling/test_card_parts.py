"""The drawn parts of a model card: calibration tenth by tenth, and the gain of each feature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abm_ml.labels import LABELS
from abm_ml.modelling.card_calibration import WIDTH, calibration_lines, drawn
from abm_ml.modelling.card_features import feature_lines, gains_of
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.pictures import Bin, HeldOut, Strength


def test_a_promise_on_a_line() -> None:
    """On a line from 0 to 0.4, 40 signs long: 0.1 to 0.3 happened by its interval, 0.2 at best, and 0.05 was said."""
    line = drawn(Bin(100, 0.05, 0.2, 0.1, 0.3), 0.4)
    assert len(line) == WIDTH == 40
    assert [line.index(sign) for sign in "│├●┤"] == [5, 10, 20, 29]
    assert line.count("─") == 17


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_ends_of_the_line(share: float) -> None:
    """What lies at either end, or all in one place, stays on the line."""
    line = drawn(Bin(5, share, share, share, share), 0.4)
    assert len(line) == WIDTH
    assert line.strip("·") == "●"


def test_a_drawing_per_tenth() -> None:
    """Ten tenths, each with its drawing, and what the signs mean."""
    said = np.linspace(0.01, 0.5, 200)
    rows = HeldOut(label=LABELS["win"], happened=(np.arange(200) % 3 == 0).astype(float), probability=said)
    lines = calibration_lines(rows)
    assert sum("●" in line for line in lines[2:-1]) == 10
    assert lines[-1].startswith("Drawn, from 0 to")


def test_gain_is_a_share() -> None:
    """Over all features gains make the whole; a model without trees has none."""
    random = np.random.default_rng(1)
    rows = pd.DataFrame(random.normal(size=(400, 3)), columns=["a", "b", "c"])
    label = (rows["a"] + random.normal(size=400) > 0).astype(int)
    trees = AccountClassifier(max_trees=20, rung="lightgbm").fit(rows, label).to_state()
    found = gains_of(trees)
    assert sum(found.values()) == pytest.approx(1.0)
    assert max(found, key=lambda name: found[name]) == "a"
    line = next(each for each in feature_lines([Strength("a", "own", 0.1)], (), trees) if "`a`" in each)
    assert f"| 10.00 | {found['a']:.1%} |" in line
    assert gains_of(AccountClassifier(rung="logistic").fit(rows, label).to_state()) == {}
