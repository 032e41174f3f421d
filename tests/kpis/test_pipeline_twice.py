"""KPIs of the pipeline, calculated a second time in plain pandas on random companies."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pandas as pd
from hypothesis import given

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import AS_OF, TERMS, Frames, Known, companies, once
from tests.kpis.second import RANDOM, Keep, compare

DAY = dt.timedelta(days=1)
CONVERSIONS = {"form_fill", "content_download", "event_registered", "demo_request"}


def _once(make: Callable[[Known, Period], pd.DataFrame]) -> Callable[[Known, Period], pd.DataFrame]:
    """Makes the rows of a company and period once, not once per KPI and cut."""
    made: dict[tuple[int, Period], tuple[Known, pd.DataFrame]] = {}

    def rows(company: Known, period: Period) -> pd.DataFrame:
        key = id(company), period
        if key not in made:
            # Whoever is kept here shares its id with no later company.
            made[key] = company, make(company, period)
        return made[key][1]

    return rows


@_once
@once
def _deals(company: Known, period: Period) -> pd.DataFrame:
    """The deals that were open or closed in a period, with their program by when they closed, opened or were there."""
    rows = company.frames["opportunities"]
    closes = rows["closed_at"].fillna(pd.Timestamp("2100-01-01"))
    rows = rows[(rows["opened_at"] < period.end) & (closes >= period.begin)]
    over = rows["closed_at"] < period.end
    opened = rows["opened_at"].where(rows["opened_at"] >= period.begin, period.begin)
    rows = rows.assign(
        counted_at=rows["closed_at"].where(over, opened),
        won=over & (rows["outcome"] == "won"),
        lost=over & (rows["outcome"] == "lost"),
        until=rows["closed_at"].where(over, period.end),
        cycle=(rows["closed_at"] - _begun(rows)) / DAY,
    )
    return company.cuttable(rows, period, "counted_at")


def _begun(deals: pd.DataFrame) -> pd.Series[Any]:
    """When each deal's cycle began: whoever was contacted after the closing was not contacted first."""
    first = deals["first_contact_at"].mask(deals["first_contact_at"] > deals["closed_at"])
    return first.fillna(deals["opened_at"])


@once
def _did(company: Known, account: str, since: Any, until: Any) -> pd.DataFrame:
    rows = company.frames["engagements"]
    rows = rows[(rows["account_id"] == account) & (rows["happened_at"] >= since) & (rows["happened_at"] < until)]
    return rows.assign(points=_points(rows))


def _points(rows: pd.DataFrame) -> pd.Series[float]:
    return rows["kind"].map(TERMS.engagement.points_by_kind).fillna(0).astype("float64")


def _mean(values: Iterable[Any]) -> float | None:
    # The report sums twelve decimals.
    there = [round(value, 12) for value in values if pd.notna(value)]
    return sum(there) / len(there) if there else None


def _middles(values: Iterable[Any]) -> dict[str, Any]:
    there = [value for value in values if pd.notna(value)]
    return {"value": _mean(there), "median": statistics.median(there) if there else None}


