"""KPIs of engagement: how much accounts engage, how deeply, and with what."""

from __future__ import annotations

from typing import Any

from abm_ml.kpis.base import kpi
from abm_ml.kpis.estimates import Estimate, total


@kpi(
    id="K01",
    formula="sum of the points of every engagement in the period",
    unit="points",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="4 opens (1 each) + 2 downloads (3) + 1 demo request (10) = 20",
)
def engagement_score(touches: Any) -> Estimate:
    """Account engagement score: the points of everything that accounts did in the period."""
    return total(touches.points)
