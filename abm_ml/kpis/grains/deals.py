"""Grains of the pipeline: each deal, each opening of one, each account in a stage, and each stay in a stage."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import grain
from abm_ml.kpis.grains.touches import points_of
from abm_ml.kpis.joins import beside
from abm_ml.kpis.rule import level_of
from abm_ml.kpis.seen import Seen
from abm_ml.tables.money import MONEY
from abm_ml.tables.stage_changes import numbered
from abm_ml.timeline import SECONDS_PER_DAY

# Marketing that came this long before a deal was opened still counts as having influenced it.
_BEFORE_OPENING = 90
_ONE_DEAL = ("opportunity_id", "period")


@grain(needs=("opportunities",))
def deals(seen: Seen) -> ir.Table:
    """One deal in a period in which it was open at any moment, or closed; in the program by when it counts.

    It counts (`counted_at`) when it closed, where it closed in the period; else when it opened, where it opened in
    the period; else when the period began. Its `level` and whether it is `influenced` are as of its closing, or as
    of the period's end where it was still open; `days` is the length of its cycle, from the first contact on. A first
    contact after the closing is none: then the cycle began with the opening.
    """
    rows = seen.engine.store(_in_periods(_with_first_won(seen.tables["opportunities"]), seen))
    rows = seen.with_program(_with_touches(rows, seen), at="counted_at")
    return rows.drop("opened_at", "closed_at", "first_contact_at", "until", "outcome")


def _with_first_won(opportunities: ir.Table) -> ir.Table:
    """The deals, with the first of kind new that each account won."""
    new = ((opportunities.kind == "new") & (opportunities.outcome == "won")).fill_null(False)
    rows = opportunities.select(
        "opportunity_id", "account_id", "amount", "outcome", "opened_at", "closed_at", "first_contact_at",
        _new=new,
    )  # fmt: skip
    won = ibis.window(group_by=["account_id", "_new"], order_by=["closed_at", "opportunity_id"])
    return rows.mutate(_first_won=(ibis.row_number().over(won) == 0) & rows["_new"]).drop("_new")


def _in_periods(opportunities: ir.Table, seen: Seen) -> ir.Table:
    rows = opportunities.cross_join(seen.spans)
    rows = rows.filter(rows.opened_at < rows.end, rows.closed_at.isnull() | (rows.closed_at >= rows.begin))
    closed = (rows.closed_at < rows.end).fill_null(False)
    opened = rows.opened_at >= rows.begin
    began = (rows.first_contact_at <= rows.closed_at).ifelse(rows.first_contact_at, rows.opened_at)
    rows = rows.mutate(
        won=closed & (rows.outcome == "won").fill_null(False),
        lost=closed & (rows.outcome == "lost").fill_null(False),
        open_at_end=~closed,
        new_client=closed & rows["_first_won"],
        days=closed.ifelse(_days(began, rows.closed_at), None),
        until=closed.ifelse(rows.closed_at, rows.end),
        counted_at=ibis.cases((closed, rows.closed_at), (opened, rows.opened_at), else_=rows.begin),
    )
    return rows.drop("begin", "end", "_first_won")


def _days(begin: ir.TimestampValue, end: ir.TimestampValue) -> ir.FloatingValue:
    return (end.epoch_seconds() - begin.epoch_seconds()) / SECONDS_PER_DAY


def _with_touches(rows: ir.Table, seen: Seen) -> ir.Table:
    """The deals with what their account did: `channels` before it bought, whether `influenced`, and its `level`."""
    if "engagements" not in seen:
        nothing = {"channels": ibis.null("int64"), "influenced": ibis.literal(False), "level": ibis.null("string")}
        return rows.mutate(**nothing)
    # Most engagements are of accounts without a deal.
    touches = seen.tables["engagements"].semi_join(rows, "account_id")
    rows = beside(rows, _channels(rows, touches), _ONE_DEAL)
    rows = beside(rows, _influence(rows, touches, seen), _ONE_DEAL)
    return rows.mutate(
        channels=rows.won.ifelse(rows.channels.fill_null(0), None),
        influenced=rows.influenced.fill_null(False),
        level=level_of(rows.points.fill_null(0.0), seen.terms),
    ).drop("points")


def _channels(rows: ir.Table, touches: ir.Table) -> ir.Table:
    """How many channels the account of each won deal had used before it closed."""
    firsts = touches.group_by("account_id", "channel").aggregate(_since=touches.happened_at.min())
    won = rows.filter(rows.won).select(*_ONE_DEAL, "account_id", "closed_at")
    used = won.inner_join(firsts, "account_id")
    used = used.filter(used["_since"] < used.closed_at)
    return used.group_by(list(_ONE_DEAL)).aggregate(channels=used.channel.nunique())


def _influence(rows: ir.Table, touches: ir.Table, seen: Seen) -> ir.Table:
    """Whether marketing reached the account of each deal, and its points in the window before `until`."""
    points = points_of(touches, seen.terms)
    did = touches.select("account_id", "happened_at", points=points, marketing=(touches.side == "marketing"))
    did = did.filter(did.points != 0)
    spans = rows.select(
        *_ONE_DEAL, "account_id", "until",
        reached_from=rows.opened_at - ibis.interval(days=_BEFORE_OPENING),
        level_from=rows.until - ibis.interval(days=seen.terms.engagement.window_days),
    )  # fmt: skip
    pairs = spans.inner_join(did, "account_id")
    pairs = pairs.filter(
        pairs.happened_at < pairs.until, pairs.happened_at >= ibis.least(pairs.reached_from, pairs.level_from)
    )
    recent = pairs.happened_at >= pairs.level_from
    return pairs.group_by(list(_ONE_DEAL)).aggregate(
        influenced=(pairs.marketing & (pairs.points > 0) & (pairs.happened_at >= pairs.reached_from)).any(),
        points=pairs.points.cast(MONEY).sum(where=recent).cast("float64"),
    )


@grain(needs=("opportunities",))
def openings(seen: Seen) -> ir.Table:
    """One deal that was opened in a period, in the program by when it opened; whether it was its account's first."""
    order = ibis.window(group_by="account_id", order_by=["opened_at", "opportunity_id"])
    rows = seen.tables["opportunities"].select("account_id", "opportunity_id", "opened_at")
    rows = seen.placed(rows.mutate(first_of_account=ibis.row_number().over(order) == 0), "opened_at")
    return seen.with_standing(seen.with_program(rows, at="opened_at"), "is_target").drop("opened_at")


