"""Grains of engagement: each account in each period."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.kpis.base import grain
from abm_ml.kpis.grains.touches import ENGAGING, points_of
from abm_ml.kpis.joins import beside
from abm_ml.kpis.rule import level_of
from abm_ml.kpis.seen import Seen
from abm_ml.tables import Terms
from abm_ml.tables.money import MONEY
from abm_ml.timeline import SECONDS_PER_DAY, placed

NOTICING = ("email_open", "web_visit", "ad_impression")
QUALIFYING_LEVEL = "hot"
WEEK_DAYS = 7
BASELINE_DAYS = 28
FIRST_DAYS = 90

_ENGAGING_VISITS = 2
_COUNTS = ("visits", "engagings", "noticings", "reaches", "actives")
# What an account did that did nothing.
_NOTHING = {"score": 0.0, "visits_7": 0, "visits_28": 0} | dict.fromkeys(_COUNTS, 0)
_NOTHING_AT_START = {"score_start": 0.0, "first_visits": 0}
_REPUTATION = ("brand", "social", "events", "visits")


@grain(needs=("accounts",))
def accounts(seen: Seen) -> ir.Table:
    """One account in a period before whose end it was created, with how much it noticed us and engaged."""
    rows = _standing(seen)
    if "engagements" in seen:
        rows = beside(rows, _did(seen), ["account_id", "period"])
        rows = beside(rows, _around_start(seen), "account_id")
    else:
        none = {name: ibis.null("timestamp") for name in ("active_from", "active_to")}
        rows = rows.mutate(**_NOTHING, **_NOTHING_AT_START, **none)
    rows = rows.mutate(**{name: rows[name].fill_null(zero) for name, zero in (_NOTHING | _NOTHING_AT_START).items()})
    return _judged(rows, seen.terms)


def _standing(seen: Seen) -> ir.Table:
    """Who each account was, whether it `started` in the program at a known date, and whether its first days ended."""
    rows = seen.standing
    rows = rows.mutate(is_target=rows.is_target.fill_null(False), in_tam=rows.in_tam.fill_null(False))
    rows = rows.rename(program="in_program").inner_join(seen.spans, "period")
    rows = beside(rows, seen.membership, "account_id")
    dated = seen.tables["accounts"].select("account_id", _dated=lambda row: row.program_from.notnull())
    rows = beside(rows, dated, "account_id")
    ripe = rows["_begun"] + ibis.interval(days=FIRST_DAYS)
    rows = rows.mutate(
        started=((rows.program == "in") & rows["_dated"] & (rows["_begun"] < rows.end)).fill_null(False),
        first_days_over=((ripe >= rows.begin) & (ripe < rows.end)).fill_null(False),
    )
    return rows.drop("end", "_begun", "_ended", "_dated")


def _judged(rows: ir.Table, terms: Terms) -> ir.Table:
    """The rows with what their numbers make of the account."""
    first, last = (_week(rows[time], rows.begin) for time in ("active_from", "active_to"))
    judged = rows.mutate(
        level=level_of(rows.score, terms),
        engaged=(rows.engagings > 0) | (rows.visits >= _ENGAGING_VISITS),
        aware=rows.noticings > 0,
        reached=rows.reaches > 0,
        active=rows.actives > 0,
        repeated=(first != last).fill_null(False),
        qualified=rows.score >= qualifying_points(terms),
    )
    return judged.drop("begin", "engagings", "noticings", "reaches", "actives", "active_from", "active_to")


def _week(time: ir.Value, begin: ir.Value) -> ir.Value:
    """The place of a time's week, counted in blocks of 7 days from the period's begin."""
    return ((time.epoch_seconds() - begin.epoch_seconds()) / (WEEK_DAYS * SECONDS_PER_DAY)).floor()


def qualifying_points(terms: Terms) -> float:
    """The points of the level hot; without a level of that name, of the second-highest level, or the only one."""
    levels = terms.engagement.levels
    return levels.get(QUALIFYING_LEVEL, sorted(levels.values())[-2:][0])


def _did(seen: Seen) -> ir.Table:
    """What each account did in each period, and in the days before its end: account_id, period and the numbers."""
    spans = _pieces(seen)
    sums = _by_piece(seen, spans).inner_join(_uses(seen, spans), "piece")
    own = sums.in_period
    return sums.group_by("account_id", "period").aggregate(
        score=sums.points.sum(where=sums.in_window).cast("float64"),
        visits_7=sums.visits.sum(where=sums.in_week),
        visits_28=sums.visits.sum(where=sums.in_baseline),
        active_from=sums.active_from.min(where=own),
        active_to=sums.active_to.max(where=own),
        **{name: sums[name].sum(where=own) for name in _COUNTS},
    )


def _by_piece(seen: Seen, spans: list[tuple[dt.datetime, dt.datetime]]) -> ir.Table:
    """What each account did in each piece of time, in one pass over all engagements."""
    rows = placed(seen.tables["engagements"], "happened_at", spans).rename(piece="period")
    rows = rows.mutate(points=points_of(rows, seen.terms))
    active = rows.points > 0
    return rows.group_by("account_id", "piece").aggregate(
        points=rows.points.cast(MONEY).sum(),
        visits=(rows.kind == "web_visit").sum(),
        engagings=rows.kind.isin(ENGAGING).sum(),
        noticings=rows.kind.isin(NOTICING).sum(),
        reaches=(rows.side == "marketing").sum(),
        actives=active.sum(),
        active_from=rows.happened_at.min(where=active),
        active_to=rows.happened_at.max(where=active),
    )


def _pieces(seen: Seen) -> list[tuple[dt.datetime, dt.datetime]]:
    """Time cut wherever a period, a week, a baseline or a window begins or ends, so that windows may overlap."""
    days = (0, WEEK_DAYS, WEEK_DAYS + BASELINE_DAYS, seen.terms.engagement.window_days)
    cuts = {each.end - dt.timedelta(days=back) for each in seen.periods for back in days}
    return list(pairwise(sorted(cuts | {each.begin for each in seen.periods})))


def _uses(seen: Seen, spans: list[tuple[dt.datetime, dt.datetime]]) -> ir.Table:
    """Which pieces of time belong to which period, and to which of its windows."""
    uses = []
    for period, each in enumerate(seen.periods):
        week = each.end - dt.timedelta(days=WEEK_DAYS)
        windows = {
            "in_period": (each.begin, each.end),
            "in_window": (each.end - dt.timedelta(days=seen.terms.engagement.window_days), each.end),
            "in_week": (week, each.end),
            "in_baseline": (week - dt.timedelta(days=BASELINE_DAYS), week),
        }
        for piece, (begin, end) in enumerate(spans):
            inside = {name: since <= begin and end <= until for name, (since, until) in windows.items()}
            if any(inside.values()):
                uses.append({"piece": piece, "period": period, **inside})
    return seen.engine.register(pa.Table.from_pylist(uses))


def _around_start(seen: Seen) -> ir.Table:
    """What each account of the program did in the window before it entered, and in its first days there."""
    starts = seen.membership.filter(seen.membership["_begun"].notnull()).select("account_id", "_begun")
    rows = seen.tables["engagements"].select("account_id", "happened_at", "kind").inner_join(starts, "account_id")
    since = rows["_begun"] - ibis.interval(days=seen.terms.engagement.window_days)
    until = rows["_begun"] + ibis.interval(days=FIRST_DAYS)
    rows = rows.filter(rows.happened_at >= since, rows.happened_at < until)
    before = rows.happened_at < rows["_begun"]
    return rows.group_by("account_id").aggregate(
        score_start=points_of(rows, seen.terms).cast(MONEY).sum(where=before).cast("float64"),
        first_visits=(rows.kind == "web_visit").sum(where=~before),
    )


@grain(needs=("engagements",))
def reputation(seen: Seen) -> ir.Table:
    """What the people of one account thought of us and did in a period, each part standardised, and their mean."""
    rows = seen.standing.select("account_id", "period", program="in_program")
    for found in (_brand(seen), _shown(seen), _new_visits(seen)):
        rows = beside(rows, found, ["account_id", "period"])
    rows = rows.mutate(**{name: rows[name].fill_null(0) for name in _REPUTATION if name != "brand"})
    rows = rows.mutate(**{name: rows[name].cast("float64") for name in _REPUTATION})
    rows = _standardised(seen.engine.store(rows))
    told = sum((rows[name].notnull().cast("int64") for name in _REPUTATION), ibis.literal(0))
    points = sum((rows[name].fill_null(0.0) for name in _REPUTATION), ibis.literal(0.0))
    return rows.mutate(index=points / told)


def _standardised(rows: ir.Table) -> ir.Table:
    """Each part minus its mean, by its standard deviation, over all accounts and periods; 0 where all are alike."""
    known: dict[str, ir.Value] = {}
    for name in _REPUTATION:
        part = rows[name]
        known |= {f"{name}_count": part.count(), f"{name}_sum": _sum(part), f"{name}_squares": _sum(part * part)}
        known |= {f"{name}_least": part.min(), f"{name}_most": part.max()}
    joined = rows.cross_join(rows.aggregate(**known))
    parts = {}
    for name in _REPUTATION:
        count = joined[f"{name}_count"].nullif(0)
        middle = joined[f"{name}_sum"] / count
        spread = ibis.greatest(joined[f"{name}_squares"] / count - middle * middle, 0.0).sqrt()
        # A deviation of equal values may come out a hair above zero.
        alike = joined[f"{name}_least"] == joined[f"{name}_most"]
        parts[name] = alike.ifelse(joined[name] * 0.0, (joined[name] - middle) / spread.nullif(0.0))
    return joined.mutate(**parts).select(*rows.columns)


def _sum(numbers: ir.Value) -> ir.Value:
    return numbers.cast(MONEY).sum().cast("float64")


def _brand(seen: Seen) -> ir.Table:
    """The mean score of the brand surveys that were answered in each period."""
    if "surveys" not in seen:
        return seen.standing.select("account_id", "period", brand=ibis.null("float64"))
    rows = seen.tables["surveys"]
    rows = seen.placed(rows.filter(rows.kind == "brand", rows.score.notnull()), "answered_at")
    return rows.group_by("account_id", "period").aggregate(
        brand=rows.score.cast(MONEY).sum().cast("float64") / rows.count()
    )


def _shown(seen: Seen) -> ir.Table:
    """What people shared and said, and the events that they attended, in each period."""
    rows = seen.placed(seen.tables["engagements"].select("account_id", "happened_at", "kind"))
    return rows.group_by("account_id", "period").aggregate(
        social=rows.kind.isin(("social_share", "social_comment")).sum(),
        events=rows.kind.isin(("event_attended", "webinar_attended")).sum(),
    )


def _new_visits(seen: Seen) -> ir.Table:
    """The web visits in each period of people who had never visited before it; the account, where nobody is named."""
    visits = seen.tables["engagements"].select("account_id", "contact_id", "happened_at", "kind")
    visits = visits.filter(visits.kind == "web_visit")
    visits = visits.mutate(visitor=visits.contact_id.fill_null(""))
    first = visits.group_by("account_id", "visitor").aggregate(first=visits.happened_at.min())
    mine = seen.placed(visits).group_by("account_id", "visitor", "period").aggregate(visits=lambda t: t.count())
    rows = mine.inner_join(first, ["account_id", "visitor"]).inner_join(seen.spans, "period")
    return rows.filter(rows["first"] >= rows.begin).group_by("account_id", "period").aggregate(visits=rows.visits.sum())
