"""The third rung: a logistic regression with an L2 penalty, on values and ranks of numbers and on the categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abm_ml.modelling.additive import Additive, Term, centred
from abm_ml.modelling.folds import Floats, Fold, Labels
from abm_ml.modelling.inputs import Feature, Prepared
from abm_ml.modelling.solving import solved

LEVELS = np.array([0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
MOST_COLUMNS = 30  # categories of one feature, the most frequent
FEWEST_ROWS = 10  # of a category or a gap that gets a weight of its own
SPREADS = (0.001, 0.01, 0.1, 1.0)
MOST_ROWS, MOST_ROWS_TO_CHOOSE, MOST_FOLDS = 50_000, 10_000, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """How a logistic regression is fitted: the variance `spread` expected of its weights, and directions by feature."""

    spread: float
    directions: Mapping[str, int]
    seed: int

    def fit(self, rows: Prepared, beside: Floats | None = None) -> Additive:
        """The regression as a sum over features; a feature with a direction never speaks against it.

        With log-odds `beside`, the sum is what has to be added to them; otherwise, of more than 50,000 rows, so many
        are drawn.
        """
        some = thinned(rows, MOST_ROWS, seed=self.seed) if beside is None else rows
        sheet = _Sheet.of(some, self.directions)
        return sheet.model(sheet.solved(self.spread, beside=beside))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Rows with the columns that a regression weighs."""

    rows: Prepared
    columns: list[Term]
    design: Floats
    directions: Labels

    @classmethod
    def of(cls, rows: Prepared, directions: Mapping[str, int]) -> _Sheet:
        columns = [
            term for place, each in enumerate(rows.features) for term in _columns(place, each, rows.matrix[:, place])
        ]
        design = np.empty((len(rows.y), len(columns)))
        for number, term in enumerate(columns):
            design[:, number] = term.of(rows.matrix[:, term.feature])
        wanted = [0 if term.missing else directions.get(rows.features[term.feature].name, 0) for term in columns]
        return cls(rows, columns, design, np.array(wanted, dtype=np.int64))

    def solved(self, spread: float, *, start: Floats | None = None, beside: Floats | None = None) -> Floats:
        return solved(
            self.design,
            self.rows.y,
            self.rows.weight,
            spread=spread,
            directions=self.directions,
            start=start,
            beside=beside,
        )

    def model(self, weights: Floats) -> Additive:
        terms = [term.times(float(weight)) for term, weight in zip(self.columns, weights[1:], strict=True)]
        return centred(float(weights[0]), terms, self.rows.matrix, self.rows.weight)


def chosen_spread(rows: Prepared, folds: Sequence[Fold], *, directions: Mapping[str, int], seed: int) -> float:
    """The spread whose regressions expect best what happened to the folds' judging rows (log loss)."""
    losses = np.zeros(len(SPREADS))
    for teach, judge in folds[:MOST_FOLDS]:
        sheet = _Sheet.of(thinned(rows.some(teach), MOST_ROWS_TO_CHOOSE, seed=seed), directions)
        held, weights = rows.some(judge), None
        for number, spread in enumerate(SPREADS):
            weights = sheet.solved(spread, start=weights)
            margin = sheet.model(weights).margin(held.matrix)
            surprise = np.logaddexp(0.0, margin) - held.y * margin
            losses[number] += float((held.weight * surprise).sum())
    return SPREADS[int(np.argmin(losses))]


def thinned(rows: Prepared, most: int, *, seed: int) -> Prepared:
    """The rows, or so many of them, drawn by chance."""
    if len(rows.y) <= most:
        return rows
    return rows.some(np.sort(np.random.default_rng(seed).choice(len(rows.y), most, replace=False)))


def _columns(place: int, feature: Feature, column: Floats) -> list[Term]:
    """What the regression weighs of one feature, each as a curve of mean 0 and variance 1, or as 0 and 1."""
    gaps = np.isnan(column)
    known = column[~gaps]
    if not len(known):
        return []
    at = _points(feature, known)
    curves = _categories(at, known) if feature.kind == "category" else _values_and_ranks(at, known)
    terms = [Term(place, at, tuple(curve.tolist())) for curve in curves]
    if min(gaps.sum(), len(known)) >= FEWEST_ROWS:
        terms.append(Term(place, at, (0.0,) * len(at), missing=1.0))
    return terms


def _points(feature: Feature, known: Floats) -> tuple[float, ...]:
    if feature.kind != "number":
        return tuple(float(code) for code in range(max(len(feature.categories), 2)))
    return tuple(np.unique(np.quantile(known, LEVELS)).tolist())


def _categories(at: Sequence[float], known: Floats) -> list[Floats]:
    """One curve per category that is frequent enough: 1 there, 0 elsewhere."""
    count = np.bincount(known.astype(np.intp), minlength=len(at))
    frequent = np.argsort(-count, kind="stable")[:MOST_COLUMNS]
    return [np.eye(len(at))[code] for code in sorted(frequent) if count[code] >= FEWEST_ROWS]


def _values_and_ranks(at: Sequence[float], known: Floats) -> list[Floats]:
    """The value, cut off at the outermost hundredths, and its rank among the training rows."""
    points, ordered = np.array(at), np.sort(known)
    ranks = (np.searchsorted(ordered, points, side="left") + np.searchsorted(ordered, points, side="right")) / 2.0
    curves = [points, ranks] if len(at) > 2 else [points]
    found = []
    for curve in curves:
        spoken = np.interp(known, points, curve)
        if spoken.std() > 0.0:
            found.append((curve - spoken.mean()) / spoken.std())
    return found
