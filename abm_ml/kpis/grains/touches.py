"""Grains of engagement: each touch, and what is made of touches."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import ACCOUNT_CUTS, grain
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen
from abm_ml.tables import Terms

# What an engaged account did at least once; web visits make one engaged from the second on (KPI catalogue).
ENGAGING = (
    "email_open", "email_click", "email_reply", "ad_click", "form_fill", "content_download", "event_registered",
    "event_attended", "webinar_attended", "meeting", "demo_request",
)  # fmt: skip
# What makes a visitor, and what a visitor does next.
_VISITING = ("web_visit", "content_view")
_NEXT = ("content_download", "form_fill", "demo_request")
_OFFERING = ("email_delivered", "ad_impression", "mailing_sent", "event_invited")
_TOUCH_CUTS = (*ACCOUNT_CUTS, "campaign", "program")
_WHERE = ("account_id", "campaign_id", "period", "program")


def points_of(rows: ir.Table, terms: Terms) -> ir.Value:
    """What each engagement is worth by its kind; 0 for an unknown one."""
    points = [(kind, float(points)) for kind, points in terms.engagement.points_by_kind.items()]
    return rows.kind.cases(*points, else_=0.0)


def channel_class(rows: ir.Table, terms: Terms) -> ir.Value:
    """Digital or physical; null for an unknown channel."""
    return rows.channel.cases(*terms.engagement.class_by_channel.items(), else_=None)


@grain(needs=("engagements",), cuts=_TOUCH_CUTS, small=False)
def touches(seen: Seen) -> ir.Table:
    """One engagement in a period, with its points, its channel's class, its content and who its account was."""
    rows = seen.with_program(seen.placed(seen.tables["engagements"]))
    rows = rows.mutate(points=points_of(rows, seen.terms), channel_class=channel_class(rows, seen.terms))
    return seen.with_standing(_with_content(rows, seen), "is_target")


@grain(needs=("engagements",), cuts=_TOUCH_CUTS)
def content_touches(seen: Seen) -> ir.Table:
    """One engagement with a content in a period: its points, the content's funnel level, whether it `offered` it.

    A mail offers a content when it is delivered; in a campaign of which no delivery is told, when it is sent.
    """
    rows = seen.tables["engagements"].filter(lambda row: row.content_id.notnull())
    rows = seen.with_program(seen.placed(rows))
    rows = _with_told(_with_content(rows.mutate(points=points_of(rows, seen.terms)), seen), seen)
    offered = rows.kind.isin(_OFFERING) | ((rows.kind == "email_sent") & ~rows.told)
    return rows.select(*_WHERE, "contact_id", "content_id", "kind", "points", "funnel_level", offered=offered)


@grain(needs=("engagements",), cuts=_TOUCH_CUTS)
def ads(seen: Seen) -> ir.Table:
    """One ad that was shown to a target account in a period, or that it clicked."""
    return _of_targets(seen, "ad_impression", "ad_click").select(*_WHERE, "kind")


@grain(needs=("engagements",), cuts=_TOUCH_CUTS)
def visits(seen: Seen) -> ir.Table:
    """One web visit of a target account in a period."""
    return _of_targets(seen, "web_visit").select(*_WHERE, "traffic_source")


@grain(needs=("engagements",), cuts=_TOUCH_CUTS)
def mails(seen: Seen) -> ir.Table:
    """One contact and campaign with e-mails in a period: whether any was delivered, opened, clicked or answered.

    In a campaign of which no delivery is told, what was sent and did not bounce was delivered.
    """
    rows = seen.tables["engagements"]
    rows = seen.placed(rows.filter(rows.contact_id.notnull() & rows.kind.startswith("email_")))
    names = ("sent", "delivered", "bounced", "open", "click", "reply")
    did = {name: (rows.kind == f"email_{name}").any() for name in names}
    pairs = rows.group_by("account_id", "contact_id", "campaign_id", "period").aggregate(
        first_at=rows.happened_at.min(),
        opened=did["open"],
        clicked=did["click"],
        replied=did["reply"],
        _delivered=did["delivered"],
        _arrived=did["sent"] & ~did["bounced"],
    )
    pairs = _with_told(pairs, seen)
    pairs = pairs.mutate(delivered=pairs["_delivered"] | (pairs["_arrived"] & ~pairs.told))
    return seen.with_program(pairs, at="first_at").drop("first_at", "told", "_delivered", "_arrived")


def _with_told(rows: ir.Table, seen: Seen) -> ir.Table:
    """The rows with whether any source tells of a delivery in their campaign; no campaign is one campaign."""
    telling = seen.tables["engagements"].filter(lambda row: row.kind == "email_delivered")
    telling = telling.select(_campaign=telling.campaign_id.fill_null("")).distinct().mutate(told=True)
    joined = beside(rows.mutate(_campaign=rows.campaign_id.fill_null("")), telling, "_campaign")
    return joined.mutate(told=joined.told.fill_null(False)).drop("_campaign")


@grain(needs=("engagements",))
def visitors(seen: Seen) -> ir.Table:
    """One person (or an account's unknown people) with a visit in a period, and whether a next step followed it."""
    rows = seen.tables["engagements"]
    rows = seen.placed(rows.filter(rows.kind.isin((*_VISITING, *_NEXT))))
    people = rows.group_by("account_id", "contact_id", "period").aggregate(
        first_at=rows.happened_at.min(where=rows.kind.isin(_VISITING)),
        last_step_at=rows.happened_at.max(where=rows.kind.isin(_NEXT)),
    )
    people = people.filter(people.first_at.notnull())
    people = people.mutate(converted=(people.last_step_at >= people.first_at).fill_null(False))
    return seen.with_program(people, at="first_at").drop("first_at", "last_step_at")


def _of_targets(seen: Seen, *kinds: str) -> ir.Table:
    rows = seen.tables["engagements"].filter(lambda row: row.kind.isin(kinds))
    rows = seen.with_standing(seen.with_program(seen.placed(rows)), "is_target")
    return rows.filter(rows.is_target)


def _with_content(rows: ir.Table, seen: Seen) -> ir.Table:
    columns = {"funnel_level": "string", "gated": "boolean", "personalised": "boolean"}
    if "contents" not in seen:
        return rows.mutate(**{name: ibis.null(kind) for name, kind in columns.items()})
    contents = seen.tables["contents"].select("content_id", *columns)
    return beside(rows, contents, "content_id")
