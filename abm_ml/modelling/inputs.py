"""Columns as a model reads them: numbers, flags and categories as one matrix of float64, gaps as NaN."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.errors import SourceError
from abm_ml.modelling.folds import NOTHING, Floats, Labels, Rows, content

Kind = Literal["number", "flag", "category"]
FEWEST_PAIRS = 30  # of rows of one date that would differ by chance
MOST_CATEGORIES = 255  # rarer ones are read as missing, as those are that training never saw


@dataclass(frozen=True, slots=True)
class Feature:
    """A column as a model reads it: a category is its place in `categories`, a gap or an unknown category is missing.

    `typical` is the median of the training rows that have a value, for a flag or a category the most frequent one; None
    where at least half of the rows have none. `low` and `high` are the ends of what training saw of a number.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    typical: float | bool | str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What tells nothing but the date: where its features stand, a column for each, and the rank of each row's date."""

    places: Rows
    matrix: Floats
    date: Labels

    def some(self, rows: Rows) -> Calendar:
        """Those of the rows at some places."""
        return Calendar(places=self.places, matrix=self.matrix[rows], date=self.date[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Training rows in the order that the rows of the input do not decide: by time, account and content.

    `matrix` has a column per feature, `y` holds 0 and 1, `time` and `groups` are ranks (all 0 without time, None
    without accounts), `rows` the places in the input. What tells only the date is a gap in `matrix`, and stands in
    `calendar`.
    """

    matrix: Floats
    y: Labels
    weight: Floats
    time: Labels
    groups: Labels | None
    features: tuple[Feature, ...]
    rows: Rows
    calendar: Calendar | None = None

    @property
    def events(self) -> int:
        """How many accounts show the rarer outcome; rows, where no accounts are named.

        A win seen on three dates is one win: what is learned grows with the accounts, not with the dates.
        """
        if self.groups is None:
            return int(min(self.y.sum(), (1 - self.y).sum()))
        return min(len(np.unique(self.groups[self.y == outcome])) for outcome in (0, 1))

    def some(self, places: Rows, without: Rows = NOTHING) -> Prepared:
        """The rows at some places; the features `without` (places) are gaps."""
        matrix = self.matrix[places]
        matrix[:, without] = np.nan
        groups = None if self.groups is None else self.groups[places]
        return replace(
            self,
            matrix=matrix,
            y=self.y[places],
            weight=self.weight[places],
            time=self.time[places],
            groups=groups,
            rows=self.rows[places],
            calendar=self.calendar and self.calendar.some(places),
        )


def learned(frame: pd.DataFrame) -> tuple[tuple[Feature, ...], Floats]:
    """The features of a training table, by name, and its rows as a model reads them; what never varies is left out."""
    found = [_feature(name, frame[name]) for name in sorted(frame.columns)]
    matrix = encoded(frame, tuple(found))
    gaps = np.isnan(matrix)
    lowest = np.where(gaps, np.inf, matrix).min(axis=0)
    highest = np.where(gaps, -np.inf, matrix).max(axis=0)
    varies = (highest > lowest) | ((highest == lowest) & gaps.any(axis=0))
    if not varies.any():
        raise SourceError(f"Training table: none of its {len(found)} columns varies; nothing can be learned from it.")
    matrix = np.ascontiguousarray(matrix[:, varies])
    kept = [feature for feature, keep in zip(found, varies, strict=True) if keep]
    return tuple(_with_typical(feature, column) for feature, column in zip(kept, matrix.T, strict=True)), matrix


def in_order(  # noqa: PLR0913 - what a row is made of
    matrix: Floats,
    features: tuple[Feature, ...],
    y: Labels,
    weight: Floats,
    rows: Rows,
    *,
    time: Labels,
    groups: Labels | None,
    newest: bool,
) -> Prepared:
    """The rows in an order that the input does not decide, `time` and `groups` being ranks.

    Where the `newest` rows judge, time comes first. Else, if accounts come back on other dates, it says which columns
    tell only the date, and these are parted from the others (the matrix that was handed in has gaps there, too).
    """
    account, snapshot = np.zeros_like(time) if groups is None else groups, time if newest else np.zeros_like(time)
    order = np.lexsort((time, weight, y, content(matrix), account, snapshot))
    parted = not newest and groups is not None and _come_back(groups, time)
    calendar = calendar_of(matrix, time) if parted else None
    if calendar:
        matrix[:, calendar.places] = np.nan
    return Prepared(
        matrix=matrix[order],
        y=y[order],
        weight=weight[order],
        time=snapshot[order],
        groups=None if groups is None else groups[order],
        features=features,
        rows=rows[order],
        calendar=calendar and calendar.some(order),
    )


def calendar_of(matrix: Floats, date: Labels) -> Calendar | None:
    """The columns that tell only the date: they never differ within one, though drawn by chance rows of it would.

    There are none where no other column would be left.
    """
    order = np.argsort(date, kind="stable")
    paired = np.flatnonzero(np.diff(date[order]) == 0)
    one, other = order[paired], order[paired + 1]
    dated = [
        np.array_equal(column[one], column[other], equal_nan=True) and len(paired) * _unlike(column) >= FEWEST_PAIRS
        for column in matrix.T
    ]
    if all(dated) or not any(dated):
        return None
    return Calendar(places=np.flatnonzero(dated), matrix=matrix[:, dated], date=date)


def _come_back(account: Labels, time: Labels) -> bool:
    """Whether accounts are seen on several dates; else a row's date is a fact of its own, as a lead's weekday is."""
    order = np.lexsort((time, account))
    return int(((np.diff(account[order]) == 0) & (np.diff(time[order]) != 0)).sum()) >= FEWEST_PAIRS


def _unlike(column: Floats) -> float:
    """How often two rows that are drawn by chance differ."""
    shares = np.unique(column, return_counts=True)[1] / len(column)
    return float(1.0 - (shares**2).sum())


def encoded(frame: pd.DataFrame, features: tuple[Feature, ...]) -> Floats:
    """The rows of a frame as float64, columns by name in the order of `features`; other columns are ignored."""
    missing = [feature.name for feature in features if feature.name not in frame.columns]
    if missing:
        names = ", ".join(missing)
        raise SourceError(f"Features: {len(missing)} columns are missing ({names}). Compute them as in training.")
    matrix = np.empty((len(frame), len(features)))
    for place, feature in enumerate(features):
        matrix[:, place] = _codes(frame[feature.name], feature)
    endless = [f"{f.name} ({n:,} rows)" for f, n in zip(features, np.isinf(matrix).sum(axis=0), strict=True) if n]
    if endless:
        raise SourceError(f"Features: infinity (inf) in {', '.join(endless)}. Leave such cells empty.")
    return matrix


def _feature(name: str, column: pd.Series) -> Feature:
    """Which kind a training column is, and its categories: the most frequent ones, in alphabetical order."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "boolean":
        return Feature(name, "flag")
    if kind in {"floating", "integer", "mixed-integer-float", "decimal", "empty"}:
        return Feature(name, "number")
    if kind not in {"string", "categorical", "mixed-integer"}:
        raise SourceError(f"Column '{name}' holds {kind} values; a feature is a number, a flag, a text or a category.")
    counts = column.dropna().map(_text).value_counts()
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_CATEGORIES]
    return Feature(name, "category", categories=tuple(sorted(text for text, count in ranked if count)))


def _codes(column: pd.Series, feature: Feature) -> Floats:
    if feature.kind == "category":
        codes, values = pd.factorize(column)
        place = {text: float(code) for code, text in enumerate(feature.categories)}
        known = np.array([*(place.get(_text(value), np.nan) for value in values), np.nan])
        return np.asarray(known[codes])
    try:
        numbers = column if pd.api.types.is_numeric_dtype(column) else pd.to_numeric(column)
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise SourceError(f"Column '{feature.name}' was a {feature.kind} in training, now: {error}.") from error


def _text(value: Any) -> str:
    """A category as text; a whole number is written as one, whether a gap made its column float or not."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _with_typical(feature: Feature, column: NDArray[np.float64]) -> Feature:
    known = column[~np.isnan(column)]
    if feature.kind == "number":
        feature = replace(feature, low=float(known.min()), high=float(known.max()))
    if 2 * len(known) <= len(column):
        return feature  # most rows have none, so a value is nothing typical
    if feature.kind == "number":
        return replace(feature, typical=float(np.median(known)))
    commonest = int(np.bincount(known.astype(np.int64)).argmax())
    typical = feature.categories[commonest] if feature.categories else bool(commonest)
    return replace(feature, typical=typical)
