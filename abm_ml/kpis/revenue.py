"""KPIs of revenue: what clients bring, what winning them costs, and what the program returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abm_ml.kpis.base import ACCOUNT_CUTS, kpi, part
from abm_ml.kpis.estimates import Estimate, count, distinct, growth, mean, ratio, total
from abm_ml.kpis.grains.money import SECONDS_PER_YEAR

_WINNING = ("campaign", "content", "technology", "sales")
_WINNING_FULLY = (*_WINNING, "salaries", "overhead", "support")
_PROGRAM = ("technology", "content", "campaign")


@kpi(
    id="K52",
    formula="(revenue of the period - revenue of the one before) / revenue of the one before, where that is above 0; "
    "revenue: orders less credits, or won deals where there are no orders",
    unit="share",
    better="higher",
    family="revenue",
    three_r="revenue",
    example="120,000 after 100,000 = +20%",
)
def revenue_growth(sales: Any) -> Mapping[str, Estimate]:
    """Revenue growth: the period against the one before; growth in the program, and how far it is ahead of all."""
    inside = sales.program == "in"
    overall = growth(total(sales.amount, where=sales.now), total(sales.amount, where=sales.before))
    in_program = growth(
        total(sales.amount, where=sales.now & inside), total(sales.amount, where=sales.before & inside), unit="share"
    )
    return {
        "value": overall,
        "program": in_program,
        "over_overall": Estimate(value=in_program.value - overall.value, unit="percentage points"),
        "revenue": total(sales.amount, where=sales.now, unit="money"),
        "revenue_program": total(sales.amount, where=sales.now & inside, unit="money"),
    }


@part
def purchase_value(sales: Any) -> Estimate:
    """Average purchase value: revenue of the period per order; credits lessen the revenue and are no orders."""
    return ratio(total(sales.amount, where=sales.now), count(sales.now & ~sales.is_credit))


@part
def purchase_frequency(buyers: Any) -> Estimate:
    """Average purchase frequency: orders of the period per client of the period and year."""
    return ratio(buyers.orders.sum(), buyers.count() * buyers.period_years.max())


@part
def client_years(client_lives: Any) -> Estimate:
    """Average lifespan: years from an account's first contract or order to its loss, or to the period's end."""
    # The mean of whole seconds is exact; years would be rounded one by one.
    seconds = mean(client_lives.seconds)
    return Estimate(value=seconds.value / SECONDS_PER_YEAR, of=seconds.of)


@kpi(
    id="K53",
    formula="(revenue / orders) x (orders per client and year) x (mean years from a client's first contract or order "
    "to its loss, or to the period's end if still a client); orders per client and year: orders of the period / "
    "(accounts that were clients when it began or ended or ordered in it x years of the period)",
    unit="money",
    better="higher",
    family="revenue",
    three_r="revenue",
    example="10,000 x 2 a year x 5 years = 100,000",
)
def clv(purchase_value: Estimate, purchase_frequency: Estimate, client_years: Estimate) -> Mapping[str, Estimate]:
    """Customer lifetime value: average purchase value x purchases a year x years as a client."""
    value = purchase_value.value * purchase_frequency.value * client_years.value
    return {
        "value": Estimate(value=value, of=client_years.of),
        "purchase_value": purchase_value,
        "purchase_frequency": Estimate(value=purchase_frequency.value, of=purchase_frequency.of, unit="orders"),
        "client_years": Estimate(value=client_years.value, of=client_years.of, unit="years"),
    }


@kpi(
    id="K54",
    formula="mean over the contracts that started in the period of total value / years of its term",
    unit="money",
    better="higher",
    needs=("contracts",),
    family="revenue",
    three_r="revenue",
    example="500,000 over 5 years = 100,000",
)
def acv(agreements: Any) -> Estimate:
    """Annual contract value: what the contracts that started in the period bring per year of their term, on average."""
    return mean(agreements.acv)


@part
def winning_cost(spending: Any) -> Estimate:
    """Cost of winning clients: campaigns, contents, technology and sales in the period."""
    return _known_cost(spending, _WINNING)


@part
def full_winning_cost(spending: Any) -> Estimate:
    """Full cost of winning clients: campaigns, contents, technology, sales, salaries, overhead and support."""
    return _known_cost(spending, _WINNING_FULLY)


def _known_cost(spending: Any, categories: Sequence[str]) -> Estimate:
    """The sum of the costs of some categories; null, not 0, where none is known: nobody is won for nothing."""
    there = spending.category.isin(categories)
    cost = total(spending.amount, where=there).value
    return Estimate(value=(spending.count(where=there) > 0).ifelse(cost, None))


@part
def new_clients(deals: Any) -> Estimate:
    """New clients: accounts whose first won deal of kind new closed in the period."""
    return distinct(deals.account_id, where=deals.new_client)


@kpi(
    id="K55",
    formula="costs of categories campaign, content, technology, sales in the period / accounts whose first won deal "
    "of kind new closed in the period; none where no such cost is known",
    unit="money",
    better="lower",
    needs=("costs", "opportunities"),
    family="revenue",
    three_r="revenue",
    example="250,000 for 10 new clients = 25,000",
)
def cac(winning_cost: Estimate, new_clients: Estimate) -> Estimate:
    """Customer acquisition cost: sales and marketing costs of the period per new client."""
    return ratio(winning_cost, new_clients)


@kpi(
    id="K56",
    formula="costs of categories campaign, content, technology, sales, salaries, overhead, support in the period / "
    "accounts whose first won deal of kind new closed in the period; none where no such cost is known",
    unit="money",
    better="lower",
    needs=("costs", "opportunities"),
    family="revenue",
    three_r="revenue",
    example="(250,000 + 50,000) for 10 new clients = 30,000",
)
def cac_full(full_winning_cost: Estimate, new_clients: Estimate) -> Estimate:
    """Full customer acquisition cost: as cac, with salaries, overhead and support."""
    return ratio(full_winning_cost, new_clients)


@kpi(
    id="K57",
    formula="costs of the program abm of categories technology, content, campaign in the period",
    unit="money",
    better="lower",
    needs=("costs",),
    family="revenue",
    three_r="revenue",
    example="technology 40,000 + contents 25,000 + campaigns 35,000 = 100,000",
)
def program_cost(spending: Any) -> Estimate:
    """Program cost: what technology, contents and campaigns of the ABM program cost in the period."""
    return total(spending.amount, where=(spending.program == "in") & spending.category.isin(_PROGRAM))


@part
def program_revenue(sales: Any) -> Estimate:
    """Revenue of the period from accounts that were in the program when they bought."""
    return total(sales.amount, where=sales.now & (sales.program == "in"))


@kpi(
    id="K58",
    formula="(revenue of the program's accounts in the period - program cost) / program cost",
    unit="share",
    better="higher",
    needs=("costs",),
    family="revenue",
    three_r="revenue",
    example="(150,000 - 100,000) / 100,000 = 50%",
    cuts=ACCOUNT_CUTS,
)
def roi(program_revenue: Estimate, program_cost: Estimate) -> Estimate:
    """Return on investment: what the program's accounts brought in the period beyond its cost, relative to its cost."""
    return ratio(program_revenue.value - program_cost.value, program_cost)


@kpi(
    id="K59",
    formula="clv / cac",
    unit="ratio",
    better="higher",
    needs=("costs", "opportunities"),
    family="revenue",
    three_r="revenue",
    example="100,000 / 25,000 = 4",
)
def clv_to_cac(clv: Estimate, cac: Estimate) -> Estimate:
    """Lifetime value to acquisition cost: what a client brings for each unit of money that winning one costs."""
    return Estimate(value=clv.value / cac.value.nullif(0.0), of=clv.of)
