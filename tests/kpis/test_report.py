"""The laws of the report: time, order, cuts, goals, and what is not available."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.errors import ConfigError, UnknownName
from abm_ml.kpis import (
    KPIS,
    Measuring,
    Seen,
    account_table,
    check_goals,
    kpi_report,
    parse_cuts,
    refuse_impossible_cuts,
    rule_scores,
)
from abm_ml.kpis.goals import goals_by_account
from abm_ml.tables import TABLES
from abm_ml.timeline import Period, calendar, spine
from tests.kpis.company import AS_OF, PERIODS, TERMS, Frames, Known, company

CUTS = (("tier",), ("program",))
OPTIONAL = [name for name in TABLES.names if name not in ("accounts", "rates", "sellers", "opportunity_changes")]


@pytest.fixture(scope="module")
def frames() -> Frames:
    """A company of seven accounts with 40 rows in every table."""
    return company(np.random.default_rng(20260620), 7, dict.fromkeys(OPTIONAL, 40))


def _report(frames: Any, tiny: Any, engine: Engine, goals: Any = None) -> pd.DataFrame:
    seen = Seen(tiny(frames), TERMS, AS_OF, PERIODS, engine)
    return kpi_report(Measuring(seen), tuple(KPIS), CUTS, goals).rows


@pytest.fixture(scope="module")
def report(frames: Frames, tiny: Any, engine: Engine) -> pd.DataFrame:
    """All KPIs of that company, by tier and by program."""
    return _report(frames, tiny, engine, {"penetration_rate": {"all": 0.0, "tier=1": 1.1}, "churn_rate": {"all": 1.0}})


def _without_goals(rows: pd.DataFrame) -> pd.DataFrame:
    kept = rows[rows["name"] != "goal_attainment"]
    return kept.drop(columns=["goal", "met"]).reset_index(drop=True)


def test_what_is_not_known_yet_changes_nothing(frames: Frames, report: pd.DataFrame, tiny: Any, engine: Engine) -> None:
    """The report of all rows is the report of those known on its date: no later row, late row or later cell."""
    known = Known(frames)
    before = Frames({name: known._known(name) for name in frames})
    # That a date lies ahead says only that the mark `in_program` does not hold yet.
    ahead = frames["accounts"].set_index("account_id")["program_from"]
    before["accounts"]["program_from"] = before["accounts"]["account_id"].map(ahead)
    assert sum(map(len, before.values())) < sum(map(len, frames.values()))
    pd.testing.assert_frame_equal(_without_goals(_report(before, tiny, engine)), _without_goals(report))


def test_the_order_of_rows_changes_nothing(frames: Frames, report: pd.DataFrame, tiny: Any, engine: Engine) -> None:
    """Not one bit."""
    shuffled = Frames({name: rows.sample(frac=1, random_state=3) for name, rows in frames.items()})
    pd.testing.assert_frame_equal(_without_goals(_report(shuffled, tiny, engine)), _without_goals(report))


COUNTS = [
    "engagement_score", "social_engagement", "sales_conversations", "target_accounts", "multi_threading",
    "marketing_qualified_accounts", "target_candidates", "accounts_entering_pipeline", "program_cost",
]  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("cut", ["tier", "program"])
def test_the_parts_of_a_cut_add_up(report: pd.DataFrame, name: str, cut: str) -> None:
    """What is counted or summed is the sum over a cut's values: nothing is lost, nothing counted twice."""
    mine = report[(report["name"] == name) & (report["measure"] == "value") & report["part"].isna()]
    parts = mine[mine[cut].notna()].groupby("period_from")["value"].sum()
    whole = mine[mine["cut"] == "all"].set_index("period_from")["value"]
    pd.testing.assert_series_equal(parts, whole, check_names=False)


def test_mixes_sum_to_one(report: pd.DataFrame) -> None:
    """The parts of a mix are all of it."""
    mixes = ["engagement_level", "funnel_level_mix", "traffic_source_mix", "digital_physical_mix"]
    found = report[report["name"].isin(mixes) & report["value"].notna()]
    sums = found.groupby(["name", "cut", "period_from"])["value"].sum()
    assert len(sums) > len(mixes)
    assert sums.to_numpy() == pytest.approx(1.0)


