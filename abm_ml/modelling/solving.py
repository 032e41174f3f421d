"""The weights of a logistic regression, found the same on every number of threads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from abm_ml.modelling.folds import Floats, Labels

MOST_STEPS, TOLERANCE = 200, 1e-5


def straightened(margin: Floats, y: Labels, weight: Floats) -> tuple[float, float]:
    """Level and slope that make log-odds agree with what happened, the slope being expected near 1 and never below 0.

    Margins of several folds differ a little in their levels; without that expectation a steep line through nearly equal
    margins would read much into this.
    """
    base, beyond = solved(margin[:, None], y, weight, spread=1.0, beside=margin)
    return float(base), max(1.0 + float(beyond), 0.0)


def solved(
    design: Floats,
    y: Labels,
    weight: Floats,
    *,
    spread: float,
    directions: NDArray[np.int64] | None = None,
    start: Floats | None = None,
    beside: Floats | None = None,
) -> Floats:
    """The intercept and then the weight of each column that make the outcomes likeliest.

    `spread` is the variance that the weights are expected to have (an L2 penalty; the intercept is free), `directions`
    holds +1 for a column whose weight must not be negative, -1 for one that must not be positive. `start` is where to
    begin, `beside` log-odds that are added to those of each row. By L-BFGS-B (Byrd et al., 1995, doi 10.1137/0916069).
    """
    from scipy.optimize import minimize
    from scipy.special import expit
    from threadpoolctl import threadpool_limits

    share = weight / weight.sum()
    known = np.zeros(len(y)) if beside is None else beside
    penalty = 1.0 / (spread * len(y))
    sense = np.zeros(design.shape[1], dtype=np.int64) if directions is None else directions

    def loss(beta: Floats) -> tuple[float, Floats]:
        line = known + beta[0] + design @ beta[1:]
        surprise = np.logaddexp(0.0, line) - y * line
        off = share * (expit(line) - y)
        slope = np.append(off.sum(), off @ design + penalty * beta[1:])
        return float(share @ surprise + 0.5 * penalty * (beta[1:] ** 2).sum()), slope

    rate = float(share @ y)
    level = np.log(rate / (1.0 - rate)) if beside is None else 0.0
    first = np.append(level, np.zeros(design.shape[1])) if start is None else start
    bounds = [(None, None), *((0.0 if each > 0 else None, 0.0 if each < 0 else None) for each in sense)]
    with threadpool_limits(1):
        found = minimize(
            loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_STEPS, "gtol": TOLERANCE}
        )
    return np.asarray(found.x, dtype=np.float64)
