"""Pictures say what the numbers say, in any script, without a warning and without pyplot."""

from __future__ import annotations

import io
import logging
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from abm_ml.features import FeatureColumn
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.reasons.contributions import contributions
from abm_ml.reasons.phrases import explain
from abm_ml.reasons.pictures import beeswarm, waterfall


def drawn(figure: object) -> bytes:
    """The picture as PNG; every warning on the way is an error."""
    file = io.BytesIO()
    figure.savefig(file, format="png")  # type: ignore[attr-defined]  # the figure is untyped
    return file.getvalue()


@pytest.fixture
def one(model: AccountClassifier, accounts: pd.DataFrame, columns: tuple[FeatureColumn, ...]) -> pd.DataFrame:
    """The reasons of one account."""
    return explain(model, accounts.head(1), label="win", columns=columns).to_pandas()


def test_bars_lead_from_base_to_probability(one: pd.DataFrame) -> None:
    """Each bar begins where the one above it ended; the last ends at the probability."""
    figure = waterfall(one, base_probability=0.2, probability=0.2 + one["points"].sum(), title="Acme: win")
    bars = figure.axes[0].patches
    assert bars[0].get_x() == pytest.approx(20.0)
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    assert [bar.get_x() for bar in bars[1:]] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(20.0 + 100.0 * one["points"].sum())


def test_any_text_can_be_drawn(one: pd.DataFrame) -> None:
    """Names in any script, formulas, controls and novels neither warn nor break the picture."""
    hostile = [
        "精密機械製造業" * 9,
        "شركة الاتصالات",
        "$x^2$ $ \\frac",
        "a\u202eb\nc\x00",
        "long words " * 60,
        "\U0001f600",
    ]
    texts = [f"{text} (+4.2 points)." for text in hostile]
    one = one.head(1).loc[[0] * len(texts)].assign(text=texts, rank=range(1, len(texts) + 1))
    figure = waterfall(one, base_probability=0.2, probability=0.2 + one["points"].sum(), title=hostile[0])
    assert drawn(figure).startswith(b"\x89PNG")
    assert max(label.get_text().count("\n") for label in figure.axes[0].get_yticklabels()) == 2


def test_a_name_written_from_the_right_comes_first_as_well(one: pd.DataFrame) -> None:
    """What stands behind a name in Arabic stays behind it, as behind any other name."""
    heads = [
        imread(io.BytesIO(drawn(waterfall(one, base_probability=0.2, probability=0.5, title=title))))[:60, :150]
        for title in ("شركة النور الطبية", "شركة النور الطبية: churn", "win: شركة النور الطبية")
    ]
    assert np.array_equal(heads[0], heads[1])
    assert not np.array_equal(heads[0], heads[2])


def test_a_font_of_one_weight_is_no_news(one: pd.DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    """Matplotlib says of a Chinese font without a bold face that it has none; other news of fonts still come."""
    drawn(waterfall(one, base_probability=0.2, probability=0.2 + one["points"].sum(), title="製造業"))
    fonts = logging.getLogger("matplotlib.font_manager")
    fonts.warning("findfont: Failed to find font weight %s for %s, now using %s.", "bold", "WenQuanYi Zen Hei", 500)
    fonts.warning("findfont: Font family %s not found.", "Nowhere")
    assert caplog.messages == ["findfont: Font family Nowhere not found."]


def test_summary_names_the_strongest_in_words(
    model: AccountClassifier, accounts: pd.DataFrame, columns: tuple[FeatureColumn, ...]
) -> None:
    """The summary has a row per feature, the most influential on top, and is the same picture every time."""
    (block,) = contributions(model, accounts)
    first, again = (drawn(beeswarm(block, columns=columns, most=4)) for _ in range(2))
    assert first == again
    labels = [label.get_text() for label in beeswarm(block, columns=columns, most=4).axes[0].get_yticklabels()]
    assert len(labels) == 4
    assert {"industry", "meetings held, 30 days"} <= set(labels[:3])


def test_no_picture_is_left_open(one: pd.DataFrame) -> None:
    """Pictures belong to their maker: pyplot, if anyone loads it, knows of none."""
    waterfall(one, base_probability=0.2, probability=0.5, title="Acme")
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []
