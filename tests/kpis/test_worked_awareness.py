"""Worked examples of the KPIs of awareness, with the numbers of the KPI catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.kpis.grains.accounts import qualifying_points
from abm_ml.tables import Engagement, Terms
from abm_ml.timeline import Period

MAY = Period.of(dt.datetime(2026, 5, 1), dt.datetime(2026, 6, 1))
JUNE = Period.of(dt.datetime(2026, 6, 1), dt.datetime(2026, 7, 1))
DAY = "2026-06-10"


def _accounts(number: int, **facts: Any) -> list[dict[str, Any]]:
    """Accounts a0, a1, ... that are targets outside the program, or what `facts` say."""
    usual = {"is_target": True, "in_program": False, "created_at": "2024-01-01"}
    return [{"account_id": f"a{n}", **usual, **facts} for n in range(number)]


def _did(account: int, kind: str, day: str = DAY, **facts: Any) -> dict[str, Any]:
    usual = {"channel": "web", "side": "marketing", "contact_id": None}
    return {"account_id": f"a{account}", "kind": kind, "happened_at": day, **usual, **facts}


@pytest.fixture
def measured(tiny: Any, engine: Engine) -> Any:
    """The rows of one KPI of a company of accounts, engagements and more, over June 2026."""

    def measure(
        name: str, accounts: Sequence[Any], did: Sequence[Any], *, more: Mapping[str, Any] | None = None,
        periods: tuple[Period, ...] = (JUNE,), cut: tuple[str, ...] = (),
    ) -> pd.DataFrame:  # fmt: skip
        engagements = [{"engagement_id": str(n), **row} for n, row in enumerate(did)]
        tables = tiny({"accounts": accounts, "engagements": engagements, **(more or {})})
        seen = Seen(tables, Terms(), periods[-1].end, periods, engine)
        return kpi_report(Measuring(seen), [KPIS[name]], [cut] if cut else []).rows

    return measure


def _value(rows: pd.DataFrame, measure: str = "value") -> float:
    """The measure of all accounts in the last period."""
    return float(rows[(rows["cut"] == "all") & (rows["measure"] == measure)].iloc[-1]["value"])


def test_engagement_level(measured: Any) -> None:
    """K02: 20 points are warm, 50 hot, 100 red hot; 90 days before the period's end count, the day before does not."""
    did = [_did(1, "demo_request")] * 2 + [_did(2, "demo_request")] * 5 + [_did(3, "demo_request", "2026-04-02")] * 10
    rows = measured("engagement_level", _accounts(4), [*did, _did(0, "demo_request", "2026-04-01")])
    assert rows.set_index("part")["value"].to_dict() == {"cold": 0.25, "warm": 0.25, "hot": 0.25, "red_hot": 0.25}


def test_site_visit_reach(measured: Any) -> None:
    """K06: visits of 7 of 25 target accounts are 28 %; one visit of an account that is no target does not count."""
    accounts = [*_accounts(25), {**_accounts(1)[0], "account_id": "a25", "is_target": False}]
    rows = measured("site_visit_reach", accounts, [_did(n, "web_visit") for n in (*range(7), 25)])
    assert _value(rows) == pytest.approx(0.28)


def test_site_visit_reach_after_three_months(measured: Any) -> None:
    """K06: of the targets whose first 90 days in the program ended in June, those who visited in these 90 days."""
    begun = ["2026-03-03", "2026-03-10", "2026-03-10", "2026-04-01", "2026-04-02"]
    accounts = [{**row, "program_from": day} for row, day in zip(_accounts(5), begun, strict=True)]
    did = [_did(0, "web_visit", "2026-03-03"), _did(1, "web_visit", "2026-03-09"), _did(2, "web_visit", "2026-06-08")]
    rows = measured("site_visit_reach", accounts, [*did, _did(3, "email_open"), _did(4, "web_visit")])
    # a0 visited on its first day; a1 the day before, a2 on the 90th day after: too early and too late; a4 is not over.
    assert _value(rows, "three_months") == pytest.approx(1 / 4)


def test_awareness_rate(measured: Any) -> None:
    """K07: 3 of 5 targets are aware: an open, a visit, an ad view; a click alone does not show it, May neither."""
    did = [_did(0, "email_open"), _did(1, "web_visit"), _did(2, "ad_impression"), _did(3, "ad_click")]
    rows = measured("awareness_rate", _accounts(5), [*did, _did(4, "web_visit", "2026-05-31")])
    assert _value(rows) == pytest.approx(0.60)


def test_awareness_surge(measured: Any) -> None:
    """K08: 30 visits of the last 7 days against a mean of 10 in the four weeks before are 3.0 times: flagged."""
    week = [_did(0, "web_visit", "2026-06-24")] * 30 + [_did(0, "web_visit", "2026-07-01")]
    before = [_did(0, "web_visit", "2026-05-27")] * 20 + [_did(0, "web_visit", "2026-06-23")] * 20
    earlier = [_did(0, "web_visit", "2026-05-26")] * 9
    few = [_did(1, "web_visit", "2026-06-30")] * 4
    rows = measured("awareness_surge", _accounts(2), [*week, *before, *earlier])
    assert (_value(rows), _value(rows, "flagged")) == (pytest.approx(3.0), 1)
    rows = measured("awareness_surge", _accounts(2), [*week, *before, *earlier, *few], cut=("account",))
    surges = rows[rows["measure"] == "value"].set_index("account")["value"]
    assert surges["a0"] == pytest.approx(3.0)
    # Nothing before is no ratio, and 4 visits are too few for a surge.
    assert pd.isna(surges["a1"])
    assert _value(rows, "flagged") == 1
    assert _value(measured("awareness_surge", _accounts(2), [*few, few[0]]), "flagged") == 1


def test_engaged_account_rate(measured: Any) -> None:
    """K09: 30 of 120 targets engaged are 25 %; one visit is too little, two are enough."""
    did = [_did(n, "form_fill") for n in range(29)] + [_did(29, "web_visit")] * 2 + [_did(30, "web_visit")]
    did += [_did(31, "ad_impression"), _did(32, "form_fill", "2026-07-01")]
    assert _value(measured("engaged_account_rate", _accounts(120), did)) == pytest.approx(0.25)


def test_engagement_growth(measured: Any) -> None:
    """K10: 40 points in the last 90 days against 20 in the 90 days before the program are 2.0 times."""
    accounts = [*_accounts(1, program_from="2026-02-01"), {**_accounts(1)[0], "account_id": "a1"}]
    did = [_did(0, "demo_request", "2025-11-03"), _did(0, "demo_request", "2026-01-31")]
    did += [_did(0, "demo_request")] * 4 + [_did(0, "demo_request", "2026-02-01"), _did(1, "demo_request")]
    rows = measured("engagement_growth", accounts, [*did, _did(0, "demo_request", "2025-11-02")], cut=("cohort",))
    assert _value(rows) == pytest.approx(2.0)
    assert rows.set_index("cut")["value"]["cohort=2026Q1"] == pytest.approx(2.0)


def test_engagement_growth_needs_a_start(measured: Any) -> None:
    """K10: nothing before the program is no ratio, and an account that left the program does not count."""
    accounts = _accounts(1, program_from="2026-02-01", program_to="2026-06-30")
    did = [_did(0, "demo_request", "2026-01-31"), _did(0, "demo_request")]
    assert pd.isna(_value(measured("engagement_growth", accounts, did)))


def test_engagement_growth_counts_dated_entries_only(measured: Any) -> None:
    """K10: an account of the program without a date of entry counts neither now nor at the start."""
    accounts = [*_accounts(1, program_from="2026-02-01"), {**_accounts(2)[1], "in_program": True}]
    did = [_did(0, "demo_request", "2026-01-31"), *[_did(0, "demo_request")] * 2, *[_did(1, "demo_request")] * 5]
    assert _value(measured("engagement_growth", accounts, did)) == pytest.approx(2.0)


def test_marketing_qualified_accounts(measured: Any) -> None:
    """K21: 2 of 8 targets have 50 points or more: 2 accounts, 25 %; an account that is no target does not count."""
    accounts = [*_accounts(8), {**_accounts(1)[0], "account_id": "a8", "is_target": False}]
    did = [_did(n, "demo_request") for n in (0, 1, 8)] * 5 + [_did(2, "demo_request")] * 4 + [_did(2, "call")]
    rows = measured("marketing_qualified_accounts", accounts, did)
    assert (_value(rows), _value(rows, "share")) == (2, pytest.approx(0.25))


@pytest.mark.parametrize(
    ("levels", "points"), [({"warm": 5, "hot": 7}, 7), ({"a": 5, "b": 7, "c": 9}, 7), ({"interested": 5}, 5)]
)
def test_the_points_that_qualify(levels: Mapping[str, float], points: float) -> None:
    """K21: those of the level hot; without one of the second-highest level, or of the only one."""
    assert qualifying_points(Terms(engagement=Engagement(levels=dict(levels)))) == points


