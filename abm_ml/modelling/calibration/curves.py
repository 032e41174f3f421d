"""Curves of no fixed shape: isotonic regression and Venn-Abers, joined so that they never stop rising."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from abm_ml.modelling.calibration.calibrator import Calibrator, Floats, Method, log_odds_of
from abm_ml.modelling.calibration.platt import MIN_SLOPE, level

BINS = 200
MAX_SLOPE = 10.0  # a step in the rates is no cliff between two accounts
HALF = 0.5  # half an event and half a quiet row beside each step: no certainty at the ends


@dataclass(frozen=True, slots=True)
class Binned:
    """Rows by margin, from the lowest: the mean margin of each bin, the weight of its rows and of its events."""

    margin: Floats
    weight: Floats
    events: Floats


def binned(margin: Floats, happened: Floats, weight: Floats) -> Binned:
    """At most 200 bins of about equally many rows; rows of one margin are never parted."""
    inner = np.unique(np.quantile(margin, np.arange(1, BINS) / BINS))
    bins = np.unique(np.searchsorted(inner, margin), return_inverse=True)[1]
    total, moved, events = (
        np.bincount(bins, weights=weight * each).astype(np.float64) for each in (1.0, margin, happened)
    )
    return Binned(moved / total, total, events)


def isotonic(rows: Binned) -> tuple[Floats, Floats]:
    """The steps of isotonic regression: mean margin and event rate of each (Zadrozny and Elkan, 2002)."""
    rate = _rising(rows.events, rows.weight)
    step = np.unique(rate, return_inverse=True)[1]
    total, events = np.bincount(step, weights=rows.weight), np.bincount(step, weights=rows.events)
    centre = np.bincount(step, weights=rows.weight * rows.margin) / total
    return centre, (events + HALF) / (total + 2.0 * HALF)


def venn_abers(rows: Binned) -> tuple[Floats, Floats]:
    """The margin of each bin and its probability by inductive Venn-Abers (Vovk and Petej, 2014, arXiv 1211.0025).

    A new row is added to its bin once as quiet and once as an event; isotonic regression of either gives p0 and p1,
    and p1 / (1 - p0 + p1) is the probability whose log loss is least regretted (Vovk et al., 2015, arXiv 1511.00213).
    """
    p0, p1 = multiprobabilities(rows)
    return rows.margin, p1 / (1.0 - p0 + p1)


def multiprobabilities(rows: Binned) -> tuple[Floats, Floats]:
    """Per bin the rate that isotonic regression gives a new row of it: as a quiet one (p0), and as an event (p1)."""
    places = range(len(rows.margin))
    new = np.eye(len(rows.margin))
    quiet = [_rising(rows.events, rows.weight + new[place])[place] for place in places]
    event = [_rising(rows.events + new[place], rows.weight + new[place])[place] for place in places]
    return np.array(quiet), np.array(event)


CURVES = {"isotonic": isotonic, "venn-abers": venn_abers}


def fit_curve(method: Method, platt: Calibrator, margin: Floats, happened: Floats, weight: Floats) -> Calibrator:
    """A calibrator whose curve joins the steps of a method; what it leaves unknown is taken from Platt's line.

    It rises by at least 0.01 and at most 10 per unit of margin, so it keeps every order, and its mean is the event
    rate. `weight` has mean 1.
    """
    at, rate = CURVES[method](binned(margin, happened, weight))
    height = _bounded(at, log_odds_of(rate))
    joined = replace(platt, method=method, knots=_knots(at, height))
    return replace(joined, knots=_knots(at, height + level(joined.log_odds(margin), happened, weight)))


def _bounded(at: Floats, height: Floats) -> Floats:
    """The heights, changed only where they would rise by less than the least or more than the most."""
    rising = np.maximum.accumulate(height - MIN_SLOPE * at) + MIN_SLOPE * at
    return np.asarray(np.minimum.accumulate(rising - MAX_SLOPE * at) + MAX_SLOPE * at)


def _knots(at: Floats, height: Floats) -> tuple[tuple[float, float], ...]:
    return tuple(zip(at.tolist(), height.tolist(), strict=True))


def _rising(events: Floats, weight: Floats) -> Floats:
    """The rising rates that are nearest to those of the bins."""
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(events / weight, weights=weight).x)
