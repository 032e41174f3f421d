"""Depth: which contents an account looks at, how thoroughly it visits, and how high up its people stand."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import Family, count, derived, ratio, total

feature = Family("engagement", rows="engagements").feature

_LEVELS = ("top_funnel_engagements_90d", "middle_funnel_engagements_90d", "bottom_funnel_engagements_90d")


@feature(measure=count, windows=(90,), unit="engagements")
def top_funnel_engagements(e: Any) -> Any:
    """Engagements worth points with content of the top of the funnel."""
    return (e.funnel_level == "top") & (e.points > 0)


@feature(measure=count, windows=(90,), unit="engagements")
def middle_funnel_engagements(e: Any) -> Any:
    """Engagements worth points with content of the middle of the funnel."""
    return (e.funnel_level == "middle") & (e.points > 0)


@feature(measure=total, windows=(90,), unit="quantity")
def pages_seen(e: Any) -> Any:
    """Pages seen on web visits, where the log counts them as the visit's quantity."""
    return (e.kind == "web_visit").ifelse(e.quantity, None)


@feature(measure=total, windows=(90,), unit="seconds")
def visit_seconds(e: Any) -> Any:
    """Seconds spent on web visits."""
    return (e.kind == "web_visit").ifelse(e.seconds, None)


@feature(
    measure=total,
    windows=(90,),
    unit="points",
    reason="{value:.0f} points of engagement over {days} days, those of senior people counting up to five times",
    controllable=True,
)
def seniority_score(e: Any) -> Any:
    """Engagement score weighted by seniority: C level 5, vice president 4, director 3, manager 2, anybody else 1."""
    weight = e.seniority.cases(("c_level", 5.0), ("vp", 4.0), ("director", 3.0), ("manager", 2.0), else_=1.0)
    return e.points * weight


@derived(
    "engagement",
    needs=("seniority_score_90d", "engagement_score_90d"),
    unit="ratio",
    reason="its engagement comes from people of seniority {value:.1f}, where 1 is staff and 5 is C level",
    controllable=True,
)
def seniority_of_engagement(f: Any) -> Any:
    """Mean seniority behind a point of engagement in 90 days, from 1 (staff or unknown) to 5 (C level)."""
    return ratio(f.seniority_score_90d, f.engagement_score_90d)


def _share(f: Any, level: str) -> Any:
    return ratio(f[level], f[_LEVELS[0]] + f[_LEVELS[1]] + f[_LEVELS[2]])


@derived(
    "engagement",
    needs=_LEVELS,
    unit="share",
    reason="{value:.0%} of its looks at contents were at those of the top of the funnel",
)
def top_funnel_share(f: Any) -> Any:
    """Share of the engagements with content in 90 days that were with content of the top of the funnel."""
    return _share(f, _LEVELS[0])


@derived(
    "engagement",
    needs=_LEVELS,
    unit="share",
    reason="{value:.0%} of its looks at contents were at those of the middle of the funnel",
)
def middle_funnel_share(f: Any) -> Any:
    """Share of the engagements with content in 90 days that were with content of the middle of the funnel."""
    return _share(f, _LEVELS[1])


@derived(
    "engagement",
    needs=_LEVELS,
    unit="share",
    reason="{value:.0%} of its looks at contents were at those of the bottom of the funnel",
)
def bottom_funnel_share(f: Any) -> Any:
    """Share of the engagements with content in 90 days that were with content of the bottom of the funnel."""
    return _share(f, _LEVELS[2])


@derived(
    "engagement",
    needs=("pages_seen_90d", "web_visits_90d"),
    unit="ratio",
    reason="{value:.1f} pages per web visit",
)
def pages_per_visit(f: Any) -> Any:
    """Pages per web visit over 90 days; missing where the log does not count pages."""
    return ratio(f.pages_seen_90d.nullif(0), f.web_visits_90d)


@derived(
    "engagement",
    needs=("visit_seconds_90d", "web_visits_90d"),
    unit="seconds",
    reason="{value:.0f} seconds per web visit",
)
def seconds_per_visit(f: Any) -> Any:
    """Seconds per web visit over 90 days; missing where the log does not time visits."""
    return ratio(f.visit_seconds_90d.nullif(0), f.web_visits_90d)
