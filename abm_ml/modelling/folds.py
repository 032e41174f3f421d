"""Which rows teach, which say when to stop, and which judge: by time where there is enough of it, by account always."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from abm_ml.errors import SourceError

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Labels = NDArray[np.int64]  # 0 or 1; ranks of times and numbers of accounts have the same type
NOTHING: Rows = np.zeros(0, dtype=np.intp)
Fold = tuple[Rows, Rows]  # the rows that teach, and later or foreign rows that the model has not seen

MIN_EVENTS = 20
NEWEST_SHARE = 0.15
OLDEST_SHARE = 0.3
MIN_TIMES = 3
FOLDS, FOLDS_OF_MANY, MANY_ROWS = 5, 3, 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Which rows say when to stop and which calibrate, each with the rows that teach them; `older`: all but the newest.

    Without time the same folds do both, and `older` is every row.
    """

    stopping: list[Fold]
    judging: list[Fold]
    older: Rows


def plan_of(y: Labels, time: Labels, groups: Labels | None, *, seed: int) -> Plan:
    """By time where its slices hold events enough, else by folds of accounts."""
    slices = slices_of(y, time)
    if slices is None:
        folds = folds_of(y, groups, seed=seed)
        return Plan(folds, folds, np.arange(len(y)))
    oldest, later, newest = slices
    older = np.union1d(oldest, later)
    stopping = across_groups(oldest, later, y, groups, seed=seed)
    return Plan(stopping, across_groups(older, newest, y, groups, seed=seed), older)


def ranks(what: str, values: ArrayLike | None, rows: Rows) -> Labels:
    """Times or accounts of some rows as 0, 1, 2, ... in their own order; all 0 where there are none."""
    if values is None:
        return np.zeros(len(rows), dtype=np.int64)
    column = pd.Series(np.asarray(values)).iloc[rows]
    codes, _ = pd.factorize(column.astype(str).where(column.notna()) if what == "groups" else column, sort=True)
    gaps = int((codes < 0).sum())
    if gaps:
        raise SourceError(f"{what}: {gaps:,} of {len(rows):,} rows have none. Every row needs its own.")
    return np.asarray(codes, dtype=np.int64)


def content(matrix: Floats) -> NDArray[np.uint64]:
    """A number per row that depends on nothing but what the row holds (FNV-1a over its bits), to sort by."""
    mixed = np.full(len(matrix), 14695981039346656037, dtype=np.uint64)
    for column in matrix.T:
        bits = np.where(np.isnan(column), np.nan, column + 0.0).view(np.uint64)
        mixed = (mixed ^ bits ^ (bits >> np.uint64(32))) * np.uint64(1099511628211)
    return mixed ^ (mixed >> np.uint64(29))


def folds_of(y: Labels, groups: Labels | None, *, seed: int) -> list[Fold]:
    """Rows dealt into folds so that no account teaches and judges at once, and every fold holds its share of events."""
    folds = FOLDS_OF_MANY if len(y) >= MANY_ROWS else FOLDS
    held = dealt(y, np.arange(len(y)) if groups is None else groups, folds, seed=seed)
    if not _usable(y, held, folds):
        held = dealt(y, np.arange(len(y)), min(folds, int(y.sum()), int((1 - y).sum())), seed=seed)
    return [(np.flatnonzero(held != fold), np.flatnonzero(held == fold)) for fold in np.unique(held)]


def slices_of(y: Labels, time: Labels) -> tuple[Rows, Rows, Rows] | None:
    """The oldest rows (training), later ones (stopping) and the newest (calibration); None where time is too short.

    `time` is a rank: 0, 1, 2, ... One time is never split. The two newer slices hold 15 % of the rows each, or as much
    as it takes to hold 20 events of either class, as long as 30 % remain to train on.
    """
    calibrating = _newest(y, time)
    stopping = _newest(y, np.where(calibrating, -1, time)) if calibrating.any() else calibrating
    training = ~calibrating & ~stopping
    enough = all(_events(y[chosen]) >= MIN_EVENTS for chosen in (training, stopping, calibrating))
    if len(np.unique(time)) < MIN_TIMES or not enough or training.mean() < OLDEST_SHARE:
        return None
    return np.flatnonzero(training), np.flatnonzero(stopping), np.flatnonzero(calibrating)


def across_groups(teach: Rows, judge: Rows, y: Labels, groups: Labels | None, *, seed: int) -> list[Fold]:
    """Pairs of (teaching rows, later rows) with no account on both sides; one pair if accounts never come back."""
    if groups is None or not np.isin(groups[judge], groups[teach]).any():
        return [(teach, judge)]
    pairs = []
    for foreign, own in folds_of(y, groups, seed=seed):
        pairs.append((np.intersect1d(teach, foreign), np.intersect1d(judge, own)))
    sound = all(_events(y[rows]) > 0 for rows, _ in pairs) and all(len(rows) > 0 for _, rows in pairs)
    return pairs if sound else [(teach, judge)]


def _newest(y: Labels, time: Labels) -> NDArray[np.bool_]:
    """Which rows belong to the newest times that hold enough rows and events; rows of time -1 are gone already."""
    times = np.unique(time[time >= 0])[::-1]
    for start in times:
        chosen = time >= start
        if chosen.mean() >= NEWEST_SHARE and _events(y[chosen]) >= MIN_EVENTS:
            return np.asarray(chosen)
    return np.zeros(len(time), dtype=bool)


def _events(y: Labels) -> int:
    """How many rows the rarer class has."""
    return int(min(y.sum(), len(y) - y.sum()))


def dealt(y: Labels, groups: Labels, folds: int, *, seed: int) -> Labels:
    """The fold of each row: groups with an event and groups without are shuffled and dealt out like cards."""
    eventful = np.bincount(groups, weights=y) > 0
    shuffled = np.random.default_rng(seed).permutation(len(eventful))
    order = shuffled[np.argsort(eventful[shuffled], kind="stable")]
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % folds
    return np.asarray(fold[groups])


def _usable(y: Labels, held: Labels, folds: int) -> bool:
    """Whether the rows outside each fold show both classes."""
    return len(np.unique(held)) == folds and all(_events(y[held != fold]) > 0 for fold in range(folds))
