"""Derived: ratios and trends of finished columns of the same account and date."""

from __future__ import annotations

import itertools
from typing import Any

import ibis

from abm_ml.features.base import derived, ratio


@derived(
    "engagement",
    needs=("engagement_score_30d", "engagement_score_90d"),
    unit="ratio",
    reason="engagement of the last 30 days at {value:.0%} of its 90-day average",
)
def engagement_trend(f: Any) -> Any:
    """Engagement score of the last 30 days over a third of the last 90 days; 1 is steady, missing without activity."""
    return ratio(f.engagement_score_30d * 3, f.engagement_score_90d)


@derived(
    "engagement",
    needs=("engagements_7d", "engagements_28d"),
    unit="ratio",
    reason="this week at {value:.0%} of the three weeks before",
)
def engagement_momentum(f: Any) -> Any:
    """Engagements of the last 7 days over the weekly mean of the three weeks before."""
    return ratio(f.engagements_7d * 3, f.engagements_28d - f.engagements_7d)


@derived(
    "engagement",
    needs=("engagement_score_90d", "engagement_score_365d"),
    unit="share",
    reason="{value:.0%} of a year's engagement fell into the last 90 days",
)
def recent_share(f: Any) -> Any:
    """Share of a year's engagement score that was earned in the last 90 days."""
    return ratio(f.engagement_score_90d, f.engagement_score_365d)


@derived(
    "engagement",
    needs=("engagements_7d", "engagements_14d", "engagements_21d", "engagements_28d"),
    unit="weeks",
    reason="engaged in {value:.0f} weeks in a row",
)
def streak_weeks(f: Any) -> Any:
    """Weeks in a row, counted back from the date and up to four, in which the account engaged."""
    ends = ("engagements_7d", "engagements_14d", "engagements_21d", "engagements_28d")
    fresh = [f[ends[0]] > 0, *(f[late] > f[early] for early, late in itertools.pairwise(ends))]
    broken = [(~week, float(n)) for n, week in enumerate(fresh)]
    return ibis.cases(*broken, else_=float(len(fresh)))


@derived(
    "engagement",
    needs=("physical_engagements_90d", "digital_engagements_90d"),
    unit="share",
    reason="{value:.0%} of engagement in person or by phone",
)
def physical_share(f: Any) -> Any:
    """Share of the last 90 days' engagements in person, by phone or by mail (KPI digital_physical_mix)."""
    return ratio(f.physical_engagements_90d, f.physical_engagements_90d + f.digital_engagements_90d)


@derived(
    "engagement",
    needs=("email_clicks_90d", "email_opens_90d"),
    unit="share",
    reason="{value:.0%} of opened e-mails were clicked",
)
def click_share(f: Any) -> Any:
    """Clicks per opened e-mail over 90 days."""
    return ratio(f.email_clicks_90d, f.email_opens_90d)


@derived(
    "penetration",
    needs=("key_people_engaged_90d", "key_contacts_known"),
    unit="share",
    reason="{value:.0%} of the key people engaged in 90 days",
    controllable=True,
)
def penetration_rate(f: Any) -> Any:
    """Key contacts who engaged in 90 days over the key contacts known (KPI penetration_rate)."""
    return ratio(f.key_people_engaged_90d, f.key_contacts_known)


@derived(
    "penetration",
    needs=("people_engaged_90d", "contacts_known"),
    unit="share",
    reason="{value:.0%} of the known people engaged in 90 days",
    controllable=True,
)
def engaged_share(f: Any) -> Any:
    """People who engaged in 90 days over the people known."""
    return ratio(f.people_engaged_90d, f.contacts_known)


@derived(
    "penetration",
    needs=("people_engaged_30d", "people_engaged_90d"),
    unit="ratio",
    reason="people engaged this month at {value:.0%} of the quarter",
)
def people_trend(f: Any) -> Any:
    """People who engaged in 30 days over those who engaged in 90 days."""
    return ratio(f.people_engaged_30d, f.people_engaged_90d)


