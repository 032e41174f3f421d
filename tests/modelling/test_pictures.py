"""Pictures show what the figures say, in words a salesperson reads."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import SourceError
from abm_ml.features import FEATURES
from abm_ml.features.build import FeatureSet
from abm_ml.labels import LABELS
from abm_ml.modelling.evaluation import evaluate
from abm_ml.modelling.pictures import (
    STRONGEST,
    HeldOut,
    Strength,
    pictures,
    reliability,
    save_picture,
    strengths_of,
    summary_bars,
    words_of,
)


@pytest.fixture(scope="module")
def rows() -> HeldOut:
    """Held-out rows whose probabilities are the true ones."""
    random = np.random.default_rng(5)
    p = random.beta(1, 4, 2000)
    happened = (random.random(2000) < p).astype(float)
    return HeldOut(label=LABELS["win"], happened=happened, probability=p, rule=np.round(10 * p))


def words(figure) -> str:
    """All that is written in a picture."""
    axes = figure.axes
    legends = [text.get_text() for each in axes if each.get_legend() for text in each.get_legend().get_texts()]
    labels = [text for each in axes for text in (each.get_xlabel(), each.get_ylabel())]
    return "\n".join([*(text.get_text() for text in figure.texts), *labels, *legends])


def test_every_picture_is_titled_and_labelled(rows):
    """Four pictures, each with a title, a sentence, and words at its axes."""
    drawn = pictures(rows)
    assert list(drawn) == ["roc", "precision_recall", "calibration", "lift"]
    for figure in drawn.values():
        assert len([text for text in figure.texts if text.get_text()]) == 2
        assert all(axes.get_ylabel() for axes in figure.axes)
        assert figure.axes[-1].get_xlabel()


def test_words_say_the_figures(rows):
    """AUC, base rate and top tenth in the pictures are those of the evaluation."""
    found, drawn = evaluate(rows.happened, rows.probability), pictures(rows)
    assert f"(AUC {found.roc_auc.value:.2f})" in words(drawn["roc"])
    assert f"{found.base_rate.value:.1%} of those calls" in words(drawn["precision_recall"]).replace("\n", " ")
    assert f"holds {found.top_decile_recall.value:.0%} of all wins" in words(drawn["lift"]).replace("\n", " ")


def test_rule_is_drawn_where_there_is_one(rows):
    """The rule-based score stands beside the model, if there is a rule."""
    alone = HeldOut(label=rows.label, happened=rows.happened, probability=rows.probability)
    assert "rule-based score" in words(pictures(rows)["lift"])
    assert "rule-based score" not in words(pictures(alone)["lift"])


def test_one_class_is_refused(rows):
    """Where nothing happened there is nothing to draw."""
    none = HeldOut(label=rows.label, happened=np.zeros(3), probability=np.full(3, 0.1))
    with pytest.raises(SourceError, match="rows of both kinds"):
        pictures(none)


def test_same_picture_same_bytes(rows, tmp_path):
    """A picture holds no date and no version: it changes only when the model does."""
    for name in ("first", "again"):
        save_picture(pictures(rows)["calibration"], tmp_path / f"{name}.png")
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    assert (tmp_path / "first.png").read_bytes().startswith(b"\x89PNG")


def test_no_window_is_opened(rows):
    """Drawing needs no screen: pyplot is not even imported."""
    before = "matplotlib.pyplot" in sys.modules
    pictures(rows)
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_reliability_covers_the_truth(rows):
    """Ten bins hold all rows; true probabilities lie in nearly every 90 % interval."""
    bins = reliability(rows.happened, rows.probability)
    assert [each.rows for each in bins] == [200] * 10
    assert sum(each.low <= each.said <= each.high for each in bins) >= 8
    assert all(each.low <= each.happened <= each.high for each in bins)


def test_equal_probabilities_share_a_bin():
    """One probability for all is one bin; Wilson's interval of 5 in 10 is known."""
    (only,) = reliability(np.array([0.0, 1.0] * 5), np.full(10, 0.5))
    assert (only.rows, only.said, only.happened) == (10, 0.5, 0.5)
    assert (round(only.low, 3), round(only.high, 3)) == (0.269, 0.731)


def test_strengths_are_mean_sizes():
    """Up and down count alike; the strongest comes first, ties by name."""
    columns = FeatureSet((FEATURES["engagements"],), (), "EUR").columns[:3]
    a, b, c = (column.name for column in columns)
    found = strengths_of(pd.DataFrame({c: [0.0, 0.0], b: [0.1, 0.1], a: [0.3, -0.3]}), columns)
    assert [(each.column, round(each.mean, 9), each.group) for each in found] == [
        (a, 0.3, "engagement"), (b, 0.1, "engagement"), (c, 0.0, "engagement"),
    ]  # fmt: skip


def test_summary_shows_the_strongest():
    """Twenty bars at most, the strongest on top, in percentage points."""
    strengths = [Strength(f"meetings_held_{days}d", "engagement", 0.5 / days) for days in range(1, 31)]
    (axes,) = summary_bars(LABELS["win"], strengths).axes
    assert len(axes.patches) == STRONGEST
    assert axes.get_yticklabels()[-1].get_text() == "meetings held, 1 day"
    assert max(bar.get_width() for bar in axes.patches) == 50.0


@pytest.mark.parametrize(
    ("column", "said"),
    [("meetings_held_90d", "meetings held, 90 days"), ("has_parent", "has parent"), ("tier", "tier"), ("x_d", "x d")],
)
def test_words_of_columns(column, said):
    """A column's name becomes words and its window days."""
    assert words_of(column) == said
