"""Peers: an account against what is usual, on the same date, among accounts that are like it."""

from __future__ import annotations

from typing import Any

import ibis

from abm_ml.features.base import derived, ratio

PEERS = 5  # fewer accounts of one industry and size say nothing of what is usual

_ALIKE = ("industry", "size_band")


@derived("firmographic", needs=("employees",), unit="levels")
def size_band(f: Any) -> Any:
    """Size by employees: 0 below 50, 1 below 250, 2 below 1,000, 3 below 5,000, 4 from there on."""
    size = f.employees
    bands = ((size < 50, 0.0), (size < 250, 1.0), (size < 1000, 2.0), (size < 5000, 3.0), (size >= 5000, 4.0))
    return ibis.cases(*bands, else_=None)


@derived("firmographic", among=_ALIKE, needs=(), unit="accounts")
def peers(others: Any) -> Any:
    """Accounts of the same industry and size, the account itself among them."""
    return others.count()


@derived("engagement", among=_ALIKE, needs=("engagement_score_90d",), unit="points")
def usual_score(others: Any) -> Any:
    """Median engagement score over 90 days of the accounts of the same industry and size."""
    return others.engagement_score_90d.median()


@derived("penetration", among=_ALIKE, needs=("penetration_rate",), unit="share")
def usual_penetration(others: Any) -> Any:
    """Median penetration rate of the accounts of the same industry and size."""
    return others.penetration_rate.median()


@derived("pipeline", among=_ALIKE, needs=("open_amount",), unit="money")
def usual_open_amount(others: Any) -> Any:
    """Median amount of open deals of the accounts of the same industry and size that have any."""
    return others.open_amount.nullif(0).median()


def _if_enough(f: Any, value: Any) -> Any:
    return (f.peers >= PEERS).ifelse(value, None)


@derived(
    "engagement",
    needs=("engagement_score_90d", "usual_score", "peers"),
    unit="points",
    reason="{value:+.0f} points of engagement over 90 days, against the median of its industry and size",
)
def score_against_peers(f: Any) -> Any:
    """Engagement score over 90 days less the median of its industry and size; missing with under 5 alike."""
    return _if_enough(f, f.engagement_score_90d - f.usual_score)


@derived(
    "penetration",
    needs=("penetration_rate", "usual_penetration", "peers"),
    unit="share",
    reason="the share of key people engaged is {value:+.0%} off the median of its industry and size",
    controllable=True,
)
def penetration_against_peers(f: Any) -> Any:
    """Penetration rate less the median of its industry and size; missing with under 5 alike."""
    return _if_enough(f, f.penetration_rate - f.usual_penetration)


@derived(
    "pipeline",
    needs=("open_amount", "usual_open_amount", "peers"),
    unit="ratio",
    reason="open deals worth {value:.1f} times those usual in its industry and size",
)
def open_amount_against_peers(f: Any) -> Any:
    """Amount of its open deals over the median of its industry and size; missing without any, or with under 5 alike."""
    return _if_enough(f, ratio(f.open_amount.nullif(0), f.usual_open_amount))


@derived("pipeline", among=("stage",), needs=("days_in_stage",), unit="days")
def usual_days_in_stage(others: Any) -> Any:
    """Median days in the stage of all accounts that are in it on the date."""
    return others.days_in_stage.median()


@derived(
    "pipeline",
    needs=("days_in_stage", "usual_days_in_stage"),
    unit="ratio",
    reason="in its stage {value:.1f} times as long as others in that stage",
)
def stage_time_ratio(f: Any) -> Any:
    """Days in the stage over the median of all accounts that are in that stage on the date."""
    return ratio(f.days_in_stage, f.usual_days_in_stage)


@derived("pipeline", among=(), needs=("days_since_open_deal",), unit="days")
def usual_deal_age(others: Any) -> Any:
    """Median days since the newest open deal of each account was opened."""
    return others.days_since_open_deal.median()


@derived(
    "pipeline",
    needs=("days_since_open_deal", "usual_deal_age"),
    unit="ratio",
    reason="the open deal is {value:.1f} times as old as a typical one",
)
def deal_age_ratio(f: Any) -> Any:
    """Days since the newest open deal was opened over the median of all open deals on the date."""
    return ratio(f.days_since_open_deal, f.usual_deal_age)


@derived("pipeline", among=(), needs=("mean_cycle",), unit="days")
def usual_cycle(others: Any) -> Any:
    """Median over all accounts that have won so far of their mean days from first contact to the win."""
    return others.mean_cycle.median()


@derived(
    "pipeline",
    needs=("days_in_stage", "usual_cycle"),
    unit="ratio",
    reason="in its stage for {value:.1f} times the whole cycle of a deal that is won",
)
def stage_time_to_win(f: Any) -> Any:
    """Days in the stage over the usual cycle of the deals won so far by all accounts."""
    return ratio(f.days_in_stage, f.usual_cycle)


@derived(
    "pipeline",
    needs=("days_since_open_deal", "usual_cycle"),
    unit="ratio",
    reason="the open deal is {value:.1f} times as old as deals that are won get",
)
def deal_age_to_win(f: Any) -> Any:
    """Days since the newest open deal was opened over the usual cycle of the deals won so far by all accounts."""
    return ratio(f.days_since_open_deal, f.usual_cycle)


@derived(
    "clients",
    among=(),
    needs=("orders_placed_90d", "orders_placed_180d"),
    unit="share",
    reason="{value:.0%} of the accounts that buy at all ordered in 90 days",
)
def season(others: Any) -> Any:
    """Share of all accounts with an order in 180 days that ordered in the last 90: how the season runs on the date."""
    buyers = (others.orders_placed_180d > 0).cast("int32").sum()
    return ratio((others.orders_placed_90d > 0).cast("int32").sum().cast("float64"), buyers)
