"""A model whose log-odds are a sum over features: each of them adds what its own curve says, so reasons are exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm_ml.modelling.folds import Floats


@dataclass(frozen=True, slots=True)
class Term:
    """What one feature adds to the log-odds: straight lines between points, level beyond them; and what a gap adds.

    `feature` is its place among the model's features, `at` the points (rising), `adds` the value at each. The points of
    a category are its codes 0, 1, 2, ..., so the curve is a table.
    """

    feature: int
    at: tuple[float, ...]
    adds: tuple[float, ...]
    missing: float = 0.0

    def of(self, column: Floats) -> Floats:
        """The value for each cell; NaN is a gap."""
        return np.where(np.isnan(column), self.missing, np.interp(column, self.at, self.adds))

    def times(self, factor: float) -> Term:
        """The same curve, `factor` times as steep."""
        return Term(self.feature, self.at, tuple(factor * value for value in self.adds), factor * self.missing)

    def beside(self, other: Term) -> Term:
        """The sum of two curves over the same points."""
        adds = tuple(mine + theirs for mine, theirs in zip(self.adds, other.adds, strict=True))
        return Term(self.feature, self.at, adds, self.missing + other.missing)

    def lowered(self, by: float) -> Term:
        """The same curve, lower by a number everywhere."""
        return Term(self.feature, self.at, tuple(value - by for value in self.adds), self.missing - by)


@dataclass(frozen=True, slots=True)
class Additive:
    """Log-odds as `base_margin` plus one term per feature that counts; a feature has one term at most."""

    base_margin: float
    terms: tuple[Term, ...] = ()

    def times(self, factor: float) -> Additive:
        """All of it, `factor` times as large."""
        return Additive(factor * self.base_margin, tuple(term.times(factor) for term in self.terms))

    def margin(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """The log-odds of encoded rows, shape (n,)."""
        del threads  # a few sums are quick enough with one
        total = np.full(len(matrix), self.base_margin)
        for term in self.terms:
            total += term.of(matrix[:, term.feature])
        return total

    def contributions(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """What each feature adds to the log-odds of encoded rows, shape (n, features); with the base: the margin."""
        del threads
        parts = np.zeros(matrix.shape)
        for term in self.terms:
            parts[:, term.feature] = term.of(matrix[:, term.feature])
        return parts


def centred(base_margin: float, terms: Iterable[Term], matrix: Floats, weight: Floats) -> Additive:
    """The same log-odds with terms of mean 0 over some rows: the base is then that of an average row.

    Terms of one feature become one.
    """
    together: dict[int, Term] = {}
    for term in terms:
        together[term.feature] = together[term.feature].beside(term) if term.feature in together else term
    level, kept = base_margin, []
    for feature, term in sorted(together.items()):
        mean = float(np.average(term.of(matrix[:, feature]), weights=weight))
        level += mean
        kept.append(term.lowered(mean))
    return Additive(level, tuple(kept))


def additive_from(record: Mapping[str, Any]) -> Additive:
    """The model that `dataclasses.asdict` wrote as plain values."""
    terms = (Term(**{**term, "at": tuple(term["at"]), "adds": tuple(term["adds"])}) for term in record["terms"])
    return Additive(float(record["base_margin"]), tuple(terms))
