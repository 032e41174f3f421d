"""KPIs of the market: how large it is, and what can be obtained from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from abm_ml.kpis.base import kpi
from abm_ml.kpis.estimates import Estimate, count, ratio, total
from abm_ml.kpis.grains.market import TRACKED
from abm_ml.tables.money import MONEY


@kpi(
    id="K37",
    formula="standard: mean yearly value of the contracts running when the period ended (none: of all that had "
    "started) x accounts marked in_tam, none where no account says whether it is; installed_base, another number: "
    "average selling price (revenue ever / orders that are no credits; without orders: won deals) x clients when the "
    "period ended",
    unit="money",
    better="higher",
    needs=("accounts.in_tam", "contracts"),
    family="coverage",
    three_r="revenue",
    example="20,000 a year x 500 accounts = 10,000,000",
)
def tam(market: Any) -> Mapping[str, Estimate]:
    """Total addressable market: what all accounts of the market would bring in a year at the average contract value."""
    running = ratio(total(market.acv_running), market.running.sum())
    ever = ratio(total(market.acv_ever), market.ever.sum())
    price = ratio(total(market.revenue), market.sales.sum())
    clients = count(market.lifecycle_end == "client")
    return {
        "value": Estimate(value=ibis.coalesce(running.value, ever.value) * market.in_tam.sum().cast("float64")),
        "accounts": count(market.in_tam, unit="accounts"),
        "installed_base": Estimate(value=price.value * clients.value),
    }


@kpi(
    id="K38",
    formula="sum over accounts that are target, prospect or client when the period ended (others count 0) of: open "
    "deals x P(win) + yearly value of running contracts x (r + r^2 + ... to the horizon's years) + for a target: new "
    "deals a year x average deal size x years. By rule: P(win) = won / (won + lost) deals so far, r = accounts with a "
    "contract a year ago that have one still / accounts with one then (1 where there were none), new deals a year = "
    "deals of kind new won in the last 365 days / accounts that are target or client, average deal size = mean of the "
    "won deals so far; each of the account's tier, or of all accounts where it rests on fewer than 10 of the tier, and "
    "0 where there are none. In the last period P(win) is the published probability of winning, and r = (1 - "
    "published churn probability)^(365 / the days of its horizon), for accounts that have one; the measures named "
    "rules do without. Amounts as last known. Horizons: 1 year (value), 2 and 3 years",
    unit="money",
    better="higher",
    needs=("opportunities|contracts",),
    family="coverage",
    three_r="revenue",
    example="a deal of 10,000 x 0.40 + a contract of 1,000 a year x 0.90 + nothing of an untracked account = 4,900",
    reference="horizon 1 to 3 years",
)
def obtainable_revenue(market: Any) -> Mapping[str, Estimate]:
    """Account obtainable revenue: the revenue to be expected of the tracked accounts within 1, 2 and 3 years."""
    tracked = count(market.lifecycle_end.isin(TRACKED).fill_null(False)).value
    names = {
        "value": "worth_1", "two_years": "worth_2", "three_years": "worth_3",
        "rules": "rules_1", "rules_two_years": "rules_2", "rules_three_years": "rules_3",
    }  # fmt: skip
    return {
        measure: Estimate(value=market[name].cast(MONEY).sum().cast("float64"), of=tracked)
        for measure, name in names.items()
    }
