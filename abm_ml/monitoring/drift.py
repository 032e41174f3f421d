"""Drift: how differently values are distributed where a model scores from where it learned.

The population stability index of a feature (Siddiqi, Credit Risk Scorecards, 2006) is the sum over bins of
(now - then) x ln(now / then), of the bins' shares. Bins are the tenths of the values then, or categories; what is not
known has a bin of its own. Without any drift its mean is about (bins - 1) x (1/n + 1/m) for n accounts then and m now,
so what it takes to be noticed depends on both (Yurdakul, Statistical Properties of the PSI, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

TENTHS = 10
LEAST_ACCOUNTS = 200  # with fewer, then or now, nothing is said
_WATCH, _LARGE = (0.10, 0.95), (0.25, 0.999)  # an index that is worth a look, and where chance alone stays below

Counts: TypeAlias = npt.NDArray[np.int64]
Level = Literal["steady", "watch", "large"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """How a feature was distributed: `counts` of rows by bin, of so many `accounts`.

    A number's bins end at its `cuts`, and one is beyond; a category's are its `categories`, and one for all others. The
    last bin holds what is not known.
    """

    feature: str
    counts: tuple[int, ...]
    accounts: int
    cuts: tuple[float, ...] = ()
    categories: tuple[str, ...] | None = None

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return len(self.cuts if self.categories is None else self.categories) + 2

    def counted(self, values: pd.Series) -> Counts:
        """How many of some values lie in each bin."""
        known = values.dropna()
        if self.categories is None:
            place = np.searchsorted(self.cuts, known.to_numpy(dtype=np.float64))
        else:
            place = pd.Index(self.categories).get_indexer(pd.Index(known.astype(str)))
            place = np.where(place < 0, len(self.categories), place)
        found = np.bincount(place, minlength=self.bins).astype(np.int64)
        found[-1] = len(values) - len(known)
        return found

    def bin_name(self, place: int) -> str:
        """A bin in words: 'not known', 'up to 3', 'over 3, up to 7', 'over 7', or a category."""
        if place == self.bins - 1:
            return "not known"
        if self.categories is not None:
            return self.categories[place] if place < len(self.categories) else "others"
        low = f"over {self.cuts[place - 1]:,.4g}" if place else ""
        high = f"up to {self.cuts[place]:,.4g}" if place < len(self.cuts) else ""
        return ", ".join(filter(None, (low, high))) or "known"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What became of a feature: its index, and the bin that moved it most, with its share then and now."""

    feature: str
    index: float
    level: Level
    bin: str
    then: float
    now: float


def reference_of(values: pd.Series, *, accounts: int) -> Reference:
    """How a feature is distributed among the rows that a model learns from; its name is the series'."""
    known = values.dropna()
    empty = Reference(feature=str(values.name), counts=(), accounts=accounts)
    if pd.api.types.is_numeric_dtype(values.dtype):
        edges = np.quantile(known.astype(float), np.arange(1, TENTHS) / TENTHS) if len(known) else ()
        empty = replace(empty, cuts=tuple(np.unique(edges).tolist()))
    else:
        empty = replace(empty, categories=tuple(sorted(known.astype(str).unique())))
    return replace(empty, counts=tuple(empty.counted(values).tolist()))


def drift_of(reference: Reference, counts: Counts) -> Drift | None:
    """How a feature is distributed now against then; None where accounts are too few to tell."""
    now_accounts = int(counts.sum())
    if min(reference.accounts, now_accounts) < LEAST_ACCOUNTS:
        return None
    before = np.asarray(reference.counts, dtype=np.int64)
    then, now = _shares(before), _shares(counts)
    parts = (now - then) * np.log(now / then)
    bins = int(((before > 0) | (counts > 0)).sum())
    most = int(parts.argmax())
    return Drift(
        feature=reference.feature,
        index=float(parts.sum()),
        level=_level(float(parts.sum()), bins, 1 / reference.accounts + 1 / now_accounts),
        bin=reference.bin_name(most),
        then=float(before[most] / before.sum()),
        now=float(counts[most] / counts.sum()),
    )


def _shares(counts: Counts) -> npt.NDArray[np.float64]:
    """The share of each bin; half a row more in each, as nothing is impossible."""
    padded = counts + 0.5
    shares: npt.NDArray[np.float64] = padded / padded.sum()
    return shares


def _level(index: float, bins: int, noise: float) -> Level:
    def reached(least: float, probability: float) -> bool:
        return index > max(least, noise * float(chi2.ppf(probability, max(bins - 1, 1))))

    return "large" if reached(*_LARGE) else "watch" if reached(*_WATCH) else "steady"


def strongest(found: Sequence[Drift]) -> tuple[Drift, ...]:
    """What has drifted, the most of it first."""
    return tuple(
        sorted((each for each in found if each.level != "steady"), key=lambda each: (-each.index, each.feature))
    )