@grain(needs=("stage_changes",))
def stints(seen: Seen) -> ir.Table:
    """One account and stage that it was in when a period began or entered in it, and where it went in the period.

    In the program by when it entered the stage, or by when the period began where it was in it already.
    """
    rows = _runs(seen).cross_join(seen.spans)
    # Whoever leaves a stage at the very moment at which a period begins was in it when the period began.
    rows = rows.filter(rows.entered_at < rows.end, rows.left_at.isnull() | (rows.left_at >= rows.begin))
    later = ibis.window(group_by=["account_id", "period"], order_by=["entered_at", "stage_number"], rows=(1, None))
    left = (rows.left_at < rows.end).fill_null(False)
    rows = rows.mutate(
        counted_at=ibis.greatest(rows.entered_at, rows.begin),
        advanced=(rows.stage_number.max().over(later) > rows.stage_number).fill_null(False),
        skipped=left & (rows.next_number > rows.stage_number + 1),
        moved_back=left & (rows.next_number < rows.stage_number),
    )
    found = rows.group_by("account_id", "period", "in_stage").aggregate(
        counted_at=rows.counted_at.min(),
        advanced=rows.advanced.any(),
        skipped=rows.skipped.any(),
        moved_back=rows.moved_back.any(),
    )
    found = found.mutate(is_last=found.in_stage == seen.terms.funnel[-1])
    return seen.with_program(found, at="counted_at").drop("counted_at")


@grain(needs=("stage_changes",))
def stays(seen: Seen) -> ir.Table:
    """One stay of an account in a stage that ended in a period, and whether the account has won a deal since it began.

    In the program by when the stay ended.
    """
    rows = seen.placed(_runs(seen), "left_at")
    rows = rows.mutate(days=_days(rows.entered_at, rows.left_at))
    rows = seen.with_program(rows, at="left_at")
    if "opportunities" in seen:
        deals = seen.tables["opportunities"]
        won = deals.filter(deals.outcome == "won")
        rows = beside(rows, won.group_by("account_id").aggregate(_won_at=won.closed_at.max()), "account_id")
        rows = rows.mutate(won=(rows["_won_at"] >= rows.entered_at).fill_null(False)).drop("_won_at")
    else:
        rows = rows.mutate(won=ibis.literal(False))
    return rows.select("account_id", "period", "program", "in_stage", "days", "won")


def _runs(seen: Seen) -> ir.Table:
    """Each stay in a stage: when it began, when it ended (null: not yet) and the number of the stage that followed.

    Of stages entered at the same instant the higher one comes later; entering the present stage again is no move.
    """
    changes = numbered(seen.tables["stage_changes"], seen.terms)
    order = ibis.window(group_by="account_id", order_by=["happened_at", "stage_number"])
    before = changes.stage_number.lag().over(order).fill_null(0.0)
    entries = changes.mutate(_before=before).filter(lambda row: row["_before"] != row.stage_number)
    return entries.select(
        "account_id", "stage_number",
        in_stage=entries.stage,
        entered_at=entries.happened_at,
        left_at=entries.happened_at.lead().over(order),
        next_number=entries.stage_number.lead().over(order),
    )  # fmt: skip
