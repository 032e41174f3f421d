"""KPIs of engagement: how much accounts engage, how deeply, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abm_ml.kpis.base import kpi
from abm_ml.kpis.estimates import Estimate, count, distinct, mix, ratio, share, total


@kpi(
    id="K01",
    formula="sum of the points of every engagement in the period",
    unit="points",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="4 opens (1 each) + 2 downloads (3) + 1 demo request (10) = 20",
)
def engagement_score(touches: Any) -> Estimate:
    """Account engagement score: the points of everything that accounts did in the period."""
    return total(touches.points)


@kpi(
    id="K03",
    formula="distinct (contact, campaign) pairs opened / delivered; in a campaign without any email_delivered ever: "
    "sent and not bounced",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="8 of 40 delivered were opened = 20%; a second open by the same contact changes nothing",
    reference="20%",
)
def email_open_rate(mails: Any) -> Estimate:
    """E-mail open rate: contacts who opened a campaign's e-mail per contact to whom it was delivered."""
    return ratio(mails.opened.sum(), mails.delivered.sum())


@kpi(
    id="K04",
    formula="distinct (contact, campaign) pairs clicked / delivered; in a campaign without any email_delivered ever: "
    "sent and not bounced; per_open: clicked / opened",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="1 of 50 delivered was clicked = 2%; 10 were opened = 10% per open",
    reference="1% to 3%",
)
def email_click_rate(mails: Any) -> Mapping[str, Estimate]:
    """E-mail click rate: contacts who clicked in a campaign's e-mail per contact to whom it was delivered."""
    clicked = mails.clicked.sum()
    return {"value": ratio(clicked, mails.delivered.sum()), "per_open": ratio(clicked, mails.opened.sum())}


@kpi(
    id="K05",
    formula="distinct (contact, campaign) pairs replied / delivered; in a campaign without any email_delivered ever: "
    "sent and not bounced",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="2 of 40 delivered were answered = 5%",
)
def email_response_rate(mails: Any) -> Estimate:
    """E-mail response rate: contacts who replied to a campaign's e-mail per contact to whom it was delivered."""
    return ratio(mails.replied.sum(), mails.delivered.sum())


@kpi(
    id="K11",
    formula="pages seen on web visits / web visits that tell their pages",
    unit="pages",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="visits of 2, 3 and 7 pages = 4 pages per visit",
)
def visit_depth(touches: Any) -> Mapping[str, Estimate]:
    """Visit depth: the pages seen per web visit; beside it how long visits last and what else people used."""
    visit = touches.kind == "web_visit"
    with_pages, timed = visit & touches.quantity.notnull(), visit & touches.seconds.notnull()
    of_content, personalised = touches.content_id.notnull(), touches.personalised.fill_null(False)
    return {
        "value": ratio(total(touches.quantity, where=with_pages), count(with_pages)),
        "visits": count(visit, unit="visits"),
        "seconds_per_visit": ratio(total(touches.seconds, where=timed), count(timed), unit="seconds"),
        "downloads": count(touches.kind == "content_download", unit="engagements"),
        "channels": distinct(touches.channel, where=touches.points > 0, unit="channels"),
        "content_seconds": total(touches.seconds, where=of_content, unit="seconds"),
        "personalised_seconds": total(touches.seconds, where=personalised, unit="seconds"),
    }


@kpi(
    id="K12",
    formula="ad clicks of target accounts / ad impressions on target accounts",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="reputation",
    example="variant a: 3 of 100 = 3%, variant b: 1 of 100 = 1%, both: 2%",
    each="campaign_id",
)
def ad_engagement_rate(ads: Any) -> Estimate:
    """Ad engagement rate: ad clicks per ad shown to target accounts, in all and by campaign (variants A and B)."""
    return ratio(count(ads.kind == "ad_click"), count(ads.kind == "ad_impression"))


