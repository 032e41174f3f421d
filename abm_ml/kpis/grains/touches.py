"""Grains of engagement: each touch."""

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


def points_of(rows: ir.Table, terms: Terms) -> ir.Value:
    """What each engagement is worth by its kind; 0 for an unknown one."""
    points = [(kind, float(points)) for kind, points in terms.engagement.points_by_kind.items()]
    return rows.kind.cases(*points, else_=0.0)


def channel_class(rows: ir.Table, terms: Terms) -> ir.Value:
    """Digital or physical; null for an unknown channel."""
    return rows.channel.cases(*terms.engagement.class_by_channel.items(), else_=None)


@grain(needs=("engagements",), cuts=(*ACCOUNT_CUTS, "campaign", "program"), small=False)
def touches(seen: Seen) -> ir.Table:
    """One engagement in a period, with its points, its channel's class, its content and who its account was."""
    rows = seen.with_program(seen.placed(seen.tables["engagements"]))
    rows = rows.mutate(points=points_of(rows, seen.terms), channel_class=channel_class(rows, seen.terms))
    return seen.with_standing(_with_content(rows, seen), "is_target")


def _with_content(rows: ir.Table, seen: Seen) -> ir.Table:
    columns = {"funnel_level": "string", "gated": "boolean", "personalised": "boolean"}
    if "contents" not in seen:
        return rows.mutate(**{name: ibis.null(kind) for name, kind in columns.items()})
    contents = seen.tables["contents"].select("content_id", *columns)
    return beside(rows, contents, "content_id")
