"""Outreach: whether the account answers when sales reaches out.

Outreach is a seller's e-mail, call, letter or invitation; an answer is a reply, a meeting, a demo request or a call of
their own within 7 days. It answers the last outreach before it, as known when the answer became known.
"""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import Family, count, days_since, derived, distinct, ratio, total

feature = Family("engagement", rows="outreach").feature


@feature(
    measure=count,
    windows=(90,),
    unit="engagements",
    reason="{value:.0f} answers to sales in {days} days",
    controllable=True,
)
def answers(o: Any) -> Any:
    """Answers to sales: replies, meetings, demo requests and inbound calls within 7 days of an outreach."""
    return o.answer_days.notnull()


@feature(measure=days_since, windows=(365,), unit="days", reason="last answered sales {value:.0f} days ago")
def days_since_answer(o: Any) -> Any:
    """Days since the account last answered an outreach of sales within 7 days."""
    return o.answer_days.notnull()


@feature(measure=distinct, windows=(90,), unit="engagements")
def outreach_answered(o: Any) -> Any:
    """Outreaches of sales that were answered within 7 days, by the time of the answer."""
    return o.touch


@feature(measure=count, windows=(90,), unit="engagements")
def outreach_made(o: Any) -> Any:
    """Outreaches of sales: e-mails, calls, letters and invitations of a seller."""
    return o.is_touch


@feature(measure=total, windows=(90,), unit="days")
def days_to_answers(o: Any) -> Any:
    """Days from outreach to answer, over all answers."""
    return o.answer_days


@derived(
    "engagement",
    needs=("outreach_answered_90d", "outreach_made_90d"),
    unit="share",
    reason="{value:.0%} of what sales sent or said in 90 days was answered within a week",
    controllable=True,
)
def answer_share(f: Any) -> Any:
    """Outreaches of sales that were answered within 7 days over all in 90 days; at most 1."""
    share = ratio(f.outreach_answered_90d, f.outreach_made_90d)
    return (share > 1).ifelse(1.0, share)


@derived(
    "engagement",
    needs=("days_to_answers_90d", "answers_90d"),
    unit="days",
    reason="answers sales after {value:.1f} days on average",
)
def days_to_answer(f: Any) -> Any:
    """Mean days from an outreach of sales to its answer, over the answers of 90 days."""
    return ratio(f.days_to_answers_90d, f.answers_90d)