@kpi(
    id="K13",
    formula="views + downloads of a content; consumption_rate: these / times it was mailed (delivered; sent in a "
    "campaign without any email_delivered ever), advertised or invited to",
    unit="engagements",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="5 views + 3 downloads = 8; by 4 people of 2 accounts = 2 per account; offered 20 times = 40%",
    each="content_id",
)
def content_performance(content_touches: Any) -> Mapping[str, Estimate]:
    """Content performance: how often contents were viewed or downloaded, in all and each of them."""
    kind = content_touches.kind
    consumed = kind.isin(("content_view", "content_download"))
    people = distinct(content_touches.contact_id, where=consumed)
    return {
        "value": count(consumed),
        "views": count(kind == "content_view"),
        "downloads": count(kind == "content_download"),
        "people_per_account": ratio(people, distinct(content_touches.account_id, where=consumed), unit="contacts"),
        "consumption_rate": ratio(count(consumed), count(content_touches.offered), unit="share"),
    }


@kpi(
    id="K14",
    formula="visitors with a download, form or demo request at or after their first visit in the period / visitors",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="3 of 12 visitors take the next step = 25%",
)
def content_conversion_rate(visitors: Any) -> Estimate:
    """Content conversion rate: the share of the visitors of site and contents who take the next step."""
    return share(visitors.converted.sum(), visitors.count())


@kpi(
    id="K16",
    formula="engagements (points > 0) with contents of a funnel level / those with contents of any level",
    unit="share",
    better="higher",
    needs=("engagements", "contents"),
    family="engagement",
    three_r="relationship",
    example="6 top, 3 middle and 1 bottom = 60%, 30% and 10%",
    each="funnel_level",
    whole=False,
)
def funnel_level_mix(content_touches: Any) -> Estimate:
    """Funnel-level engagement mix: how engagement with contents spreads over top, middle and bottom of the funnel."""
    return mix(count((content_touches.points > 0) & content_touches.funnel_level.notnull()))


@kpi(
    id="K17",
    formula="social shares and comments of target accounts",
    unit="engagements",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="reputation",
    example="2 shares + 3 comments = 5",
)
def social_engagement(touches: Any) -> Estimate:
    """Social engagement: how often target accounts shared or commented in social networks."""
    return count(touches.is_target & touches.kind.isin(("social_share", "social_comment")))


@kpi(
    id="K18",
    formula="event and webinar attendances / event invitations",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="6 attended of 24 invited = 25%",
)
def event_participation(touches: Any) -> Mapping[str, Estimate]:
    """Event participation: attendances of events and webinars per invitation; beside it how many there were."""
    attended = count(touches.kind.isin(("event_attended", "webinar_attended")), unit="engagements")
    return {"value": ratio(attended, count(touches.kind == "event_invited")), "attended": attended}


@kpi(
    id="K19",
    formula="web visits of target accounts from a source / all web visits of target accounts",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="reputation",
    example="20 retargeting + 10 e-mail + 3 social + 10 paid keywords + 57 SEO of 100 visits",
    each="traffic_source",
    whole=False,
    reference="20% retargeting, 10% email, 3% social, 10% paid keywords, 57% SEO",
)
def traffic_source_mix(visits: Any) -> Estimate:
    """Traffic-source mix: from where target accounts come to the site, as shares of their web visits."""
    return mix(count(visits.account_id))


@kpi(
    id="K22",
    formula="engagements (points > 0) through digital, physical or unknown channels / all engagements",
    unit="share",
    better="higher",
    needs=("engagements",),
    family="engagement",
    three_r="relationship",
    example="8 by e-mail and web, 2 in meetings = 80% digital, 20% physical",
    each="channel_class",
    whole=False,
)
def digital_physical_mix(touches: Any) -> Estimate:
    """Digital vs physical engagement: how engagement spreads over digital and physical channels."""
    return mix(count(touches.points > 0))


@kpi(
    id="K24",
    formula="surveys sent in the period that are answered by now / surveys sent in the period",
    unit="share",
    better="higher",
    needs=("surveys",),
    family="engagement",
    three_r="relationship",
    example="9 answered of 30 sent = 30%",
)
def survey_response_rate(surveys: Any) -> Estimate:
    """Survey engagement rate: the share of the surveys sent that were answered."""
    sent = surveys.event == "sent"
    return share(count(sent & surveys.answered), count(sent))
