"""KPIs of coverage: how much of an account's buying group is known and reached, and how large the market is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm_ml.kpis.base import kpi
from abm_ml.kpis.estimates import Estimate, share


@kpi(
    id="K26",
    formula="engaged key contacts / key contacts; engaged: at least one engagement with points > 0 in the period",
    unit="share",
    better="higher",
    needs=("contacts.is_key", "engagements"),
    family="coverage",
    three_r="relationship",
    example="6 of 15 key contacts engaged = 40%",
    reference="60% or more in high-priority accounts",
)
def penetration_rate(people: Any) -> Mapping[str, Estimate]:
    """Account penetration rate: the share of the key contacts who engaged in the period; none without key contacts."""
    return {"value": share((people.is_key & people.engaged).sum(), people.is_key.sum())}
