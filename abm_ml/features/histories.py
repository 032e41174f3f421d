"""Histories: rows that say what several rows of a company mean together, as it was known when the last of them came.

A row that becomes known later never rewrites one: each is set against those that were known before it.
"""

from __future__ import annotations

import ibis

from abm_ml.features.base import ratio
from abm_ml.features.facts import fact_source, known_before
from abm_ml.tables import Tables, Terms
from abm_ml.tables.terms import DEFAULT_POINTS
from abm_ml.timeline import Facts, days_between, facts_of, micros

SILENT_DAYS = 90
ANSWER_DAYS = 7

# What a seller does to reach somebody, and what the account does in answer. A web visit or an opened e-mail is none.
_OUTREACH = ("email_sent", "call", "mailing_sent", "event_invited")
_ANSWERS = ("email_reply", "meeting", "demo_request")


@fact_source("comings", "engagements")
def _comings(tables: Tables, terms: Terms) -> Facts:
    """The engagements with which people came: their first one as known, or one after a long silence."""
    facts = facts_of(tables, "engagements")
    worth = [kind for kind, points in terms.engagement.points_by_kind.items() if points > 0]
    rows = facts.rows.select("account_id", "contact_id", "engagement_id", "kind", "happened_at", "known_at")
    rows = rows.filter(rows.kind.isin(worth), rows.contact_id.notnull())
    before = rows.happened_at.max().over(known_before(rows, "account_id", "contact_id", order=("engagement_id",)))
    rows = rows.mutate(is_first=before.isnull(), silent_days=days_between(before, rows.happened_at))
    rows = rows.filter(rows.is_first | (rows.silent_days > SILENT_DAYS))
    return Facts(name="comings", rows=rows, order=("engagement_id",))


@fact_source("outreach", "engagements")
def _outreach(tables: Tables, _terms: Terms) -> Facts:
    """What sellers did to reach somebody, and each answer with the last such touch before it, as known."""
    rows = facts_of(tables, "engagements").rows
    rows = rows.select("account_id", "engagement_id", "kind", "side", "happened_at", "known_at")
    own = rows.kind.notin(tuple(DEFAULT_POINTS))
    came = (rows.side == "inbound") & (own | (rows.kind == "call"))
    rows = rows.mutate(
        is_answer=rows.kind.isin(_ANSWERS) | came, is_touch=(rows.side == "sales") & (own | rows.kind.isin(_OUTREACH))
    )
    rows = rows.filter(rows.is_answer | rows.is_touch)
    touched = rows.is_touch.ifelse(rows.happened_at, None)
    last = touched.max().over(known_before(rows, "account_id", order=("is_answer", "engagement_id")))
    days = days_between(last, rows.happened_at)
    in_time = rows.is_answer & (days >= 0) & (days <= ANSWER_DAYS)
    rows = rows.mutate(answer_days=in_time.ifelse(days, None), touch=in_time.ifelse(micros(last), None))
    return Facts(name="outreach", rows=rows, order=("engagement_id",))


@fact_source("repricings", "opportunities", "opportunity_changes")
def _repricings(tables: Tables, _terms: Terms) -> Facts:
    """The changes of a deal's amount, each set against the amount when the deal was opened."""
    log = tables["opportunity_changes"]
    log = log.filter(log.column == "amount").select("opportunity_id", "value", "happened_at", "known_at")
    deals = tables["opportunities"].select("opportunity_id", "account_id", "opened_at", "closed_at", "amount")
    rows = log.inner_join(deals, "opportunity_id")
    rows = rows.mutate(
        known_at=ibis.greatest(rows.known_at, rows.opened_at),
        growth=ratio(rows.value.try_cast("float64"), rows.amount),
    )
    return Facts(name="repricings", rows=rows, known_from={"closed_at": "closed_at"}, order=("opportunity_id", "value"))
