"""Worked examples of the engagement features."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, content, did

# Points: email_open 1, email_click 3, web_visit 1, content_download 3, event_attended 8, meeting 10, demo_request 10.
EXAMPLES = (
    Example(
        "engagements",
        "A thing exactly at the window's begin counts, one exactly at the date does not.",
        [did(0), did(7), did(14), did(21), did(28), did(90), did(180), did(365), did(366)],
        {7: 1, 14: 2, 21: 3, 28: 4, 90: 5, 180: 6, 365: 7},
    ),
    Example("engagements", "What is worth no points is no engagement.", [did(3, "email_sent"), did(3, "no_such_kind")],
            {7: 0, 14: 0, 21: 0, 28: 0, 90: 0, 180: 0, 365: 0}),
    Example("engagements", "What became known only at the date is not yet known.",
            [did(3, known_at=0), did(3, known_at=1)],
            {7: 1, 14: 1, 21: 1, 28: 1, 90: 1, 180: 1, 365: 1}),
    Example("engagement_score", "Points add up: a meeting is worth 10, a visit 1.",
            [did(10, "meeting"), did(20), did(60), did(300, "meeting")], {30: 11, 90: 12, 365: 22}),
    Example("engagement_score_decayed", "A meeting of 30 days ago is worth half, of 60 days a quarter.",
            [did(30, "meeting"), did(60, "meeting")], {365: 7.5}),
    Example("engagement_score_fast", "A meeting of 7 days ago is worth half, of 14 days a quarter.",
            [did(7, "meeting"), did(14, "meeting")], {90: 7.5}),
    Example("email_opens", "Only opens count.", [did(5, "email_open"), did(40, "email_open"), did(5, "email_click")],
            {30: 1, 90: 2}),
    Example("email_clicks", "Only clicks count.", [did(5, "email_click"), did(40, "email_click"), did(5, "email_open")],
            {30: 1, 90: 2}),
    Example("email_replies", "Only answers count.", [did(30, "email_reply"), did(31, "email_reply"), did(5)],
            {30: 1, 90: 2}),
    Example("web_visits", "Each visit counts, also two of the same minute.", [did(5), did(5), did(40)], {30: 2, 90: 3}),
    Example("content_downloads", "Views are no downloads.",
            [did(5, "content_download"), did(5, "content_view"), did(89, "content_download")], {30: 1, 90: 2}),
    Example("form_fills", "Only forms count.", [did(5, "form_fill"), did(90, "form_fill"), did(5)], {30: 1, 90: 2}),
    Example("ad_clicks", "Seeing an ad is not clicking it.", [did(5, "ad_click"), did(5, "ad_impression")], {90: 1}),
    Example("events_attended", "Events and webinars count, invitations do not.",
            [did(5, "event_attended"), did(200, "webinar_attended"), did(5, "event_invited")], {90: 1, 365: 2}),
    Example("meetings_held", "A meeting on the scoring day itself is not yet known.",
            [did(30, "meeting"), did(0, "meeting")], {30: 1, 90: 1}),
    Example("calls", "Only calls count.", [did(5, "call"), did(45, "call"), did(5, "meeting")], {30: 1, 90: 2}),
    Example("demo_requests", "One in the quarter, two in the year.",
            [did(5, "demo_request"), did(100, "demo_request")], {90: 1, 365: 2}),
    Example("social_reactions", "Shares and comments are alike.",
            [did(5, "social_share"), did(6, "social_comment"), did(7)], {90: 2}),
    Example("sales_touches", "The side decides, whatever the kind is worth.",
            [did(5, "email_sent", side="sales"), did(45, "call", side="sales"), did(5)], {30: 1, 90: 2}),
    Example("marketing_touches", "A campaign's e-mail is a touch, though worth no points.",
            [did(5, "email_sent"), did(45), did(5, side="sales")], {30: 1, 90: 2}),
    Example("inbound_engagements", "What the account began by itself.",
            [did(5, side="inbound"), did(45, side="inbound"), did(5)], {30: 1, 90: 2}),
    Example("digital_engagements", "An unknown channel is neither; what is worth no points does not count.",
            [did(5), did(6, channel="fax"), did(7, channel="phone"), did(8, "email_sent", channel="email")], {90: 1}),
    Example("physical_engagements", "By phone, in person, at an event or by mail.",
            [did(5, "call", channel="phone"), did(6, "meeting", channel="in_person"), did(7)], {90: 2}),
    Example("channels_used", "Each channel counts once.",
            [did(5), did(6), did(7, "call", channel="phone"), did(8, "email_sent", channel="email")], {90: 2}),
    Example("kinds_of_engagement", "Each kind worth points counts once.",
            [did(5), did(6), did(7, "meeting"), did(8, "email_sent")], {90: 2}),
    Example("contents_seen", "The same content twice is one; without content none.",
            [did(5, content_id="a"), did(6, content_id="a"), did(7), did(200, content_id="b")], {90: 1, 365: 2}),
    Example("contents_seen", "What was only sent was not seen.", [did(5, "email_sent", content_id="a")],
            {90: 0, 365: 0}),
    Example("bottom_funnel_engagements", "Prices and cases, not the magazine.",
            [content("price", "bottom"), content("magazine", "top"), did(5, content_id="price"),
             did(6, content_id="price"), did(7, content_id="magazine"), did(8)], {90: 2}),
    Example("seconds_spent", "Seconds add up; unknown ones add nothing.",
            [did(5, seconds=60), did(6, seconds=30), did(7), did(45, seconds=10)], {30: 90, 90: 100}),
    Example("active_days", "Two visits of one day are one active day.",
            [did(5), did(4.5), did(45), did(200), did(8, "email_sent")], {30: 1, 90: 2, 365: 3}),
    Example("days_since_engagement", "The last thing worth points counts, to the hour.",
            [did(9), did(2.5), did(1, "email_sent"), did(0)], {365: 2.5}),
    Example("days_since_engagement", "Nothing in a year: missing.", [did(366)], {365: None}),
    Example("days_since_web_visit", "Only visits count.", [did(9), did(2, "meeting")], {365: 9}),
    Example("days_since_meeting", "Only meetings count.", [did(9, "meeting"), did(2)], {365: 9}),
    Example("days_since_demo_request", "Only demo requests count.", [did(365, "demo_request"), did(2)], {365: 365}),
    Example("days_since_sales_touch", "The side decides.", [did(9, side="sales"), did(2)], {365: 9}),
    Example("days_since_inbound", "The side decides.", [did(9, side="inbound"), did(2)], {365: 9}),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_engagement(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