def _lift(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other - 1


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _rate(deals: pd.DataFrame) -> float | None:
    closed = int(deals["won"].sum() + deals["lost"].sum())
    return int(deals["won"].sum()) / closed if closed else None


def _sides(deals: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return deals[deals["program"] == "in"], deals[deals["program"] == "out"]


def channels_before_purchase(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K20: what each buyer had been touched by before."""
    deals = keep(_deals(company, period))
    deals = deals[deals["won"]]
    ever = dt.datetime(1970, 1, 1)
    return {
        "value": _mean(
            _did(company, account, ever, closed)["channel"].nunique()
            for account, closed in zip(deals["account_id"], deals["closed_at"], strict=True)
        )
    }


@once
def _walks(company: Known) -> dict[str, list[tuple[Any, int]]]:
    """Each account's way through the funnel: when it came to another stage, and to which."""
    walks: dict[str, list[tuple[Any, int]]] = {}
    rows = company.frames["stage_changes"]
    steps = [
        (when, TERMS.funnel.index(stage), account)
        for account, stage, when in zip(rows["account_id"], rows["stage"], rows["happened_at"], strict=True)
        if stage in TERMS.funnel
    ]
    for when, stage, account in sorted(steps):
        walk = walks.setdefault(account, [])
        if not walk or walk[-1][1] != stage:
            walk.append((when, stage))
    return walks


@_once
@once
def _stints(company: Known, period: Period) -> pd.DataFrame:
    records = []
    for account, walk in _walks(company).items():
        before = [step for step in walk if step[0] < period.begin]
        within = [step for step in walk if period.begin <= step[0] < period.end]
        path = before[-1:] + within
        for stage in {stage for _, stage in path}:
            first = next(place for place, step in enumerate(path) if step[1] == stage)
            moves = [(a[1], b[1]) for a, b in itertools.pairwise(path) if a[1] == stage]
            records.append({
                "account_id": account, "in_stage": TERMS.funnel[stage], "at": max(path[first][0], period.begin),
                "advanced": any(later > stage for _, later in path[first:]),
                "skipped": any(to - start > 1 for start, to in moves),
                "moved_back": any(to < start for start, to in moves),
            })  # fmt: skip
    names = ["account_id", "in_stage", "at", "advanced", "skipped", "moved_back"]
    return company.cuttable(_timed(records, names, "at"), period, "at")


def _timed(records: Sequence[Any], names: Sequence[str], time: str) -> pd.DataFrame:
    return pd.DataFrame(records, columns=names).astype({time: "datetime64[us]"})


def progression_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K39: who was in a stage, and who went on, jumped or went back."""
    rows = keep(_stints(company, period))
    going = rows[rows["in_stage"] != TERMS.funnel[-1]]
    parts = [(None, rows, going)]
    parts += [(stage, rows[rows["in_stage"] == stage], going[going["in_stage"] == stage]) for stage in TERMS.funnel]
    found: dict[str, Any] = {"value": {}, "skipped": {}, "moved_back": {}}
    for part, all_rows, some in parts:
        if part is None or len(all_rows):
            found["value"][part] = _mean(some["advanced"].astype("float64"))
            for name in ("skipped", "moved_back"):
                found[name][part] = all_rows.loc[all_rows[name].astype(bool), "account_id"].nunique()
    return found


def accounts_entering_pipeline(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K40: targets whose first deal is of this period, and which share of the targets they are."""
    ever = company.frames["opportunities"].sort_values(["opened_at", "opportunity_id"])
    firsts = ever.drop_duplicates("account_id")
    firsts = firsts[(firsts["opened_at"] >= period.begin) & (firsts["opened_at"] < period.end)]
    firsts = company.cuttable(firsts, period, "opened_at")
    entered = len(keep(firsts[firsts["is_target"].eq(True)]))
    targets = len(keep(_targets(company, period)))
    return {"value": entered, "share": entered / targets if targets else None}


@_once
@once
def _targets(company: Known, period: Period) -> pd.DataFrame:
    who = company.accounts(period)
    return who[who["is_target"].eq(True)]


def influenced_pipeline(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K42: the amount of open and won deals, and of those that marketing had reached in time."""
    deals = keep(_deals(company, period))
    deals = deals[~deals["lost"] & deals["amount"].notna()]
    reached = 0.0
    for deal in deals.itertuples():
        did = _did(company, str(deal.account_id), deal.opened_at - 90 * DAY, deal.until)
        if ((did["side"] == "marketing") & (did["points"] > 0)).any():
            reached += float(deal.amount)
    amount = deals["amount"].sum()
    return {"value": reached / amount if amount else None}


def win_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K43: won by closed."""
    return {"value": _rate(keep(_deals(company, period)))}


def win_rate_lift(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K44: the win rate in the program against the one outside."""
    inside, outside = (_rate(side) for side in _sides(keep(_deals(company, period))))
    return {"value": _lift(inside, outside), "points": _minus(inside, outside)}


def interaction_conversion_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K45: conversions by engagements, overall and by channel."""
    rows = keep(_touches(company, period))
    found: dict[str | None, float | None] = {None: _converted(rows)}
    return {"value": found | {str(channel): _converted(some) for channel, some in rows.groupby("channel")}}


@_once
@once
def _touches(company: Known, period: Period) -> pd.DataFrame:
    return company.placed("engagements", period)


def _converted(rows: pd.DataFrame) -> float | None:
    kinds = rows.loc[_points(rows) > 0, "kind"]
    return _mean(kinds.isin(CONVERSIONS).astype("float64"))


def average_deal_size(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K46: what won deals are worth."""
    deals = keep(_deals(company, period))
    return _middles(deals.loc[deals["won"], "amount"])


def deal_size_lift(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K47: what they are worth in the program against outside."""
    inside, outside = (_mean(side.loc[side["won"], "amount"]) for side in _sides(keep(_deals(company, period))))
    return {"value": _lift(inside, outside)}


def sales_cycle_length(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K48: how long won deals took."""
    deals = keep(_deals(company, period))
    return _middles(deals.loc[deals["won"], "cycle"])


def sales_cycle_saved(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K49: how much longer they took outside, overall and by the engagement of the account."""
    deals = keep(_deals(company, period))
    levels = [
        _level(_did(company, account, until - TERMS.engagement.window_days * DAY, until)["points"].sum())
        for account, until in zip(deals["account_id"], deals["until"], strict=True)
    ]
    deals = deals.assign(level=pd.Series(levels, index=deals.index, dtype="str"))
    found: dict[str | None, float | None] = {None: _saved(deals)}
    return {"value": found | {str(level): _saved(some) for level, some in deals.groupby("level")}}


def _saved(deals: pd.DataFrame) -> float | None:
    inside, outside = (_mean(side.loc[side["won"], "cycle"]) for side in _sides(deals))
    return _minus(outside, inside)


def _level(points: float) -> str:
    level = "cold"
    for name, floor in TERMS.engagement.levels.items():
        level = name if points >= floor else level
    return level


def pipeline_velocity(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K50: deals x size x win rate / cycle."""
    deals = keep(_deals(company, period))
    won = deals[deals["won"]]
    size, rate, cycle = _mean(won["amount"]), _rate(deals), _mean(won["cycle"])
    if size is None or rate is None or not cycle:
        return {"value": None}
    return {"value": len(deals) * size * rate / cycle}


def time_in_stage(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K51: how long accounts stayed in the stages that they left."""
    rows = keep(_stays(company, period))
    found: dict[str, Any] = {"value": {}, "median": {}, "won": {}}
    for stage, some in rows.groupby("in_stage"):
        numbers = _middles(some["days"]) | {"won": _mean(some.loc[some["won"].astype(bool), "days"])}
        for name, number in numbers.items():
            found[name][stage] = number
    return found


@_once
@once
def _stays(company: Known, period: Period) -> pd.DataFrame:
    deals = company.frames["opportunities"]
    deals = deals[(deals["outcome"] == "won") & (deals["closed_at"] < AS_OF)]
    records: list[Sequence[Any]] = []
    for account, walk in _walks(company).items():
        wins = deals.loc[deals["account_id"] == account, "closed_at"]
        for (came, stage), (left, _) in itertools.pairwise(walk):
            if period.begin <= left < period.end:
                days = (left - came) / DAY
                records.append((account, TERMS.funnel[stage], left, days, bool((wins >= came).any())))
    names = ["account_id", "in_stage", "left_at", "days", "won"]
    return company.cuttable(_timed(records, names, "left_at"), period, "left_at")


ORACLES = {
    "channels_before_purchase": channels_before_purchase, "progression_rate": progression_rate,
    "accounts_entering_pipeline": accounts_entering_pipeline, "influenced_pipeline": influenced_pipeline,
    "win_rate": win_rate, "win_rate_lift": win_rate_lift, "interaction_conversion_rate": interaction_conversion_rate,
    "average_deal_size": average_deal_size, "deal_size_lift": deal_size_lift,
    "sales_cycle_length": sales_cycle_length, "sales_cycle_saved": sales_cycle_saved,
    "pipeline_velocity": pipeline_velocity, "time_in_stage": time_in_stage,
}  # fmt: skip


@RANDOM
@given(frames=companies())
def test_pipeline(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the family says what plain pandas says, of all accounts and by cut."""
    compare(ORACLES, frames, tiny, engine)
