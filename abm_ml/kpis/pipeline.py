"""KPIs of the pipeline: how accounts move through the funnel, and how deals end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm_ml.kpis.base import COMPARING_CUTS, kpi, part
from abm_ml.kpis.estimates import Estimate, count, difference, distinct, lift, mean, median, ratio, share, total

_CONVERSIONS = ("form_fill", "content_download", "event_registered", "demo_request")


@kpi(
    id="K20",
    formula="mean over the deals won in the period of the distinct channels that the account had used before it bought",
    unit="channels",
    better="higher",
    needs=("engagements", "opportunities"),
    family="engagement",
    three_r="relationship",
    example="won deals after 6 and 10 channels: 8 channels",
    reference="6 to 10 channels",
)
def channels_before_purchase(deals: Any) -> Estimate:
    """Channels before purchase: the different channels used with an account before its deal was won, on average."""
    return mean(deals.channels)


@kpi(
    id="K39",
    formula="accounts that reached a later stage in the period / accounts that were in the stage at the period's start "
    "or entered it in the period; without the last stage",
    unit="share",
    better="higher",
    needs=("stage_changes",),
    family="pipeline",
    three_r="relationship",
    example="5 of 20 accounts went on from awareness = 25%",
    each="in_stage",
)
def progression_rate(stints: Any) -> Mapping[str, Estimate]:
    """Account progression rate: of the accounts that were in a stage in the period, those that reached a later one.

    Counted are the accounts in the stage at the period's start and those that entered it in the period.
    Accounts that skipped a stage count as advanced; these, and those that moved back, are counted apart. The last
    stage has no rate.
    """
    return {
        "value": share((stints.advanced & ~stints.is_last).sum(), (~stints.is_last).sum()),
        "skipped": distinct(stints.account_id, where=stints.skipped, unit="accounts"),
        "moved_back": distinct(stints.account_id, where=stints.moved_back, unit="accounts"),
    }


@part
def accounts_entering(openings: Any) -> Estimate:
    """Target accounts whose first deal was opened in the period."""
    return distinct(openings.account_id, where=openings.is_target & openings.first_of_account)


@kpi(
    id="K40",
    formula="target accounts whose first opportunity ever was opened in the period (by program: when it was opened); "
    "beside it: / target accounts",
    unit="accounts",
    better="higher",
    needs=("opportunities", "accounts"),
    family="pipeline",
    three_r="revenue",
    example="3 of 60 target accounts with a first deal: 3 accounts, 5%",
)
def accounts_entering_pipeline(accounts_entering: Estimate, target_accounts: Estimate) -> Mapping[str, Estimate]:
    """Target accounts entering the pipeline: those whose first opportunity ever was opened in the period."""
    return {"value": accounts_entering, "share": share(accounts_entering, target_accounts, unit="share")}


@kpi(
    id="K42",
    formula="amount of deals open at the period's end or won in the period with at least one marketing engagement of "
    "the account from 90 days before opening until closing / amount of all of them; amounts as last known",
    unit="share",
    better="higher",
    needs=("opportunities.amount", "engagements"),
    family="pipeline",
    three_r="revenue",
    example="30,000 of 100,000 influenced = 30%",
)
def influenced_pipeline(deals: Any) -> Estimate:
    """Influenced pipeline: the share of the amount of open and won deals whose accounts marketing had engaged."""
    counted = deals.open_at_end | deals.won
    return ratio(total(deals.amount, where=counted & deals.influenced), total(deals.amount, where=counted))


@kpi(
    id="K43",
    formula="deals won in the period / deals won or lost in the period; open deals are left out",
    unit="share",
    better="higher",
    needs=("opportunities",),
    family="pipeline",
    three_r="revenue",
    example="12 won of 40 closed = 30%",
)
def win_rate(deals: Any) -> Estimate:
    """Win rate: the deals won by the deals that closed in the period, won or lost."""
    return _win_rate(deals)


@kpi(
    id="K44",
    formula="win rate in the program / win rate outside - 1; beside it, in points: the one minus the other",
    unit="share",
    better="higher",
    needs=("opportunities",),
    family="pipeline",
    three_r="revenue",
    example="50% in the program against 40% outside: +25%, or 10 points",
    cuts=COMPARING_CUTS,
)
def win_rate_lift(deals: Any) -> Mapping[str, Estimate]:
    """Closing-rate increase: how much higher the win rate is in the ABM program than outside, relative to outside."""
    inside, outside = (_win_rate(deals, program) for program in ("in", "out"))
    return {"value": lift(inside, outside), "points": difference(inside, outside, unit="percentage points")}


@kpi(
    id="K45",
    formula="form fills, content downloads, event registrations and demo requests / engagements with points > 0",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="pipeline",
    three_r="relationship",
    example="10 conversions of 100 interactions = 10%",
    each="channel",
)
def interaction_conversion_rate(touches: Any) -> Estimate:
    """Interaction conversion rate: the share of interactions that convert, e.g. fill a form; it is no win rate."""
    interaction = touches.points > 0
    return share((interaction & touches.kind.isin(_CONVERSIONS)).sum(), interaction.sum())


@kpi(
    id="K46",
    formula="amount of the deals won in the period / number of these deals; deals without an amount are left out",
    unit="money",
    better="higher",
    needs=("opportunities.amount",),
    family="pipeline",
    three_r="revenue",
    example="600,000 / 12 deals = 50,000",
)
def average_deal_size(deals: Any) -> Mapping[str, Estimate]:
    """Average deal size: what a deal won in the period is worth on average; the median beside it."""
    return {"value": mean(deals.amount, where=deals.won), "median": median(deals.amount, where=deals.won)}


@kpi(
    id="K47",
    formula="average deal size in the program / average deal size outside - 1",
    unit="share",
    better="higher",
    needs=("opportunities.amount",),
    family="pipeline",
    three_r="revenue",
    example="60,000 in the program against 50,000 outside: +20%",
    reference="+20%",
    cuts=COMPARING_CUTS,
)
def deal_size_lift(deals: Any) -> Estimate:
    """Contract-value increase: how much larger a won deal is in the ABM program than outside, relative to outside."""
    inside, outside = (mean(deals.amount, where=_won(deals, program)) for program in ("in", "out"))
    return lift(inside, outside)


@kpi(
    id="K48",
    formula="mean days from the first contact to the closing of the deals won in the period; from the opening where no "
    "first contact is known, or only one after the closing",
    unit="days",
    better="lower",
    needs=("opportunities",),
    family="pipeline",
    three_r="revenue",
    example="(30 + 60 + 90) / 3 = 60 days",
)
def sales_cycle_length(deals: Any) -> Mapping[str, Estimate]:
    """Sales cycle length: the days from first contact to closing of the deals won, on average; the median beside it."""
    return {"value": mean(deals.days, where=deals.won), "median": median(deals.days, where=deals.won)}


@kpi(
    id="K49",
    formula="sales cycle length outside the program - sales cycle length in it; by the account's engagement level, too",
    unit="days",
    better="higher",
    needs=("opportunities",),
    family="pipeline",
    three_r="revenue",
    example="80 days outside - 60 days in the program = 20 days",
    each="level",
    cuts=COMPARING_CUTS,
)
def sales_cycle_saved(deals: Any) -> Estimate:
    """Sales-cycle time saved: how many days sooner deals are won in the ABM program than outside."""
    inside, outside = (mean(deals.days, where=_won(deals, program)) for program in ("in", "out"))
    return difference(outside, inside)


@kpi(
    id="K50",
    formula="deals open at any moment of the period x average deal size x win rate / sales cycle length in days",
    unit="money per day",
    better="higher",
    needs=("opportunities.amount",),
    family="pipeline",
    three_r="revenue",
    example="10 x 20,000 x 0.25 / 50 days = 1,000 per day",
)
def pipeline_velocity(deals: Any) -> Estimate:
    """Pipeline velocity: the money per day that the deals open at any moment of the period promise to bring."""
    opportunities = count(deals.opportunity_id)
    size, cycle = mean(deals.amount, where=deals.won), mean(deals.days, where=deals.won)
    promised = opportunities.value * size.value * _win_rate(deals).value
    return Estimate(value=promised / cycle.value.nullif(0.0), of=opportunities.value)


@kpi(
    id="K51",
    formula="mean days of the stays in a stage that ended in the period; beside it: of accounts that won a deal since",
    unit="days",
    better="lower",
    needs=("stage_changes",),
    family="pipeline",
    three_r="revenue",
    example="stays of 10, 20 and 60 days: 30 days, median 20",
    each="in_stage",
    whole=False,
)
def time_in_stage(stays: Any) -> Mapping[str, Estimate]:
    """Time in stage: the days that accounts stayed in a stage that they left in the period.

    The slowest stage is the bottleneck. `won` is the mean of the stays after whose beginning the account won a deal.
    """
    return {
        "value": mean(stays.days),
        "median": median(stays.days),
        "won": mean(stays.days, where=stays.won),
    }


def _win_rate(deals: Any, program: str | None = None) -> Estimate:
    closed = deals.won | deals.lost
    if program is not None:
        closed = closed & (deals.program == program)
    return share((deals.won & closed).sum(), closed.sum())


def _won(deals: Any, program: str) -> Any:
    return deals.won & (deals.program == program)
