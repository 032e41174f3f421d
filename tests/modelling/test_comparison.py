"""Comparing variants: on the same rows, against the first, and only where they answer the same question."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abm_ml.modelling.comparison import best_of, compared
from abm_ml.modelling.evaluation import METRICS, differences, evaluate
from abm_ml.modelling.forest import forest

ACCOUNTS, DATES = 60, 4


def judged(noise: float, seed: int = 1) -> pd.DataFrame:
    """Rows with their true chance, blurred."""
    random = np.random.default_rng(0)
    log_odds = random.normal(-1.0, 1.5, ACCOUNTS * DATES)
    label = (random.random(len(log_odds)) < 1 / (1 + np.exp(-log_odds))).astype(int)
    blurred = log_odds + np.random.default_rng(seed).normal(0.0, noise, len(log_odds))
    return pd.DataFrame(
        {
            "account_id": np.tile([f"A{number}" for number in range(ACCOUNTS)], DATES),
            "as_of": np.repeat(pd.date_range("2025-01-01", periods=DATES), ACCOUNTS),
            "label": label,
            "probability": 1 / (1 + np.exp(-blurred)),
            "rung": "lightgbm",
        }
    )


def test_a_gap_is_one_figure_minus_the_other() -> None:
    """Each difference is that of the two evaluations, and turned round where the two change places."""
    one, other = judged(0.3), judged(1.0, seed=2)
    gaps = differences(one["label"], one["probability"], other["probability"], groups=one["account_id"])
    back = differences(one["label"], other["probability"], one["probability"], groups=one["account_id"])
    first, second = (evaluate(rows["label"], rows["probability"], groups=rows["account_id"]) for rows in (one, other))
    for name in METRICS:
        gap = gaps[name]
        assert gap.value == pytest.approx(getattr(first, name).value - getattr(second, name).value)
        assert gap.low <= gap.value <= gap.high
        assert (back[name].low, back[name].high) == pytest.approx((-gap.high, -gap.low))


def test_paired_intervals_are_narrower() -> None:
    """Two nearly equal variants differ by far less than either figure is uncertain."""
    _, line = compared({"one": judged(0.3), "other": judged(0.31)})
    assert line.differences
    gap, auc = line.differences["roc_auc"], line.evaluation.roc_auc
    assert gap.high - gap.low < 0.1 * (auc.high - auc.low)


def test_another_question_is_not_held_against_the_first() -> None:
    """Where answers differ, there is no gap, and the variant is not chosen, however low its log loss."""
    easy = judged(0.0).assign(label=lambda rows: (rows["probability"] > 0.5).astype(int))
    lines = compared({"as configured": judged(0.3), "easy": easy, "worse": judged(2.0)})
    assert [line.differences is None for line in lines] == [True, True, False]
    assert best_of(lines).variant == "as configured"


def test_rows_that_only_one_judged_are_left_out_of_the_gap() -> None:
    """The gap is taken on the rows that both variants judged."""
    some = judged(0.3).iloc[: ACCOUNTS * 2]
    _, line = compared({"all": judged(1.0, seed=2), "some": some})
    other = judged(1.0, seed=2).iloc[: ACCOUNTS * 2]
    expected = differences(some["label"], some["probability"], other["probability"], groups=some["account_id"])
    assert line.differences == expected


def test_better_for_sure() -> None:
    """A gap whose whole interval is below 0 is certain; that of a mere copy is not."""
    lines = compared({"bad": judged(3.0), "good": judged(0.0), "copy": judged(3.0)})
    assert [line.surely_better for line in lines] == [False, True, False]
    assert best_of(lines).variant == "good"


def test_the_picture_has_a_panel_per_label() -> None:
    """Each label has its panel, and in it a row per variant."""
    lines = compared({"bad": judged(3.0), "good": judged(0.0)})
    figure = forest({"win": lines, "churn": lines[:1]})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["win", "churn"]
    assert [[text.get_text() for text in axes.get_yticklabels()] for axes in figure.axes] == [["bad", "good"], ["bad"]]
