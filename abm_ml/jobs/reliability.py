"""How far a model may be trusted on single accounts and on each kind of them: the card's part and MLflow's figures."""

from __future__ import annotations

import pandas as pd

from abm_ml.jobs.learn import Judged
from abm_ml.modelling.card_reliability import TITLE, reliability_lines
from abm_ml.modelling.reliability import SliceReliability, reliability_by_slice, worst

SLICED = ("tier", "industry", "country", "stage")


def slices_of(judged: Judged) -> tuple[SliceReliability, ...]:
    """The reliability of each tier, industry, country, stage and, of dated rows, month among the test rows."""
    test = judged.rows.test
    rows = test[["account_id", "label"]].assign(probability=judged.probability)
    by = {column: _named(test[column]) for column in SLICED if column in test}
    if judged.rows.dated:
        by["month"] = test["as_of"].dt.strftime("%Y-%m")
    return reliability_by_slice(rows, by)


def section(judged: Judged, slices: tuple[SliceReliability, ...], widest: float) -> tuple[str, list[str]]:
    """The card's part: title and lines."""
    interval = judged.classifier.predict_interval(judged.rows.test[judged.rows.names])
    return TITLE, reliability_lines(interval, judged.classifier.calibrator_, slices, widest=widest)


def figures(judged: Judged, slices: tuple[SliceReliability, ...]) -> dict[str, float]:
    """What MLflow keeps: the share of what nobody recorded, and the widest gap between said and happened."""
    told = {"unseen": judged.classifier.calibrator_.unseen, "slices_off": float(sum(each.off for each in slices))}
    furthest = worst(slices)
    return told if furthest is None else {**told, "worst_slice_gap": abs(furthest.gap.value)}


def _named(column: pd.Series) -> pd.Series:
    """The values as text: a stage is a number in the features, and reads as 2, not 2.0."""
    return column.map("{:g}".format, na_action="ignore") if pd.api.types.is_float_dtype(column) else column