def test_intervals_hold_their_value(report: pd.DataFrame) -> None:
    """Where there is an interval, the value lies in it."""
    found = report[report["low"].notna() & report["high"].notna()]
    assert len(found) > 100
    assert (found["low"] <= found["value"] + 1e-9).all()
    assert (found["value"] <= found["high"] + 1e-9).all()


@pytest.mark.parametrize("absent", OPTIONAL)
def test_without_a_table(frames: Frames, tiny: Any, engine: Engine, absent: str) -> None:
    """Each KPI that needs it is listed as not available and says what it needs; the others still run."""
    without = Frames({name: rows for name, rows in frames.items() if name != absent})
    seen = Seen(tiny(without), TERMS, AS_OF, PERIODS, engine)
    found = kpi_report(Measuring(seen), tuple(KPIS))
    assert found.unavailable.pop("goal_attainment") == "not available: needs goals in the configuration"
    assert set(found.unavailable.values()) <= {f"not available: needs table {absent}"}
    named = {kpi.name for kpi in KPIS if any(need.split(".")[0] == absent for need in kpi.needs)}
    assert named <= set(found.unavailable)
    assert set(found.rows["name"]) == set(KPIS.names)


def test_without_a_column(frames: Frames, tiny: Any, engine: Engine) -> None:
    """A column in which no row says anything is one that the source does not have."""
    accounts = frames["accounts"].assign(in_tam=None)
    seen = Seen(tiny(Frames({**frames, "accounts": accounts})), TERMS, AS_OF, PERIODS, engine)
    found = kpi_report(Measuring(seen), (KPIS["influenced_accounts"],))
    assert found.unavailable == {"influenced_accounts": "not available: needs column accounts.in_tam"}


@pytest.mark.parametrize("accounts", [0, 1])
def test_a_company_without_rows(tiny: Any, engine: Engine, accounts: int) -> None:
    """Empty tables give no error: counts are 0, rates are empty, nothing is infinite."""
    frames = company(np.random.default_rng(1), accounts, dict.fromkeys(OPTIONAL, 0))
    rows = _report(frames, tiny, engine)
    assert not np.isinf(rows["value"].to_numpy()).any()
    shares = rows[(rows["unit"] == "share") & (rows["of"] == 0)]
    assert len(shares) > 10
    assert shares["value"].isna().all()


def test_goals_of_an_account() -> None:
    """A goal of a cut comes before one of all; one of a cut that tells no accounts apart holds for none."""
    accounts = pd.DataFrame({"tier": ["1", "2", None], "program": ["in", "out", "in"]})
    goals = {"penetration_rate": {"all": 0.4, "tier=1": 0.6, "country=DE": 0.9}, "win_rate": {"program=in": 0.5}}
    rate, win = {"penetration_rate": 0.4}, {"win_rate": 0.5}
    assert goals_by_account(accounts, goals) == [{"penetration_rate": 0.6, **win}, rate, rate | win]


def test_goals(report: pd.DataFrame) -> None:
    """A goal stands beside the value of its cut, met or missed; lower is better for churn; two of three are met."""
    found = report[report["goal"].notna()].groupby(["name", "cut"])["met"].agg(["all", "any"])
    assert found.loc[("penetration_rate", "all")].all()
    assert not found.loc[("penetration_rate", "tier=1")].any()
    attained = report[(report["name"] == "goal_attainment") & (report["cut"] == "all")]
    assert (attained["of"] == 3).all()


def test_goals_are_measured_whatever_is_shown(frames: Frames, tiny: Any, engine: Engine) -> None:
    """How many goals are met does not depend on what is shown, nor on how a cut is spelled; a goal's row is shown."""
    seen = Seen(tiny(frames), TERMS, AS_OF, PERIODS, engine)
    goals = {"engagement_score": {"tier=1": 0.0, "industry=Retail,tier=1": 0.0, "all": 1e9}}
    found = kpi_report(Measuring(seen), (KPIS["goal_attainment"], KPIS["engagement_score"]), (), goals).rows
    whole = found[(found["name"] == "goal_attainment") & (found["cut"] == "all")]
    assert whole["of"].tolist() == [3, 3]
    assert whole["value"].tolist() == pytest.approx([2 / 3, 2 / 3])
    assert set(found.loc[found["goal"].notna(), "cut"]) == {"all", "tier=1", "tier=1, industry=Retail"}


