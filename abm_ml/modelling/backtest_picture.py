"""The picture of a backtest: how well scores ranked month by month, and how that fades as a model ages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from abm_ml.labels import Label
from abm_ml.modelling.backtest import Age, Month
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.pictures import DASHED, MODEL, RULE, Floats, legend, page

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(label: Label, months: Sequence[Month], ages: Sequence[Age]) -> Figure:
    """AUC by scoring date beside the rule's, above; below, how far it lies above the rule's, by age of the model."""
    figure, (above, below) = page(
        f"Would the {label.name} score have kept its word?",
        "Above: how often of two accounts the right one scored higher, by scoring date. Below: how much better than "
        "the rule, which does not age, by age of the model. Bars are 90% intervals.",
        heights=(3, 2),
        height=7.2,
    )
    _months(above, months)
    _ages(below, ages)
    return figure


def _months(axes: Axes, months: Sequence[Month]) -> None:
    judged = [(month.as_of, month.realised.auc, month.realised.rule) for month in months]
    told = [(date, auc, rule.baseline_auc.value) for date, auc, rule in judged if auc and rule]
    dates, found = _days([date for date, _, _ in told]), [auc for _, auc, _ in told]
    fresh = _days([month.as_of for month in months if month.age == 0])
    axes.axhline(0.5, label="chance", **DASHED)
    axes.vlines(fresh, 0.2, 1.0, color=MODEL, alpha=0.25, linewidth=5, label="a new model was trained")
    axes.plot(dates, [rule for _, _, rule in told], color=RULE, linestyle=(0, (6, 1.5)), label="rule-based score")
    values = [auc.value for auc in found]
    axes.errorbar(dates, values, yerr=_reach(found), color=MODEL, fmt="o-", markersize=5, capsize=3, label="this model")
    axes.set(ylabel="AUC on what happened since", ylim=(0.2, 1.0))
    legend(axes, "lower right")


def _days(dates: Sequence[dt.datetime]) -> NDArray[np.datetime64]:
    return np.array(dates, dtype="datetime64[us]")


def _ages(axes: Axes, ages: Sequence[Age]) -> None:
    found = [(words_of(age), age.realised.rule.difference) for age in ages if age.realised.rule]
    places, leads = np.arange(len(found)), [lead for _, lead in found]
    axes.axhline(0.0, label="no better than the rule", **DASHED)
    axes.errorbar(places, [lead.value for lead in leads], yerr=_reach(leads), color=MODEL, fmt="o", capsize=3)
    axes.set_xticks(places, [words for words, _ in found])
    axes.set(xlabel="age of the model in days", ylabel="AUC above the rule's", xlim=(-0.5, len(found) - 0.5))
    legend(axes, "lower left")


def words_of(age: Age) -> str:
    """The ages of a group in words: "30 to 59", "365 and more"."""
    return f"{age.begin} and more" if age.end is None else f"{age.begin} to {age.end - 1}"


def _reach(found: Sequence[Metric]) -> Floats:
    return np.array([[each.value - each.low for each in found], [each.high - each.value for each in found]])
