"""KPIs of steering: which tactics work, and whether goals are met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from abm_ml.kpis.base import kpi
from abm_ml.kpis.estimates import Estimate, difference, ratio, share, total

# Rates times accounts, summed exactly: the order of rows must not show.
_WEIGHT = "decimal(38, 15)"


@kpi(
    id="K70",
    formula="per channel, campaign and content: win rate of the accounts touched (a touch by marketing, or inbound, in "
    "the period) - win rate of the accounts not touched that were in the same stage when the period began; win rate: "
    "accounts with a deal won in the period / accounts. The untouched are weighted by the stages of the touched; "
    "stages without untouched accounts drop out. Interval: Newcombe's from Wilson's of both rates, the untouched "
    "counting as many as their weights leave of them (Kish). progression: the same of the accounts that reached a "
    "later stage in the period. cost_per_engaged_account: costs of the campaign in the period / touched accounts with "
    "an engagement of points > 0 in it",
    unit="percentage points",
    better="higher",
    needs=("engagements", "opportunities"),
    family="steering",
    three_r="revenue",
    example="touched 12 of 40 won against 6 of 40 untouched: +15 points",
    each="tactic",
    whole=False,
)
def tactic_effectiveness(tactics: Any) -> Mapping[str, Estimate]:
    """Tactic effectiveness: how much more often accounts win that a channel, campaign or content touched."""
    touched, untouched = _standardised(tactics, "won")
    further, others_further = _standardised(tactics, "progressed")
    return {
        "value": replace(difference(touched, untouched), of=touched.of),
        "touched": total(tactics.touched, unit="accounts"),
        "win_rate_touched": replace(touched, unit="share"),
        "win_rate_untouched": replace(untouched, unit="share"),
        "progression": replace(difference(further, others_further), of=further.of),
        "cost_per_engaged_account": ratio(tactics.cost.max(), tactics.engaged.sum(), unit="money"),
    }


def _standardised(rows: Any, what: str) -> tuple[Estimate, Estimate]:
    """The share of the touched who did something, and that of the others with the stages of the touched."""
    compared = rows.others > 0
    touched = rows.touched.sum(where=compared).cast("float64")
    expected = (rows.touched * rows[f"others_{what}"] / rows.others.nullif(0)).cast(_WEIGHT)
    spread = (rows.touched * rows.touched / rows.others.nullif(0)).cast(_WEIGHT).sum(where=compared).cast("float64")
    # Weighted, the others tell no more than this many would unweighted (Kish 1965).
    effective = touched * touched / spread.nullif(0.0)
    rate = expected.sum(where=compared).cast("float64") / touched.nullif(0.0)
    others = replace(share(rate * effective, effective), value=rate, of=rows.others.sum(where=compared))
    return share(rows[f"touched_{what}"].sum(where=compared), touched), others


@kpi(
    id="K71",
    formula="goals met / goals set; a goal whose KPI has no value is not met",
    unit="share",
    better="higher",
    needs=(),
    family="steering",
    three_r="revenue",
    example="7 of 10 goals met = 70%",
)
def goal_attainment(goals: Any) -> Estimate:
    """Goal attainment: the share of the configured goals that are met."""
    return share(goals.met.sum(), goals.count())
