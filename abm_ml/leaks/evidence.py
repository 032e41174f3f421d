"""Evidence: what one column alone says of the answer in accounts that it was not learned from, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

BINS = 20
FOLDS = 5
PRIOR_ROWS = 10.0  # how many rows of the base rate each cell is given
SURE = 2.0  # standard errors; the limits lie above what honest columns reach as well, so that chance needs more
SEED = 7


@dataclass(frozen=True, slots=True)
class Strength:
    """How well something ranks: its AUC, and what it is at least, two standard errors below."""

    auc: float
    at_least: float

    def __str__(self) -> str:
        return f"AUC {self.auc:.3f}, at least {self.at_least:.3f}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What happened in each row (0 or 1), the fold of its account, and how many accounts stand behind either answer."""

    happened: Floats
    fold: Codes
    yes: int
    no: int

    @classmethod
    def of(cls, happened: ArrayLike, accounts: ArrayLike) -> Answers:
        """The answers of rows, with whole accounts dealt into five folds."""
        known = np.asarray(happened, dtype=np.float64)
        owner, names = pd.factorize(pd.Series(np.asarray(accounts)).astype(str), sort=True)
        dealt = np.random.default_rng(SEED).permutation(len(names)) % FOLDS
        yes, no = (len(np.unique(owner[known == answer])) for answer in (1, 0))
        return cls(known, dealt[owner], yes, no)

    @property
    def base(self) -> float:
        """The share in which it happened."""
        return float(self.happened.mean())

    def cells(self, codes: Codes) -> tuple[Floats, Floats]:
        """How many rows each cell has, and in how many of them it happened."""
        events = np.bincount(codes, weights=self.happened)
        return np.bincount(codes).astype(np.float64), np.asarray(events, dtype=np.float64)

    def strength(self, codes: Codes) -> Strength:
        """How well cells rank the rows of accounts that their rates were not learned from."""
        return self.strength_within(np.zeros(len(codes), dtype=np.intp), codes)

    def strength_within(self, strata: Codes, codes: Codes) -> Strength:
        """The same among the rows of each stratum only: what a cell says beyond the stratum in which it lies."""
        shape = (int(strata.max(initial=0)) + 1, int(codes.max(initial=0)) + 1, FOLDS)
        place = np.ravel_multi_index((strata, codes, self.fold), shape)
        rows = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
        events = np.bincount(place, weights=self.happened, minlength=rows.size).reshape(shape)
        auc = _auc(
            _learned(rows, events).reshape(len(rows), -1), *(part.reshape(len(rows), -1) for part in (rows, events))
        )
        return Strength(auc, auc - SURE * self._error(auc))

    def _error(self, auc: float) -> float:
        """The standard error of an AUC (Hanley and McNeil 1982, doi 10.1148/radiology.143.1.7063747)."""
        above_two, below_two = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
        of_yes, of_no = (self.yes - 1) * (above_two - auc**2), (self.no - 1) * (below_two - auc**2)
        return float(np.sqrt(max(auc * (1.0 - auc) + of_yes + of_no, 0.0) / max(self.yes * self.no, 1)))


def cells_of(column: pd.Series[Any]) -> Codes:
    """The cell of each value: a number's twentieth of the rows, a category's own; 0 is missing."""
    if not pd.api.types.is_numeric_dtype(column):
        return np.asarray(pd.factorize(column)[0] + 1, dtype=np.intp)
    values = numbers(column)
    known = ~np.isnan(values)
    edges = np.unique(np.quantile(values[known], np.arange(1, BINS) / BINS)) if known.any() else np.zeros(0)
    return np.where(known, np.searchsorted(edges, values, side="left") + 1, 0)


def numbers(column: pd.Series[Any]) -> Floats:
    """A column of numbers or flags as float64, NaN where it is missing."""
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _learned(rows: Any, events: Any) -> Floats:
    """What each cell says to the accounts of a fold: its log-odds in the other folds, against their base rate."""
    other_rows, other_events = (part.sum(axis=2, keepdims=True) - part for part in (rows, events))
    base = (other_events.sum(axis=(0, 1)) + 0.5) / (other_rows.sum(axis=(0, 1)) + 1.0)
    share = (other_events + PRIOR_ROWS * base) / (other_rows + PRIOR_ROWS)
    return np.asarray(np.log(share / (1.0 - share)) - np.log(base / (1.0 - base)))


def _auc(score: Floats, rows: Any, events: Any) -> float:
    """The chance that, within its stratum, a row in which it happened scores above one in which it did not.

    All three have a row per stratum and a column per group of rows that score alike.
    """
    won, pairs = 0.0, 0.0
    for scores, yes, no in zip(score, events, rows - events, strict=True):
        if not yes.sum() or not no.sum():
            continue
        _, level = np.unique(scores, return_inverse=True)
        ups, downs = (np.bincount(level, weights=part) for part in (yes, no))
        won += float((ups * (np.cumsum(downs) - downs / 2)).sum())
        pairs += float(yes.sum() * no.sum())
    return won / pairs if pairs else 0.5
