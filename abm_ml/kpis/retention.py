"""KPIs of retention: which clients stay, buy more and speak for us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from abm_ml.kpis.base import COMPARING_CUTS, kpi, part
from abm_ml.kpis.estimates import Estimate, count, difference, growth, mean, ratio, share, total

_PROMOTER, _DETRACTOR = 9, 6
_SATISFIED = 8


@kpi(
    id="K60",
    formula="clients at the period's start that are no clients at its end / clients at its start; client: an active "
    "contract, or, without contracts, an order within the configured time",
    unit="share",
    better="lower",
    family="retention",
    three_r="relationship",
    example="3 of 60 clients lost = 5%",
)
def churn_rate(clients: Any) -> Estimate:
    """Account churn rate: the share of the clients at the period's start that are no clients at its end."""
    return share(clients.lost.sum(), clients.count())


@kpi(
    id="K61",
    formula="churn rate out of the program - churn rate in the program; by membership at the period's start",
    unit="percentage points",
    better="higher",
    family="retention",
    three_r="relationship",
    example="8% out of the program - 5% in the program = 3 points",
    cuts=COMPARING_CUTS,
)
def churn_reduction(clients: Any) -> Estimate:
    """Churn reduction: how much lower the churn rate is in the program than out of it."""
    return difference(_churn(clients, "out"), _churn(clients, "in"))


def _churn(clients: Any, program: str) -> Estimate:
    here = clients.program == program
    return share(clients.lost.sum(where=here), clients.count(where=here))


@kpi(
    id="K62",
    formula="clients at the period's start that still are at its end / clients at its start = 1 - churn rate",
    unit="share",
    better="higher",
    family="retention",
    three_r="relationship",
    example="57 of 60 clients kept = 95%",
)
def retention_rate(clients: Any) -> Estimate:
    """Retention rate: the share of the clients at the period's start that still are clients at its end."""
    return share((~clients.lost).sum(), clients.count())


@kpi(
    id="K63",
    formula="accounts with an upsell in the period / accounts that were clients when it began or ended or ordered "
    "in it; in the program by their first order of the period, or when it began if they did not order",
    unit="share",
    better="higher",
    needs=("orders",),
    family="retention",
    three_r="revenue",
    example="8 of 40 accounts = 20%",
)
def upsell_rate(buyers: Any) -> Estimate:
    """Upsell rate: the share of the period's clients that bought more of the same."""
    return share(buyers.upsold.sum(), buyers.count())


@kpi(
    id="K64",
    formula="revenue of upsells in the period / all revenue in the period",
    unit="share",
    better="higher",
    needs=("orders",),
    family="retention",
    three_r="revenue",
    example="30,000 of 200,000 = 15%",
)
def upsell_revenue_rate(sales: Any) -> Estimate:
    """Upsell revenue rate: the share of the period's revenue that comes from upsells."""
    return _revenue_rate(sales, "upsell")


def _revenue_rate(sales: Any, kind: str) -> Estimate:
    sold = total(sales.amount, where=sales.now & (sales.kind == kind))
    return ratio(sold, total(sales.amount, where=sales.now))


@part
def cross_sold_accounts(buyers: Any) -> Estimate:
    """The share of the period's clients that bought something else of ours."""
    return share(buyers.cross_sold.sum(), buyers.count())


@part
def cross_sold_revenue(sales: Any) -> Estimate:
    """The share of the period's revenue that comes from cross-sells."""
    return _revenue_rate(sales, "cross_sell")


@kpi(
    id="K65",
    formula="accounts with a cross-sell in the period / accounts that were clients when it began or ended or ordered "
    "in it; in the program by their first order of the period, or when it began if they did not order; "
    "revenue rate: revenue of cross-sells / all revenue in the period",
    unit="share",
    better="higher",
    needs=("orders",),
    family="retention",
    three_r="revenue",
    example="6 of 40 accounts = 15%; 20,000 of 200,000 = 10% of the revenue",
)
def cross_sell_rate(cross_sold_accounts: Estimate, cross_sold_revenue: Estimate) -> Mapping[str, Estimate]:
    """Cross-sell rate: the share of the period's clients that bought something else of ours; and of the revenue."""
    return {"value": cross_sold_accounts, "revenue_rate": cross_sold_revenue}


@kpi(
    id="K66",
    formula="(revenue of the period - revenue of the one before) / revenue of the one before, where that is above 0; "
    "of the accounts that were clients at the period's start",
    unit="share",
    better="higher",
    family="retention",
    three_r="revenue",
    example="110,000 after 100,000 from the same clients = +10%",
)
def installed_base_growth(clients: Any) -> Estimate:
    """Installed-base growth: how much more the clients of the period's start bought in it than in the one before."""
    return growth(total(clients.revenue_now), total(clients.revenue_before))


@kpi(
    id="K67",
    formula="100 x (answers of 9 or 10 - answers of 0 to 6) / answers to NPS surveys in the period",
    unit="points",
    better="higher",
    needs=("surveys.score",),
    family="retention",
    three_r="reputation",
    example="50% promoters - 20% detractors = 30",
)
def nps(surveys: Any) -> Mapping[str, Estimate]:
    """Net promoter score: the percentage of promoters (9-10) less that of detractors (0-6) in the period's answers."""
    answers = (surveys.event == "answered") & (surveys.kind == "nps") & surveys.score.notnull()
    promoter, detractor = surveys.score >= _PROMOTER, surveys.score <= _DETRACTOR
    points = ibis.cases((promoter, 100), (detractor, -100), else_=0)
    return {
        "value": mean(points, where=answers),
        "promoters": share(count(answers & promoter), count(answers), unit="share"),
        "detractors": share(count(answers & detractor), count(answers), unit="share"),
        "answers": count(answers, unit="surveys"),
    }


@kpi(
    id="K68",
    formula="answers with a score of 8 or more / answers to satisfaction surveys in the period",
    unit="share",
    better="higher",
    needs=("surveys.score",),
    family="retention",
    three_r="relationship",
    example="16 of 20 answers = 80%",
)
def csat(surveys: Any) -> Estimate:
    """Customer satisfaction: the share of the period's answers to satisfaction surveys that score 8 or more of 10."""
    answers = (surveys.event == "answered") & (surveys.kind == "csat") & surveys.score.notnull()
    return share(count(answers & (surveys.score >= _SATISFIED)), count(answers))


@kpi(
    id="K69",
    formula="clients at the period's end that would recommend us in a survey answered in the period or referred "
    "somebody in it / clients at the period's end; none where no answer and no referral of anybody is known at all",
    unit="share",
    better="higher",
    family="retention",
    three_r="reputation",
    example="5 of 20 clients = 25%",
)
def advocacy_rate(client_lives: Any) -> Estimate:
    """Advocacy rate: the share of the clients at the period's end that recommended us or referred somebody in it."""
    return share(client_lives.advocate.sum(where=client_lives.at_end), client_lives.at_end.sum())
