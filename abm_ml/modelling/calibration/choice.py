"""Which calibrator: the line where events are few, a curve where rows that it has not seen prove it better."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm_ml.modelling.calibration.calibrator import Calibrator, Floats, Method
from abm_ml.modelling.calibration.curves import fit_curve
from abm_ml.modelling.calibration.platt import fit_platt

MANY_EVENTS = 100  # accounts of the rarer class; below it a curve of no fixed shape follows chance
FOLDS = 5
SURELY = 1.645
METHODS: tuple[Method, ...] = ("platt", "venn-abers", "isotonic")  # from the simplest
SEED = 7

Owners = NDArray[np.intp]


def fit_calibrator(
    margin: ArrayLike,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    method: Method | None = None,
) -> Calibrator:
    """The calibrator of rows the model has not seen: `method`, or the one that these rows speak for.

    Below 100 accounts with the rarer outcome it is Platt's line. Else each method is fitted on four fifths of the
    accounts and judged by the log loss of the last fifth, in turn; a less simple one is taken only if it is surely
    better: its gain is more than 1.645 standard errors, as a 90 % interval asks.

    Raises:
        GateRefused: the rows show one class only.
    """
    margins, happened = np.asarray(margin, dtype=np.float64), np.asarray(y, dtype=np.float64)
    weight = np.ones_like(margins) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    weight = weight / weight.mean()
    platt = fit_platt(margins, happened, weight, groups=groups)
    taken = method or _chosen(margins, happened, weight, owners_of(groups, len(margins)))
    return platt if taken == "platt" else fit_curve(taken, platt, margins, happened, weight)


def surprises(method: Method, margin: Floats, happened: Floats, weight: Floats, owner: Owners) -> Floats:
    """The log loss of each row under a calibrator that knows neither the row nor others of its account."""
    surprise = np.empty(len(margin))
    for fold in _folds(happened, owner):
        others = ~fold
        there = (margin[others], happened[others], weight[others] / weight[others].mean())
        fitted = fit_platt(*there)
        if method != "platt":
            fitted = fit_curve(method, fitted, *there)
        line = fitted.log_odds(margin[fold])
        surprise[fold] = np.logaddexp(0.0, line) - happened[fold] * line
    return surprise


def owners_of(groups: ArrayLike | None, rows: int) -> Owners:
    """The number of each row's account; each row its own where none are given."""
    return np.arange(rows) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]


def _chosen(margin: Floats, happened: Floats, weight: Floats, owner: Owners) -> Method:
    if min(len(np.unique(owner[happened == outcome])) for outcome in (0, 1)) < MANY_EVENTS:
        return "platt"
    best = METHODS[0]
    least = surprises(best, margin, happened, weight, owner)
    for method in METHODS[1:]:
        surprise = surprises(method, margin, happened, weight, owner)
        if _gain_in_errors(weight * (least - surprise), owner) > SURELY:
            best, least = method, surprise
    return best


def _gain_in_errors(gain: Floats, owner: Owners) -> float:
    """A sum over rows in units of its standard error, which counts the rows of an account as one."""
    each = np.bincount(owner, weights=gain)
    return float(each.sum() / max(np.sqrt((each**2).sum()), 1e-300))


def _folds(happened: Floats, owner: Owners) -> Iterator[NDArray[np.bool_]]:
    """The rows of each fifth of the accounts, those with events and those without dealt out alike."""
    eventful = np.bincount(owner, weights=happened) > 0
    shuffled = np.random.default_rng(SEED).permutation(len(eventful))
    order = shuffled[np.argsort(eventful[shuffled], kind="stable")]
    fold = np.empty(len(order), dtype=np.intp)
    fold[order] = np.arange(len(order)) % FOLDS
    for number in range(FOLDS):
        yield fold[owner] == number
