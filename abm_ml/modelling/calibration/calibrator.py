"""The calibrator: a rising curve from margin to log-odds, how well it is known, and what it cannot know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm_ml.errors import IntegrityError

Floats = NDArray[np.float64]
Method = Literal["platt", "venn-abers", "isotonic"]

MAX_LOG_ODDS = 30.0  # beyond it 1 - p is no longer a number different from 0
SAME_MARGIN = 1e-10
LEVEL = 0.9
WIDEST = 0.75  # an interval so wide says less than four accounts like this one, whose outcomes are known, would
GRID = np.arange(-15.0, 15.025, 0.05)  # margins at which quantiles are worked out; between them they are interpolated
MOST_UNSEEN = 0.95


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A rising curve from margin to log-odds, and what is known of it.

    The curve is the line of Platt scaling, or joins `knots` (margin, log-odds) and goes on beyond them with the line's
    slope. `covariance` of the line holds var(intercept), cov(intercept, slope), var(slope); `rows` and `events` are
    what it was fitted on.

    `unseen` says how far accounts that score alike differ all the same: the variance of their true probabilities around
    the said one, p, as a share of p (1 - p). At 0 all of them have the same, at 1 each is decided already. `untaught`
    is the variance of the model's log-odds that other accounts to learn from would show.
    """

    slope: float
    intercept: float
    covariance: tuple[float, float, float]
    rows: int
    events: int
    method: Method = "platt"
    knots: tuple[tuple[float, float], ...] = ()
    unseen: float = 0.0
    untaught: float = 0.0

    def calibrate(self, margin: ArrayLike) -> Floats:
        """The calibrated probability of each margin (raw log-odds), strictly between 0 and 1."""
        return probability_of(self.log_odds(margin))

    def log_odds(self, margin: ArrayLike) -> Floats:
        """The calibrated log-odds of each margin."""
        margins = np.asarray(margin, dtype=np.float64)
        if not self.knots:
            return np.asarray(self.intercept + self.slope * margins)
        at, height = np.array(self.knots).T
        beyond = margins - np.clip(margins, at[0], at[-1])
        return np.asarray(np.interp(margins, at, height) + self.slope * beyond)

    def steepness(self, margin: float) -> float:
        """The slope of the curve at a margin, in calibrated log-odds per raw ones."""
        if not self.knots:
            return self.slope
        at, height = np.array(self.knots).T
        right = int(np.searchsorted(at, margin))
        if right in (0, len(at)):
            return self.slope
        return float((height[right] - height[right - 1]) / (at[right] - at[right - 1]))

    def interval(self, margin: ArrayLike, *, level: float = LEVEL) -> Floats:
        """Low and high between which an account's own probability lies with the chance `level`; shape (n, 2).

        Accounts that score alike differ in what nobody recorded. Their own probabilities are taken to follow a beta
        distribution whose mean is the said probability and whose variance is what is unseen of them and what the rows
        to learn from and to calibrate on leave open. It is never narrower than the latter alone.
        """
        margins = np.asarray(margin, dtype=np.float64)
        line = self.log_odds(margins)
        half = self._half_width(margins, level)
        low, high = line - half, line + half
        if self.unseen > 0:
            spread = self._spread(level)
            low = np.minimum(low, np.interp(margins, GRID, spread[0]))
            high = np.maximum(high, np.interp(margins, GRID, spread[1]))
        return np.stack([probability_of(low), probability_of(high)], axis=-1)

    def _half_width(self, margins: Floats, level: float) -> Floats:
        from scipy.special import ndtri

        return np.asarray(ndtri((1.0 + level) / 2.0) * np.sqrt(self._variance(margins)))

    def _variance(self, margins: Floats) -> Floats:
        """How well the log-odds of margins are known: what rows to learn from and to calibrate on leave open."""
        var_intercept, cov, var_slope = self.covariance
        return self.untaught + np.maximum(var_intercept + 2.0 * cov * margins + var_slope * margins**2, 0.0)

    def _spread(self, level: float) -> tuple[Floats, Floats]:
        """The log-odds of the beta distribution's quantiles at the margins of GRID."""
        from scipy.special import betaincinv

        p = self.calibrate(GRID)
        share = np.minimum(self.unseen + p * (1.0 - p) * self._variance(GRID), MOST_UNSEEN)
        cases = 1.0 / share - 1.0
        tail = (1.0 - level) / 2.0
        low, high = (log_odds_of(betaincinv(cases * p, cases * (1.0 - p), at)) for at in (tail, 1.0 - tail))
        return low, high


def calibrator_record(calibrator: Calibrator) -> dict[str, Any]:
    """The calibrator as plain JSON values; `calibrator_from` reads them back exactly."""
    knots = [list(knot) for knot in calibrator.knots]
    return {**asdict(calibrator), "covariance": list(calibrator.covariance), "knots": knots}


def calibrator_from(record: Mapping[str, Any]) -> Calibrator:
    """The calibrator that `calibrator_record` wrote."""
    if record.get("method") not in get_args(Method):
        raise IntegrityError(
            f"Calibrator: method {record.get('method')!r} is unknown, expected one of {', '.join(get_args(Method))}. "
            "Train again."
        )
    var_intercept, cov, var_slope = record["covariance"]
    knots = tuple((at, height) for at, height in record.get("knots", ()))
    return Calibrator(**{**record, "covariance": (var_intercept, cov, var_slope), "knots": knots})


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
    slope = np.where(still, calibrator.steepness(base_margin) * base * (1.0 - base), secant)
    return parts * slope[:, None], base


def probability_of(log_odds: Floats) -> Floats:
    """The probability of each log-odds, strictly between 0 and 1."""
    clipped = np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS)
    probability: Floats = 1.0 / (1.0 + np.exp(-clipped))
    return probability


def log_odds_of(probability: Floats) -> Floats:
    """The log-odds of each probability, at most 30 either way."""
    with np.errstate(divide="ignore"):
        found: Floats = np.log(probability) - np.log1p(-probability)
    return np.clip(found, -MAX_LOG_ODDS, MAX_LOG_ODDS)