def test_goals_are_checked() -> None:
    """A goal of an unknown cut, or of one that makes no sense, is refused by name."""
    check_goals({"penetration_rate": {"tier=1": 0.6, "all": 0.5, "tier=1, industry=Software": 0.7}})
    with pytest.raises(UnknownName, match="mean 'tier'"):
        check_goals({"penetration_rate": {"teir=1": 0.6}})
    with pytest.raises(ConfigError, match="it has no goal of its own"):
        check_goals({"goal_attainment": {"all": 0.8}})
    with pytest.raises(ConfigError, match="this KPI cannot be cut by campaign"):
        check_goals({"penetration_rate": {"campaign=x": 0.6}})


def test_cuts_are_checked() -> None:
    """An unknown cut is answered with the nearest; one that makes no sense for a KPI is refused by name."""
    assert parse_cuts(["tier", "industry, tier", "tier"]) == (("tier",), ("tier", "industry"))
    with pytest.raises(UnknownName, match="mean 'industry'"):
        parse_cuts(["indutsry"])
    with pytest.raises(ConfigError, match="penetration_rate cannot be cut by campaign"):
        refuse_impossible_cuts((KPIS["penetration_rate"],), (("campaign",),))
    with pytest.raises(ConfigError, match="win_rate_lift cannot be cut by account"):
        refuse_impossible_cuts((KPIS["win_rate_lift"],), (("account",),))


def test_crossed_cuts_add_up(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Crossed cuts are the cells of both: their sums are those of either."""
    seen = Seen(tiny(frames), TERMS, AS_OF, PERIODS, engine)
    cuts = (("tier",), ("tier", "industry"))
    rows = kpi_report(Measuring(seen), (KPIS["engagement_score"],), cuts).rows
    crossed = rows[rows["industry"].notna()].groupby(["tier", "period_from"])["value"].sum()
    alone = rows[rows["tier"].notna() & rows["industry"].isna()].set_index(["tier", "period_from"])["value"]
    pd.testing.assert_series_equal(crossed.sort_index(), alone.sort_index(), check_names=False)


def test_by_account_is_the_report_by_account(frames: Frames, tiny: Any, engine: Engine) -> None:
    """The wide table holds what the long one says of each account; its engagement score is the rule's."""
    span = (Period.of(AS_OF - dt.timedelta(days=TERMS.engagement.window_days), AS_OF),)
    tables = tiny(frames)
    measuring = Measuring(Seen(tables, TERMS, AS_OF, span, engine))
    wide = account_table(measuring).set_index("account_id")
    long = kpi_report(measuring, tuple(KPIS), (("account",),)).rows
    long = long[(long["measure"] == "value") & long["part"].isna() & long["account"].isin(wide.index)]
    for name, mine in long.groupby("name"):
        assert wide.loc[mine["account"], name].tolist() == pytest.approx(mine["value"].tolist(), nan_ok=True)
    rule = engine.compute(rule_scores(tables, TERMS, spine(tables, [AS_OF], engine))).to_pandas()
    scores = rule.set_index("account_id")["engagement_score"]
    assert wide["engagement_score"].fillna(0).to_dict() == scores.to_dict()


def test_periods_of_the_calendar() -> None:
    """Whole quarters; the last ends with the end, and is compared with as much of the one before."""
    found = calendar("quarter", dt.datetime(2025, 11, 20), dt.datetime(2026, 1, 11))
    assert [(each.begin, each.end) for each in found] == [
        (dt.datetime(2025, 10, 1), dt.datetime(2026, 1, 1)), (dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 11)),
    ]  # fmt: skip
    assert (found[1].begin_before, found[1].end_before) == (dt.datetime(2025, 10, 1), dt.datetime(2025, 10, 11))
    assert found[0].begin_before == dt.datetime(2025, 7, 1)
    (march,) = calendar("month", dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 31))
    assert march.end_before == march.begin
