"""Platt scaling: a straight line from margin to log-odds, with the covariance of its two numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from abm_ml.errors import GateRefused
from abm_ml.modelling.calibration.calibrator import Calibrator, Floats, probability_of

MIN_SLOPE = 0.01  # a model that ranks the wrong way round is flattened, never turned over
STEPS, CLOSE_ENOUGH, RIDGE = 100, 1e-10, 1e-12


def fit_platt(margin: Floats, happened: Floats, weight: Floats, *, groups: ArrayLike | None = None) -> Calibrator:
    """The line that makes margins of rows the model has not seen agree with what happened to them.

    Logistic regression on (1, margin), with a prior of mean 1 and variance 1 on the slope: boosted log-odds start out
    right, so few rows, constant margins or perfect separation keep the slope near 1. The intercept is free, so the mean
    probability equals the event rate. The covariance is a sandwich, clustered by `groups` (snapshots of one account are
    not independent). `weight` has mean 1.

    Raises:
        GateRefused: the rows show one class only.
    """
    events = int(happened.sum())
    if not 0 < events < len(happened):
        quiet = len(happened) - events
        raise GateRefused(f"Calibration rows have {events:,} positives and {quiet:,} negatives: both are needed.")
    design = np.stack([np.ones_like(margin), margin], axis=1)
    intercept, beyond = _newton(design, happened, weight, offset=margin, prior=np.array([0.0, 1.0]))
    slope = 1.0 + beyond
    if slope < MIN_SLOPE:
        slope = MIN_SLOPE
        intercept = level(slope * margin, happened, weight)
    probability = probability_of(intercept + slope * margin)
    covariance = _sandwich(design, weight, happened - probability, groups=groups)
    return Calibrator(float(slope), float(intercept), covariance, rows=len(happened), events=events)


def level(log_odds: Floats, happened: Floats, weight: Floats) -> float:
    """What must be added to all log-odds so that the mean probability is the event rate."""
    ones = np.ones((len(log_odds), 1))
    (found,) = _newton(ones, happened, weight, offset=log_odds, prior=np.array([0.0]))
    return float(found)


def _newton(design: Floats, happened: Floats, weight: Floats, *, offset: Floats, prior: Floats) -> Floats:
    """The coefficients beside the offset that make the outcomes likeliest; `prior` is the precision of each at 0."""

    def loss(beta: Floats) -> float:
        line = offset + (design * beta).sum(axis=1)
        surprise = np.logaddexp(0.0, line) - happened * line
        return float((weight * surprise).sum() + 0.5 * (prior * beta**2).sum())

    beta: Floats = np.zeros(design.shape[1])
    for _ in range(STEPS):
        probability = probability_of(offset + (design * beta).sum(axis=1))
        gradient = (design * (weight * (happened - probability))[:, None]).sum(axis=0) - prior * beta
        curvature = weight * probability * (1.0 - probability)
        step = np.linalg.solve(_crossed(design, curvature) + np.diag(prior + RIDGE), gradient)
        before = loss(beta)
        while loss(beta + step) > before and np.abs(step).max() > CLOSE_ENOUGH:
            step = step / 2.0
        beta = beta + step
        if np.abs(step).max() <= CLOSE_ENOUGH:
            break
    return beta


def _sandwich(
    design: Floats, weight: Floats, residual: Floats, *, groups: ArrayLike | None
) -> tuple[float, float, float]:
    """Variance of intercept, covariance, variance of slope, robust against rows of one group moving together."""
    scores = design * (weight * residual)[:, None]
    if groups is not None:
        _, cluster = np.unique(np.asarray(groups), return_inverse=True)
        scores = np.stack([np.bincount(cluster, weights=column) for column in scores.T], axis=1)
    clusters = len(scores)
    variance = np.abs(residual) * (1.0 - np.abs(residual))  # p (1 - p), whichever way the row went
    bread = np.linalg.inv(_crossed(design, weight * variance) + np.diag([RIDGE, 1.0]))
    meat = _crossed(scores, np.ones(clusters))
    covariance = bread @ meat @ bread * clusters / max(clusters - 1, 1)
    return float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])


def _crossed(columns: Floats, weight: Floats) -> Floats:
    """Weighted sums of products of columns, by einsum: a BLAS product may end differently with another thread count."""
    return np.asarray(np.einsum("ni,n,nj->ij", columns, weight, columns))
