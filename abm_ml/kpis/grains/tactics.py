"""Grains of steering: each goal, and each tactic."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.kpis.base import CUTS, grain
from abm_ml.kpis.grains.touches import points_of
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen
from abm_ml.tables.money import MONEY
from abm_ml.tables.stage_changes import numbered

_KEYS = ("account_id", "period")


@grain(needs=(), cuts=tuple(CUTS))
def goals(seen: Seen) -> ir.Table:
    """One configured goal in a period, and whether it is met; they come from the configuration, not from tables."""
    texts = {name: ibis.null("string") for name in ("account_id", "campaign_id", "program")}
    return seen.spans.filter(ibis.literal(False)).select("period", met=ibis.null("boolean"), **texts)


@grain(needs=("engagements", "opportunities"), cuts=())
def tactics(seen: Seen) -> ir.Table:
    """A tactic (a channel, a campaign or a content) and a stage: accounts that it touched, others, and what they did.

    Touched is who was touched by marketing, or came in, in the period; others are all who were in the same stage when
    the period began. An account that had reached no stage by then is in a stage of its own.
    """
    did = seen.engine.store(_outcomes(seen))
    everybody = _flagged(seen.standing.select("account_id", "period", in_stage="stage"), did, seen)
    totals = _summed(everybody, "all", "period", "in_stage")
    rows = beside(_touches(seen), seen.standing.select("account_id", "period", in_stage="stage"), _KEYS)
    rows = _flagged(rows, did, seen)
    # An account that was created later is among those touched, but not among those that were there.
    there = rows.semi_join(seen.standing, _KEYS)
    rows = _summed(rows, "touched", "period", "tactic", "in_stage", engaged=rows.engaged.sum())
    rows = beside(rows, _summed(there, "there", "period", "tactic", "in_stage"), ["period", "tactic", "in_stage"])
    rows = beside(rows, totals, ["period", "in_stage"])
    rest = {
        f"others{what}": (rows[f"all{what}"].fill_null(0) - rows[f"there{what}"].fill_null(0)).cast("float64")
        for what in ("", "_won", "_progressed")
    }
    rows = rows.mutate(**rest)
    return _with_cost(rows.drop("all", "all_won", "all_progressed", "there", "there_won", "there_progressed"), seen)


def _touches(seen: Seen) -> ir.Table:
    """One tactic that touched an account in a period, and whether it engaged there."""
    rows = seen.placed(seen.tables["engagements"])
    rows = rows.filter(rows.side.isin(("marketing", "inbound")))
    rows = rows.mutate(did=points_of(rows, seen.terms) > 0)
    kinds = []
    for kind, column in (("channel", "channel"), ("campaign", "campaign_id"), ("content", "content_id")):
        pairs = rows.filter(rows[column].notnull()).group_by("account_id", "period", _id=column)
        touched = pairs.aggregate(engaged=rows.did.any())
        kinds.append(touched.mutate(tactic=ibis.literal(f"{kind}: ") + touched["_id"]).drop("_id"))
    return ibis.union(*kinds)


def _outcomes(seen: Seen) -> ir.Table:
    """account_id, period, whether a deal was won in it, and the furthest stage that was entered in it."""
    deals = seen.tables["opportunities"]
    deals = seen.placed(deals.filter(deals.outcome == "won"), "closed_at")
    found = [deals.select("account_id", "period", won=ibis.literal(True), stage_number=ibis.null("float64"))]
    if "stage_changes" in seen:
        moves = seen.placed(numbered(seen.tables["stage_changes"], seen.terms))
        found.append(
            moves.select("account_id", "period", "stage_number", won=ibis.literal(False)).select(found[0].columns)
        )
    rows = ibis.union(*found) if len(found) > 1 else found[0]
    return rows.group_by(*_KEYS).aggregate(won=rows.won.any(), furthest=rows.stage_number.max())


def _flagged(rows: ir.Table, did: ir.Table, seen: Seen) -> ir.Table:
    """Rows of accounts with whether they won a deal and whether they came further than the stage they were in."""
    rows = beside(rows, did, _KEYS)
    number = rows.in_stage.cases(*[(name, float(place)) for place, name in enumerate(seen.terms.funnel, 1)], else_=0.0)
    progressed = (rows.furthest > number).fill_null(False)
    return rows.mutate(
        won=rows.won.fill_null(False),
        progressed=progressed if "stage_changes" in seen else ibis.null("boolean"),
        in_stage=rows.in_stage.fill_null(""),
    )


def _summed(rows: ir.Table, who: str, *keys: str, **more: ir.Value) -> ir.Table:
    sums = {who: rows.count(), f"{who}_won": rows.won.sum(), f"{who}_progressed": rows.progressed.sum()}
    return rows.group_by(*keys).aggregate(**sums, **more)


def _with_cost(rows: ir.Table, seen: Seen) -> ir.Table:
    """The rows with what a campaign cost in the period; none of other tactics, nor where no cost names it."""
    if "costs" not in seen:
        return rows.mutate(cost=ibis.null("float64"))
    costs = seen.placed(seen.tables["costs"])
    costs = costs.mutate(tactic=ibis.literal("campaign: ") + costs.campaign_id)
    spent = costs.group_by("period", "tactic").aggregate(cost=costs.amount.cast(MONEY).sum().cast("float64"))
    return beside(rows, spent, ["period", "tactic"])
