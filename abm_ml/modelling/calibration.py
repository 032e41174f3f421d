"""From a model's raw margins to probabilities that mean what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm_ml.errors import GateRefused, IntegrityError

Floats = NDArray[np.float64]

MIN_SLOPE = 0.01  # a model that ranks the wrong way round is flattened, never turned over
MAX_LOG_ODDS = 30.0  # beyond it 1 - p is no longer a number different from 0
Z_90 = 1.6448536269514722
SAME_MARGIN = 1e-6
STEPS, CLOSE_ENOUGH, RIDGE = 100, 1e-10, 1e-12


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A straight line from margin to log-odds (Platt scaling), and how well it is known.

    `covariance` holds var(intercept), cov(intercept, slope), var(slope); `rows` and `events` are what it was fitted on.
    """

    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    rows: int
    events: int
    method: str = "platt"

    def calibrate(self, margin: ArrayLike) -> Floats:
        """The calibrated probability of each margin (raw log-odds), strictly between 0 and 1."""
        return _probability(self._line(margin))

    def interval(self, margin: ArrayLike) -> Floats:
        """The 90 % interval (low, high) of the event rate among rows that score alike; shape (n, 2).

        It holds what the calibration rows leave open, not what other trees would have said.
        """
        margins = np.asarray(margin, dtype=np.float64)
        var_intercept, cov, var_slope = self.covariance
        variance = var_intercept + 2.0 * cov * margins + var_slope * margins**2
        half = Z_90 * np.sqrt(np.maximum(variance, 0.0))
        line = self._line(margins)
        return np.stack([_probability(line - half), _probability(line + half)], axis=-1)

    def _line(self, margin: ArrayLike) -> Floats:
        line: Floats = self.intercept + self.slope * np.asarray(margin, dtype=np.float64)
        return line


def calibrator_record(calibrator: Calibrator) -> dict[str, Any]:
    """The calibrator as plain JSON values; `calibrator_from` reads them back exactly."""
    return {**asdict(calibrator), "covariance": list(calibrator.covariance)}


def calibrator_from(record: Mapping[str, Any]) -> Calibrator:
    """The calibrator that `calibrator_record` wrote."""
    if record.get("method") != "platt":
        raise IntegrityError(f"Calibrator: method {record.get('method')!r} is unknown, expected 'platt'. Train again.")
    var_intercept, cov, var_slope = record["covariance"]
    return Calibrator(**{**record, "covariance": (var_intercept, cov, var_slope)})


def fit_calibrator(
    margin: ArrayLike, y: ArrayLike, *, groups: ArrayLike | None = None, sample_weight: ArrayLike | None = None
) -> Calibrator:
    """The line that makes margins of rows the trees have not seen agree with what happened to them.

    Logistic regression on (1, margin), with a prior of mean 1 and variance 1 on the slope: boosted log-odds start out
    right, so few rows, constant margins or perfect separation keep the slope near 1. The intercept is free, so the mean
    probability equals the event rate. The covariance is a sandwich, clustered by `groups` (snapshots of one account are
    not independent).
    """
    margins, happened = np.asarray(margin, dtype=np.float64), np.asarray(y, dtype=np.float64)
    weight = np.ones_like(margins) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    events = int(happened.sum())
    if not 0 < events < len(happened):
        quiet = len(happened) - events
        raise GateRefused(f"Calibration rows have {events:,} positives and {quiet:,} negatives: both are needed.")
    weight = weight / weight.mean()
    ones = np.ones_like(margins)
    design = np.stack([ones, margins], axis=1)
    intercept, beyond = _newton(design, happened, weight, offset=margins, prior=np.array([0.0, 1.0]))
    slope = 1.0 + beyond
    if slope < MIN_SLOPE:
        slope = MIN_SLOPE
        (intercept,) = _newton(design[:, :1], happened, weight, offset=slope * margins, prior=np.array([0.0]))
    probability = _probability(intercept + slope * margins)
    covariance = _sandwich(design, weight, happened - probability, groups=groups)
    return Calibrator(float(slope), float(intercept), covariance, rows=len(happened), events=events)


def probability_points(contributions: ArrayLike, base_margin: float, calibrator: Calibrator) -> tuple[Floats, float]:
    """What each feature adds to the displayed probability, and the probability before any of them speaks.

    Exact log-odds contributions are scaled by the slope of the secant (cal(m) - cal(b)) / (m - b) of their row, so base
    plus points equals the calibrated probability to 1e-9; where m and b all but meet, by the derivative.
    """
    parts = np.asarray(contributions, dtype=np.float64)
    moved = parts.sum(axis=1)
    base = float(calibrator.calibrate(base_margin))
    still = np.abs(moved) < SAME_MARGIN
    step = np.where(still, 1.0, moved)
    secant = (calibrator.calibrate(base_margin + moved) - base) / step
    slope = np.where(still, calibrator.slope * base * (1.0 - base), secant)
    return parts * slope[:, None], base


def _probability(log_odds: Floats) -> Floats:
    clipped = np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS)
    probability: Floats = 1.0 / (1.0 + np.exp(-clipped))
    return probability


def _newton(design: Floats, happened: Floats, weight: Floats, *, offset: Floats, prior: Floats) -> Floats:
    """The coefficients beside the offset that make the outcomes likeliest; `prior` is the precision of each at 0."""

    def loss(beta: Floats) -> float:
        line = offset + (design * beta).sum(axis=1)
        surprise = np.logaddexp(0.0, line) - happened * line
        return float((weight * surprise).sum() + 0.5 * (prior * beta**2).sum())

    beta: Floats = np.zeros(design.shape[1])
    for _ in range(STEPS):
        probability = _probability(offset + (design * beta).sum(axis=1))
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
