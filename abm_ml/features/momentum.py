"""Momentum: this week against the three before it, channel by channel."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import Family, count, derived

feature = Family("engagement", rows="engagements").feature

_AGAINST = "this week, against the weekly mean of the three before"


@feature(measure=count, windows=(7, 28), unit="engagements")
def email_activity(e: Any) -> Any:
    """Engagements worth points by e-mail."""
    return (e.channel == "email") & (e.points > 0)


@feature(measure=count, windows=(7, 28), unit="engagements")
def web_activity(e: Any) -> Any:
    """Engagements worth points on our web site."""
    return (e.channel == "web") & (e.points > 0)


@feature(measure=count, windows=(7, 28), unit="engagements")
def ad_activity(e: Any) -> Any:
    """Engagements worth points with our ads."""
    return (e.channel == "ads") & (e.points > 0)


@feature(measure=count, windows=(7, 28), unit="engagements")
def physical_activity(e: Any) -> Any:
    """Engagements worth points at events, in person, by phone or by mail."""
    return (e.channel_class == "physical") & (e.points > 0)


@feature(measure=count, windows=(7, 28), unit="engagements")
def sales_activity(e: Any) -> Any:
    """Engagements of the side sales."""
    return e.side == "sales"


def _more(week: Any, four_weeks: Any) -> Any:
    return week - (four_weeks - week) / 3


@derived(
    "engagement",
    needs=("email_activity_7d", "email_activity_28d"),
    unit="engagements",
    reason=f"{{value:+.1f}} engagements by e-mail {_AGAINST}",
)
def email_momentum(f: Any) -> Any:
    """Engagements by e-mail in the last 7 days less the weekly mean of the three weeks before."""
    return _more(f.email_activity_7d, f.email_activity_28d)


@derived(
    "engagement",
    needs=("web_activity_7d", "web_activity_28d"),
    unit="engagements",
    reason=f"{{value:+.1f}} engagements on the web site {_AGAINST}",
)
def web_momentum(f: Any) -> Any:
    """Engagements on our web site in the last 7 days less the weekly mean of the three weeks before."""
    return _more(f.web_activity_7d, f.web_activity_28d)


@derived(
    "engagement",
    needs=("ad_activity_7d", "ad_activity_28d"),
    unit="engagements",
    reason=f"{{value:+.1f}} engagements with our ads {_AGAINST}",
)
def ad_momentum(f: Any) -> Any:
    """Engagements with our ads in the last 7 days less the weekly mean of the three weeks before."""
    return _more(f.ad_activity_7d, f.ad_activity_28d)


@derived(
    "engagement",
    needs=("physical_activity_7d", "physical_activity_28d"),
    unit="engagements",
    reason=f"{{value:+.1f}} engagements in person, by phone or at events {_AGAINST}",
)
def physical_momentum(f: Any) -> Any:
    """Engagements through physical channels in the last 7 days less the weekly mean of the three weeks before."""
    return _more(f.physical_activity_7d, f.physical_activity_28d)


@derived(
    "engagement",
    needs=("sales_activity_7d", "sales_activity_28d"),
    unit="engagements",
    reason=f"{{value:+.1f}} touches by sales {_AGAINST}",
    controllable=True,
)
def sales_momentum(f: Any) -> Any:
    """Engagements of the side sales in the last 7 days less the weekly mean of the three weeks before."""
    return _more(f.sales_activity_7d, f.sales_activity_28d)
