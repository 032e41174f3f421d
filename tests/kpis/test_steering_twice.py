"""KPIs of steering, calculated a second time in plain Python on random companies."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.timeline import Period
from tests.kpis.company import AS_OF, PERIODS, TERMS, Frames, Known, companies
from tests.kpis.second import RANDOM, Keep, compare

TACTICS = {"channel": "channel", "campaign": "campaign_id", "content": "content_id"}
MEASURES = ("value", "touched", "win_rate_touched", "win_rate_untouched", "progression", "cost_per_engaged_account")


def ratio(above: float, below: float) -> float | None:
    """One by another; none by nothing."""
    return above / below if below else None


def stages_of(known: Known, period: Period) -> dict[str, Any]:
    """The stage of every account that was there when the period began; none for those that came in it."""
    rows = known.accounts(period)
    return {row.account_id: row.stage if isinstance(row.stage, str) else None for row in rows.itertuples()}


def winners(known: Known, period: Period) -> set[str]:
    """The accounts that won a deal in a period."""
    deals = known.frames["opportunities"]
    deals = deals[
        (deals["outcome"] == "won") & (deals["closed_at"] >= period.begin) & (deals["closed_at"] < period.end)
    ]
    return set(deals["account_id"])


def movers(known: Known, period: Period, stages: dict[str, Any]) -> set[str]:
    """The accounts that entered a later stage in a period than the one they were in."""
    moves = known.frames["stage_changes"]
    moves = moves[(moves["happened_at"] >= period.begin) & (moves["happened_at"] < period.end)]
    place = {stage: number for number, stage in enumerate(TERMS.funnel)}
    return {
        row.account_id
        for row in moves.itertuples()
        if place.get(row.stage, -1) > place.get(stages.get(row.account_id), -1)
    }


def compared(touched: set[str], stages: dict[str, Any], did: set[str]) -> tuple[float | None, float | None]:
    """The share of the touched who did it, and of the untouched, each touched set against its own stage."""
    theirs, others, count = 0, 0.0, 0
    for account in touched:
        alike = [other for other, stage in stages.items() if stage == stages.get(account) and other not in touched]
        if alike:
            count += 1
            theirs += account in did
            others += len(did.intersection(alike)) / len(alike)
    return ratio(theirs, count), ratio(others, count)


def tactic_effectiveness(known: Known, period: Period, _keep: Keep) -> dict[str, Any]:
    """K70: each tactic's touched accounts against the untouched of the same stages."""
    touches = known.placed("engagements", period)
    touches = touches[touches["side"].isin(["marketing", "inbound"])]
    stages = stages_of(known, period)
    won, moved = winners(known, period), movers(known, period, stages)
    costs = known.frames["costs"]
    costs = costs[(costs["happened_at"] >= period.begin) & (costs["happened_at"] < period.end)]
    spent = costs.groupby("campaign_id")["amount"].sum().to_dict()
    found: dict[str, dict[str, Any]] = {measure: {} for measure in MEASURES}
    for kind, column in TACTICS.items():
        for which, rows in touches.dropna(subset=column).groupby(column):
            touched = set(rows["account_id"])
            engaged = rows.loc[rows["kind"].map(TERMS.engagement.points_by_kind).fillna(0) > 0, "account_id"].nunique()
            theirs, others = compared(touched, stages, won)
            further, others_further = compared(touched, stages, moved)
            cost = spent.get(which) if kind == "campaign" else None
            numbers = (
                None if theirs is None or others is None else theirs - others, len(touched), theirs, others,
                None if further is None or others_further is None else further - others_further,
                None if cost is None else ratio(cost, engaged),
            )  # fmt: skip
            for measure, number in zip(MEASURES, numbers, strict=True):
                found[measure][f"{kind}: {which}"] = None if number is None or pd.isna(number) else number
    return found


ORACLES = {"tactic_effectiveness": tactic_effectiveness}


@RANDOM
@given(frames=companies())
def test_steering(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Tactics say what plain Python says; they cannot be cut."""
    compare(ORACLES, frames, tiny, engine)


def met(known: Known, period: Period, tier: str | None, goal: float) -> bool:
    """Whether the engagement score of all accounts, or of a tier, reaches a goal; a tier without accounts has none."""
    rows, who = known.placed("engagements", period), known.accounts(period)
    if tier is not None:
        rows, who = (table[table["tier"].fillna("unknown") == tier] for table in (rows, who))
        if not len(rows) and not len(who):
            return False
    return sum(TERMS.engagement.points_by_kind.get(kind, 0) for kind in rows["kind"]) >= goal


@RANDOM
@given(frames=companies(), goals=st.lists(st.sampled_from((0.0, 1.0, 20.0, 60.0)), min_size=4, max_size=4))
def test_goal_attainment(frames: Frames, goals: list[float], tiny: Any, engine: Engine) -> None:
    """K71: goals met by goals set, over all of them and by cut; nine is a tier that no account has."""
    cuts = dict(zip((None, "1", "2", "9"), goals, strict=True))
    named = {"all" if tier is None else f"tier={tier}": goal for tier, goal in cuts.items()}
    seen = Seen(tiny(frames), TERMS, AS_OF, PERIODS, engine)
    kpis = (KPIS["engagement_score"], KPIS["goal_attainment"])
    rows = kpi_report(Measuring(seen), kpis, [("tier",)], {"engagement_score": named}).rows
    rows = rows[rows["name"] == "goal_attainment"].set_index(["period_from", "cut"])["value"]
    known = Known(frames)
    for period in PERIODS:
        reached = {tier: met(known, period, tier, goal) for tier, goal in cuts.items()}
        assert rows[period.begin, "all"] == sum(reached.values()) / 4
        assert [rows[period.begin, f"tier={tier}"] for tier in ("1", "2", "9")] == [*reached.values()][1:]