@derived("firmographic", needs=("founded_year", "as_of"), unit="years", reason="{value:.0f} years old")
def company_age(f: Any) -> Any:
    """Years since the account was founded."""
    return f.as_of.year() - f.founded_year


@derived(
    "firmographic", needs=("annual_revenue", "employees"), unit="money", reason="revenue of {value:,.0f} per employee"
)
def revenue_per_employee(f: Any) -> Any:
    """Annual revenue per employee."""
    return ratio(f.annual_revenue, f.employees)


@derived(
    "pipeline", needs=("past_wins", "past_losses"), unit="share", reason="{value:.0%} of its closed deals were won"
)
def past_win_rate(f: Any) -> Any:
    """Deals won over deals closed so far (KPI win_rate of the account)."""
    return ratio(f.past_wins, f.past_wins + f.past_losses)


@derived(
    "pipeline", needs=("cycle_days_won", "past_wins"), unit="days", reason="won deals took {value:.0f} days on average"
)
def mean_cycle(f: Any) -> Any:
    """Mean days from first contact to the close of the deals won so far (KPI sales_cycle_length)."""
    return ratio(f.cycle_days_won, f.past_wins)


@derived(
    "clients",
    needs=("product_use_30d", "product_use_90d"),
    unit="ratio",
    reason="product use of the last 30 days at {value:.0%} of its 90-day average",
)
def use_trend(f: Any) -> Any:
    """Product use of the last 30 days over a third of the last 90 days."""
    return ratio(f.product_use_30d * 3, f.product_use_90d)


@derived(
    "clients",
    needs=("product_use_90d", "product_use_180d"),
    unit="ratio",
    reason="product use of the quarter at {value:.0%} of the quarter before",
)
def use_change(f: Any) -> Any:
    """Product use of the last 90 days over that of the 90 days before."""
    return ratio(f.product_use_90d, f.product_use_180d - f.product_use_90d)


@derived(
    "clients",
    needs=("days_since_first_order", "days_since_order"),
    unit="days",
    reason="{value:.0f} days between first and last order",
)
def order_span(f: Any) -> Any:
    """Days between the first and the last order; missing without one."""
    return f.days_since_first_order - f.days_since_order


@derived(
    "clients", needs=("order_span", "orders_ever"), unit="days", reason="{value:.0f} days between orders on average"
)
def mean_order_gap(f: Any) -> Any:
    """Mean days between orders; missing with fewer than two."""
    return (f.orders_ever > 1).ifelse(ratio(f.order_span, f.orders_ever - 1), None)


@derived(
    "clients",
    needs=("days_since_order", "mean_order_gap"),
    unit="ratio",
    reason="silent for {value:.1f} times its usual gap between orders",
)
def order_silence(f: Any) -> Any:
    """Days since the last order over the account's own mean gap between orders."""
    return ratio(f.days_since_order, f.mean_order_gap)


@derived(
    "clients",
    needs=("orders_placed_90d", "orders_placed_365d"),
    unit="ratio",
    reason="orders of the quarter at {value:.0%} of the yearly pace",
)
def order_trend(f: Any) -> Any:
    """Orders of the last 90 days over a quarter of the last 365 days'."""
    return ratio(f.orders_placed_90d * 4, f.orders_placed_365d)


@derived(
    "clients",
    needs=("order_amount_365d", "orders_placed_365d"),
    unit="money",
    reason="{value:,.0f} {currency} per order in a year",
)
def mean_order_amount(f: Any) -> Any:
    """Mean amount of an order over a year, credit notes deducted."""
    return ratio(f.order_amount_365d, f.orders_placed_365d)


@derived(
    "clients",
    needs=("support_tickets_90d", "product_use_90d"),
    unit="ratio",
    reason="{value:.3f} support tickets per use of the product",
)
def tickets_per_use(f: Any) -> Any:
    """Support tickets over product use in 90 days."""
    return ratio(f.support_tickets_90d, f.product_use_90d)
