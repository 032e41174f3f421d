"""Reliability by slice: whether what was said comes true for every kind of account and every month, not on average."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm_ml.modelling.evaluation import SLICE_EVENTS, Metric

LEVEL = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceReliability:
    """What was said and what happened in the rows that share a value of a column.

    `gap` is the event rate minus the mean probability, with a 90 % interval that counts an account as one. `off`: the
    gap is surely not 0, even though so many slices were looked at.
    """

    column: str
    value: str
    rows: int
    said: float
    happened: float
    gap: Metric
    off: bool


def reliability_by_slice(rows: pd.DataFrame, by: Mapping[str, pd.Series]) -> tuple[SliceReliability, ...]:
    """The reliability of each value of each column in `by`, whose index is that of `rows`.

    `rows` has account_id, label (0 or 1) and probability. Values with fewer than 30 rows of either outcome are left
    out. The interval is the normal one of a mean over accounts (sandwich). That so many slices are looked at is paid
    for after Bonferroni: with n of them, a gap is `off` only outside its interval of level 1 - 0.1 / n.
    """
    found = [(column, value, some) for column, values in by.items() for value, some in _values(rows, values)]
    return tuple(_judged(column, value, some, len(found)) for column, value, some in found)


def worst(slices: tuple[SliceReliability, ...]) -> SliceReliability | None:
    """The slice with the widest gap; one that is surely off comes before those that may be so by chance."""
    return max(slices, key=lambda each: (each.off, abs(each.gap.value)), default=None)


def _values(rows: pd.DataFrame, values: pd.Series) -> Iterator[tuple[str, pd.DataFrame]]:
    told = values.map(str).where(values.notna(), "missing")
    for value, some in rows.groupby(told, sort=True):
        events = int(some["label"].sum())
        if min(events, len(some) - events) >= SLICE_EVENTS:
            yield str(value), some


def _judged(column: str, value: str, rows: pd.DataFrame, slices: int) -> SliceReliability:
    from scipy.special import ndtri

    surprise = (rows["label"] - rows["probability"]).to_numpy(dtype=np.float64)
    gap = float(surprise.mean())
    owner = np.unique(rows["account_id"].to_numpy(dtype=object), return_inverse=True)[1]
    error = float(np.sqrt((np.bincount(owner, weights=surprise - gap) ** 2).sum())) / len(rows)
    half, certain = (float(ndtri(1.0 - (1.0 - LEVEL) / 2.0 / tests)) * error for tests in (1, slices))
    return SliceReliability(
        column=column,
        value=value,
        rows=len(rows),
        said=float(rows["probability"].mean()),
        happened=float(rows["label"].mean()),
        gap=Metric(gap, gap - half, gap + half),
        off=abs(gap) > certain,
    )