def test_repeat_engagement_rate(measured: Any) -> None:
    """K23: 1 of 4 active accounts came back in another block of 7 days; what has no points does not count."""
    did = [_did(0, "email_open", "2026-06-07"), _did(0, "email_open", "2026-06-08")]
    did += [_did(1, "email_open", "2026-06-08"), _did(1, "email_open", "2026-06-14")]
    did += [_did(2, "email_open", "2026-05-31"), _did(2, "email_open")]
    did += [_did(3, "email_open"), _did(3, "email_sent", "2026-06-28"), _did(4, "email_sent")]
    assert _value(measured("repeat_engagement_rate", _accounts(5), did)) == pytest.approx(0.25)


def test_reputation_index(measured: Any) -> None:
    """K25: two accounts, one with 2 shares and one without any, are +1 and -1 in social, 0 in the mean."""
    rows = measured("reputation_index", _accounts(2), [_did(0, "social_share")] * 2, cut=("account",))
    social = rows[rows["measure"] == "social"].set_index("cut")["value"]
    assert social.to_dict() == {"all": 0, "account=a0": 1, "account=a1": -1}
    # brand is not known, social is 1, events and visits are alike: (1 + 0 + 0) / 3.
    index = rows[rows["measure"] == "value"].set_index("cut")["value"]
    assert index["account=a0"] == pytest.approx(1 / 3, abs=1e-6)
    assert rows[rows["measure"] == "brand"]["value"].isna().all()


def test_reputation_index_has_brand_surveys(measured: Any) -> None:
    """K25: brand surveys answered in the period, 9 and 5 against 3, are +1 and -1; an nps answer does not count."""
    answers = [(0, "brand", 9), (0, "brand", 5), (1, "brand", 3), (1, "nps", 10)]
    surveys = [
        {"survey_id": str(n), "account_id": f"a{account}", "kind": kind, "score": score, "sent_at": "2026-05-20",
         "answered_at": DAY, "known_at": DAY}
        for n, (account, kind, score) in enumerate(answers)
    ]  # fmt: skip
    rows = measured("reputation_index", _accounts(3), [], more={"surveys": surveys}, cut=("account",))
    brand = rows[rows["measure"] == "brand"].set_index("cut")["value"]
    assert (brand["account=a0"], brand["account=a1"]) == (1, -1)
    assert pd.isna(brand["account=a2"])


def test_reputation_index_counts_new_visitors(measured: Any) -> None:
    """K25: visits count for people who never visited before the period; standardised over all periods of the report."""
    did = [_did(0, "web_visit", contact_id="old"), _did(0, "web_visit", "2026-04-30", contact_id="old")]
    did += [_did(0, "web_visit", contact_id="new"), _did(0, "web_visit", "2026-06-20", contact_id="new")]
    rows = measured("reputation_index", _accounts(1), did, periods=(MAY, JUNE))
    # 0 new visits in May, 2 in June: mean 1, deviation 1.
    assert rows[rows["measure"] == "visits"]["value"].to_list() == [-1, 1]


def test_target_accounts(measured: Any) -> None:
    """K33: 120 targets of 2 salespeople are 60 each; the owner of an account that is no target does not count."""
    accounts = [{**row, "owner_id": f"s{n % 2}"} for n, row in enumerate(_accounts(120))]
    accounts.append({**accounts[0], "account_id": "other", "is_target": False, "owner_id": "s9"})
    rows = measured("target_accounts", accounts, [])
    assert (_value(rows), _value(rows, "per_seller")) == (120, 60)


def test_target_accounts_without_an_owner(measured: Any) -> None:
    """K33: of 3 targets 1 has an owner: 1 per seller; where nobody owns any it is not known."""
    accounts = _accounts(3)
    assert pd.isna(_value(measured("target_accounts", accounts, []), "per_seller"))
    accounts[0]["owner_id"] = "s0"
    rows = measured("target_accounts", accounts, [])
    assert (_value(rows), _value(rows, "per_seller")) == (3, 1)


def test_target_accounts_need_no_engagements(tiny: Any, engine: Engine) -> None:
    """K33: a company without engagements has target accounts; what it needs for the others is said."""
    seen = Seen(tiny({"accounts": _accounts(3)}), Terms(), JUNE.end, (JUNE,), engine)
    report = kpi_report(Measuring(seen), [KPIS["target_accounts"], KPIS["awareness_rate"]])
    assert _value(report.rows[report.rows["name"] == "target_accounts"]) == 3
    assert report.unavailable == {"awareness_rate": "not available: needs table engagements"}


def test_influenced_accounts(measured: Any) -> None:
    """K41: 60 of 500 accounts in the addressable market engaged are 12 %; others and unknown ones are outside it."""
    accounts = _accounts(502, in_tam=True, is_target=False)
    accounts[500]["in_tam"], accounts[501]["in_tam"] = False, None
    rows = measured("influenced_accounts", accounts, [_did(n, "email_reply") for n in (*range(60), 500, 501)])
    assert _value(rows) == pytest.approx(0.12)
