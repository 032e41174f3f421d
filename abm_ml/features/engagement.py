"""Engagement: how much, how recently and how broadly an account engages."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import Family, count, days_since, decayed, distinct, total

feature = Family("engagement", rows="engagements").feature


@feature(
    measure=count,
    windows=(7, 14, 21, 28, 90, 180, 365),
    unit="engagements",
    reason="{value:.0f} engagements in the last {days} days",
)
def engagements(e: Any) -> Any:
    """Things the account did that are worth points: opens, visits, downloads, events, meetings and more."""
    return e.points > 0


@feature(
    measure=total,
    windows=(30, 90, 365),
    unit="points",
    reason="an engagement score of {value:.0f} points over {days} days",
)
def engagement_score(e: Any) -> Any:
    """Engagement score: the points of everything the account did (KPI engagement_score)."""
    return e.points


@feature(
    measure=decayed,
    half_life=30,
    windows=(365,),
    unit="points",
    reason="a current engagement level of {value:.1f} points, older activity counting less",
)
def engagement_score_decayed(e: Any) -> Any:
    """Engagement score in which a point loses half of its weight every 30 days."""
    return e.points


@feature(
    measure=decayed, half_life=7, windows=(90,), unit="points", reason="{value:.1f} points of activity in recent days"
)
def engagement_score_fast(e: Any) -> Any:
    """Engagement score in which a point loses half of its weight every 7 days."""
    return e.points


@feature(measure=count, windows=(30, 90), unit="engagements", reason="{value:.0f} e-mails opened in {days} days")
def email_opens(e: Any) -> Any:
    """E-mails opened by anyone at the account."""
    return e.kind == "email_open"


@feature(measure=count, windows=(30, 90), unit="engagements", reason="{value:.0f} e-mail clicks in {days} days")
def email_clicks(e: Any) -> Any:
    """Links clicked in e-mails by anyone at the account."""
    return e.kind == "email_click"


@feature(
    measure=count,
    windows=(30, 90),
    unit="engagements",
    reason="{value:.0f} replies to our e-mails in {days} days",
    controllable=True,
)
def email_replies(e: Any) -> Any:
    """E-mails answered by anyone at the account."""
    return e.kind == "email_reply"


@feature(measure=count, windows=(30, 90), unit="engagements", reason="{value:.0f} web visits in {days} days")
def web_visits(e: Any) -> Any:
    """Visits of the account to our web site."""
    return e.kind == "web_visit"


@feature(measure=count, windows=(30, 90), unit="engagements", reason="{value:.0f} contents downloaded in {days} days")
def content_downloads(e: Any) -> Any:
    """Contents downloaded by anyone at the account."""
    return e.kind == "content_download"


@feature(measure=count, windows=(30, 90), unit="engagements", reason="{value:.0f} forms filled in {days} days")
def form_fills(e: Any) -> Any:
    """Forms filled by anyone at the account."""
    return e.kind == "form_fill"


@feature(measure=count, windows=(90,), unit="engagements", reason="{value:.0f} clicks on our ads in {days} days")
def ad_clicks(e: Any) -> Any:
    """Clicks of the account on our ads."""
    return e.kind == "ad_click"


@feature(
    measure=count,
    windows=(90, 365),
    unit="engagements",
    reason="{value:.0f} events or webinars attended in {days} days",
    controllable=True,
)
def events_attended(e: Any) -> Any:
    """Events and webinars attended by anyone at the account."""
    return e.kind.isin(("event_attended", "webinar_attended"))


@feature(
    measure=count,
    windows=(30, 90),
    unit="engagements",
    reason="{value:.0f} meetings in the last {days} days",
    controllable=True,
)
def meetings_held(e: Any) -> Any:
    """Meetings held with anyone at the account."""
    return e.kind == "meeting"


@feature(
    measure=count, windows=(30, 90), unit="engagements", reason="{value:.0f} calls in {days} days", controllable=True
)
def calls(e: Any) -> Any:
    """Calls with anyone at the account."""
    return e.kind == "call"


@feature(
    measure=count,
    windows=(90, 365),
    unit="engagements",
    reason="{value:.0f} demo requests in {days} days",
    controllable=True,
)
def demo_requests(e: Any) -> Any:
    """Demos requested by anyone at the account."""
    return e.kind == "demo_request"


@feature(measure=count, windows=(90,), unit="engagements", reason="{value:.0f} social reactions in {days} days")
def social_reactions(e: Any) -> Any:
    """Shares and comments of anyone at the account on our social posts."""
    return e.kind.isin(("social_share", "social_comment"))


@feature(
    measure=count,
    windows=(30, 90),
    unit="engagements",
    reason="{value:.0f} touches by sales in {days} days",
    controllable=True,
)
def sales_touches(e: Any) -> Any:
    """Engagements of the side sales: calls, meetings, e-mails of a seller and the answers to them."""
    return e.side == "sales"


@feature(
    measure=count,
    windows=(30, 90),
    unit="engagements",
    reason="{value:.0f} marketing touches in {days} days",
    controllable=True,
)
def marketing_touches(e: Any) -> Any:
    """Engagements of the side marketing: what campaigns sent and what came of it."""
    return e.side == "marketing"


@feature(
    measure=count,
    windows=(30, 90),
    unit="engagements",
    reason="{value:.0f} contacts on their own initiative in {days} days",
)
def inbound_engagements(e: Any) -> Any:
    """Engagements that the account began by itself (side inbound)."""
    return e.side == "inbound"


@feature(measure=count, windows=(90,), unit="engagements", reason="{value:.0f} digital engagements in {days} days")
def digital_engagements(e: Any) -> Any:
    """Engagements worth points through digital channels."""
    return (e.channel_class == "digital") & (e.points > 0)


@feature(
    measure=count,
    windows=(90,),
    unit="engagements",
    reason="{value:.0f} engagements in person or by phone in {days} days",
)
def physical_engagements(e: Any) -> Any:
    """Engagements worth points in person, by phone or by mail."""
    return (e.channel_class == "physical") & (e.points > 0)


@feature(measure=distinct, windows=(90,), unit="channels", reason="{value:.0f} channels used in {days} days")
def channels_used(e: Any) -> Any:
    """Different channels through which the account engaged."""
    return (e.points > 0).ifelse(e.channel, None)


@feature(measure=distinct, windows=(90,), unit="kinds", reason="{value:.0f} kinds of engagement in {days} days")
def kinds_of_engagement(e: Any) -> Any:
    """Different kinds of engagement worth points."""
    return (e.points > 0).ifelse(e.kind, None)


@feature(
    measure=distinct, windows=(90, 365), unit="contents", reason="{value:.0f} different contents seen in {days} days"
)
def contents_seen(e: Any) -> Any:
    """Different contents that anyone at the account opened, viewed or downloaded; what was only sent does not count."""
    return (e.points > 0).ifelse(e.content_id, None)


@feature(
    measure=count, windows=(90,), unit="engagements", reason="{value:.0f} looks at buying-stage content in {days} days"
)
def bottom_funnel_engagements(e: Any) -> Any:
    """Engagements with content of the bottom of the funnel: prices, cases, comparisons."""
    return (e.funnel_level == "bottom") & (e.points > 0)


@feature(measure=total, windows=(30, 90), unit="seconds", reason="{value:.0f} seconds of attention in {days} days")
def seconds_spent(e: Any) -> Any:
    """Seconds spent on our site, contents, calls and meetings."""
    return e.seconds


@feature(measure=distinct, windows=(30, 90, 365), unit="days", reason="active on {value:.0f} of the last {days} days")
def active_days(e: Any) -> Any:
    """Days on which the account did anything worth points."""
    return (e.points > 0).ifelse(e.day, None)


@feature(measure=days_since, windows=(365,), unit="days", reason="last engaged {value:.0f} days ago")
def days_since_engagement(e: Any) -> Any:
    """Days since the account last did anything worth points; missing where it did nothing in a year."""
    return e.points > 0


@feature(measure=days_since, windows=(365,), unit="days", reason="last web visit {value:.0f} days ago")
def days_since_web_visit(e: Any) -> Any:
    """Days since the account's last web visit."""
    return e.kind == "web_visit"


@feature(measure=days_since, windows=(365,), unit="days", reason="last meeting {value:.0f} days ago", controllable=True)
def days_since_meeting(e: Any) -> Any:
    """Days since the last meeting with anyone at the account."""
    return e.kind == "meeting"


@feature(measure=days_since, windows=(365,), unit="days", reason="last demo request {value:.0f} days ago")
def days_since_demo_request(e: Any) -> Any:
    """Days since anyone at the account last asked for a demo."""
    return e.kind == "demo_request"


@feature(
    measure=days_since,
    windows=(365,),
    unit="days",
    reason="last touched by sales {value:.0f} days ago",
    controllable=True,
)
def days_since_sales_touch(e: Any) -> Any:
    """Days since the last engagement of the side sales."""
    return e.side == "sales"


@feature(measure=days_since, windows=(365,), unit="days", reason="last came by themselves {value:.0f} days ago")
def days_since_inbound(e: Any) -> Any:
    """Days since the account last engaged on its own initiative."""
    return e.side == "inbound"
