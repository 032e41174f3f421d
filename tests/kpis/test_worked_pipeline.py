"""Worked examples of the KPIs of the pipeline, with the numbers of the KPI catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.tables import Engagement, Terms
from abm_ml.timeline import Period

AS_OF = dt.datetime(2026, 8, 1)
SPRING = Period.of(dt.datetime(2026, 4, 1), dt.datetime(2026, 7, 1))
BEGIN, INSIDE, LAST, END = "2026-04-01", "2026-05-01", "2026-06-30", "2026-07-01"
NAMES = ("inside", "outside", "other", "stranger")
Rows = list[dict[str, Any]]
Measure = Callable[..., pd.DataFrame]


def account(name: str, **facts: Any) -> dict[str, Any]:
    """A target account; only the one called inside is in the program, from 2026 on."""
    begun = "2026-01-01" if name == "inside" else None
    return {
        "account_id": name, "created_at": "2024-01-01", "is_target": True, "in_program": begun is not None,
        "program_from": begun, **facts,
    }  # fmt: skip


def deal(number: int, name: str = "inside", *, closed: str | None = INSIDE, **facts: Any) -> Rows:
    """So many deals, opened in March and won on the 1st of May for 20,000 EUR."""
    row = {
        "account_id": name, "kind": "new", "opened_at": "2026-03-01", "closed_at": closed,
        "outcome": "won" if closed else None, "amount": 20_000, "currency": "EUR",
    }  # fmt: skip
    return [row | facts] * number


def cycle(days: float, name: str = "inside", **facts: Any) -> Rows:
    """A deal won on the 1st of May, so many days after the first contact."""
    first = dt.datetime(2026, 5, 1) - dt.timedelta(days=days)
    return deal(1, name, **{"opened_at": first, "first_contact_at": first, **facts})


def touch(number: int, kind: str, at: str = INSIDE, *, name: str = "inside", **facts: Any) -> Rows:
    """So many engagements with marketing on the web."""
    row = {"account_id": name, "kind": kind, "channel": "web", "side": "marketing", "happened_at": at}
    return [row | facts] * number


def moves(name: str, *steps: tuple[str, str]) -> Rows:
    """An account's entries into stages: (stage, time)."""
    return [{"account_id": name, "stage": stage, "happened_at": time} for stage, time in steps]


@pytest.fixture
def measure(tiny: Any, engine: Engine) -> Measure:
    """The report of one KPI over April to June, as known in August."""

    def report(
        name: str, *, deals: Sequence[Any] = (), touches: Sequence[Any] = (), stages: Sequence[Any] = (),
        accounts: Sequence[Any] | None = None, by: str | None = None, **more: Sequence[Any],
    ) -> pd.DataFrame:  # fmt: skip
        tables: dict[str, Sequence[Mapping[str, Any]]] = {
            "accounts": accounts or [account(each) for each in NAMES],
            "opportunities": [{"opportunity_id": f"o{n}", **row} for n, row in enumerate(deals)],
            "engagements": [{"engagement_id": f"e{n}", **row} for n, row in enumerate(touches)],
            "stage_changes": stages,
        }
        terms = Terms(engagement=Engagement(window_days=30))
        seen = Seen(tiny(tables | more), terms, AS_OF, (SPRING,), engine)
        return kpi_report(Measuring(seen), (KPIS[name],), [(by,)] if by else []).rows

    return report


def whole(rows: pd.DataFrame) -> Any:
    """The measures of all accounts; the value itself where it is the only one."""
    rows = rows[(rows["cut"] == "all") & rows["part"].isna()]
    found = {str(measure): number(value) for measure, value in zip(rows["measure"], rows["value"], strict=True)}
    return found if len(found) > 1 else found["value"]


def parts(rows: pd.DataFrame, measure: str = "value") -> dict[str, Any]:
    """A measure of all accounts by part."""
    rows = rows[(rows["cut"] == "all") & rows["part"].notna() & (rows["measure"] == measure)]
    return {str(part): number(value) for part, value in zip(rows["part"], rows["value"], strict=True)}


def cuts(rows: pd.DataFrame, by: str) -> dict[str, Any]:
    """The value itself by cut."""
    rows = rows[rows["cut"].str.startswith(f"{by}=") & rows["part"].isna() & (rows["measure"] == "value")]
    return {str(cut): number(value) for cut, value in zip(rows[by], rows["value"], strict=True)}


def number(value: float) -> Any:
    """A number to compare with, None where there is none."""
    return None if pd.isna(value) else pytest.approx(value)


def test_channels_before_purchase(measure: Measure) -> None:
    """K20: buyers touched on 6 and on 10 channels before their deals were won make 8; at the closing is too late."""
    before = [
        row
        for name, channels in (("inside", 6), ("outside", 10))
        for n in range(channels)
        for row in touch(2, "email_sent", "2025-01-01", name=name, channel=f"c{n}")
    ]
    late = touch(1, "call", INSIDE, channel="phone")
    deals = [*deal(1), *deal(1, "outside"), *deal(1, "other", outcome="lost"), *deal(1, "other", closed=None)]
    assert whole(measure("channels_before_purchase", deals=deals, touches=before + late)) == 8
    assert whole(measure("channels_before_purchase", deals=deal(1), touches=late)) == 0


def test_progression_rate(measure: Measure) -> None:
    """K39: 5 of 20 accounts went on from awareness = 25 %; one at the period's end did not."""
    names = [f"a{n}" for n in range(20)]
    stages = [row for name in names[:10] for row in moves(name, ("awareness", "2026-01-01"))]
    stages += [row for name in names[10:] for row in moves(name, ("awareness", INSIDE))]
    stages += [row for name in names[6:11] for row in moves(name, ("consideration", LAST))]
    stages += moves("a0", ("consideration", END))
    found = measure("progression_rate", stages=stages, accounts=[account(name) for name in names])
    assert parts(found) == {"awareness": 0.25, "consideration": 0}
    assert whole(found) == {"value": 5 / 25, "skipped": 0, "moved_back": 0}


def test_progression_rate_of_skips_and_moves_back(measure: Measure) -> None:
    """K39: a skip counts as advancing and a later return does not undo it; the last stage has no rate."""
    stages = moves("inside", ("awareness", BEGIN), ("evaluation", INSIDE), ("awareness", LAST))
    stages += moves("outside", ("decision", "2025-01-01"), ("evaluation", INSIDE), ("odd", LAST))
    # Entered at one instant: it went through consideration and skipped nothing.
    stages += moves("other", ("consideration", INSIDE), ("awareness", BEGIN), ("evaluation", INSIDE))
    found = measure("progression_rate", stages=stages)
    assert parts(found) == {"awareness": 1, "consideration": 1, "evaluation": 0, "decision": None}
    assert parts(found, "skipped") == {"awareness": 1, "consideration": 0, "evaluation": 0, "decision": 0}
    assert parts(found, "moved_back") == {"awareness": 0, "consideration": 0, "evaluation": 1, "decision": 1}
    assert whole(found) == {"value": 3 / 6, "skipped": 1, "moved_back": 2}


def test_progression_rate_by_program(measure: Measure) -> None:
    """K39: an account counts where it stood when it entered the stage, or when the period began."""
    accounts = [account("inside", program_from="2026-05-15")]
    stages = moves("inside", ("awareness", "2026-01-01"), ("consideration", "2026-06-01"))
    found = measure("progression_rate", stages=stages, accounts=accounts, by="program")
    assert cuts(found, "program") == {"in": 0, "out": 1}


def test_accounts_entering_pipeline(measure: Measure) -> None:
    """K40: 1 of 3 targets had its first deal in the period; a second deal and one of a stranger do not count."""
    accounts = [account(name, is_target=name != "stranger") for name in NAMES]
    deals = deal(2, "inside", opened_at=BEGIN) + deal(1, "stranger", opened_at=BEGIN)
    deals += deal(1, "outside") + deal(1, "outside", opened_at=BEGIN) + deal(1, "other", opened_at=END, closed=None)
    found = measure("accounts_entering_pipeline", deals=deals, accounts=accounts)
    assert whole(found) == {"value": 1, "share": 1 / 3}


def test_accounts_entering_pipeline_by_program(measure: Measure) -> None:
    """K40: a deal counts where its account stood when it was opened, also where it closed in the program later."""
    accounts = [account("inside", program_from="2026-04-15")]
    found = measure("accounts_entering_pipeline", deals=deal(1, opened_at=BEGIN), accounts=accounts, by="program")
    assert cuts(found, "program") == {"in": 0, "out": 1}


def test_influenced_pipeline(measure: Measure) -> None:
    """K42: 30,000 of 100,000 are 30 %: marketing from 90 days before the opening until the closing counts."""
    deals = deal(1, amount=10_000) + deal(1, "outside", closed=None, amount=20_000) + deal(1, "other", amount=70_000)
    deals += deal(1, outcome="lost", amount=5_000) + deal(1, closed="2026-03-31", amount=5_000)
    touches = touch(1, "web_visit", "2025-12-01") + touch(1, "email_open", LAST, name="outside")
    # Too early, too late, by sales, and without points.
    touches += touch(1, "web_visit", "2025-11-30", name="other") + touch(1, "web_visit", INSIDE, name="other")
    touches += touch(1, "call", BEGIN, name="other", side="sales") + touch(1, "email_sent", BEGIN, name="other")
    found = measure("influenced_pipeline", deals=deals, touches=touches, by="account")
    assert whole(found) == 0.3
    assert cuts(found, "account") == {"inside": 1, "outside": 1, "other": 0, "stranger": None}


def test_win_rate(measure: Measure) -> None:
    """K43: 12 won of 40 closed are 30 %; open deals and what closes when the period has ended do not count."""
    deals = deal(12) + deal(28, outcome="lost") + deal(9, closed=None) + deal(9, closed=END)
    assert whole(measure("win_rate", deals=deals)) == 0.3
    assert whole(measure("win_rate", deals=deal(3, closed=None))) is None


def test_win_rate_is_by_the_program_at_closing(measure: Measure) -> None:
    """K43: a deal opened before the account entered the program and closed within it counts as in."""
    deals = deal(1, opened_at="2025-06-01") + deal(1, outcome="lost") + deal(1, "outside", outcome="lost")
    assert cuts(measure("win_rate", deals=deals, by="program"), "program") == {"in": 0.5, "out": 0}


def test_win_rate_lift(measure: Measure) -> None:
    """K44: 50 % in the program against 40 % outside are 25 % more, or 10 points."""
    deals = deal(5) + deal(5, outcome="lost") + deal(4, "outside") + deal(6, "outside", outcome="lost")
    assert whole(measure("win_rate_lift", deals=deals)) == {"value": 0.25, "points": 0.10}
    assert whole(measure("win_rate_lift", deals=deal(5))) == {"value": None, "points": None}


def test_interaction_conversion_rate(measure: Measure) -> None:
    """K45: 10 conversions of 100 interactions are 10 %; what has no points is no interaction."""
    touches = touch(90, "web_visit") + touch(4, "form_fill") + touch(3, "content_download") + touch(30, "email_sent")
    touches += touch(2, "event_registered", channel="event") + touch(1, "demo_request", channel="mail")
    found = measure("interaction_conversion_rate", touches=[*touches, *touch(5, "demo_request", END)])
    assert whole(found) == 0.10
    assert parts(found) == {"web": 7 / 97, "event": 1, "mail": 1}


def test_average_deal_size(measure: Measure) -> None:
    """K46: 600,000 by 12 deals are 50,000; a deal in another currency counts at the rate of its closing."""
    rates = [{"currency": "USD", "day": "2026-01-01", "rate": 0.9}, {"currency": "USD", "day": BEGIN, "rate": 0.8}]
    deals = deal(5, amount=10_000) + deal(6, amount=85_000) + deal(1, amount=50_000, currency="USD")
    deals += deal(1, amount=None) + deal(1, outcome="lost", amount=1) + deal(1, closed=END, amount=1)
    assert whole(measure("average_deal_size", deals=deals, rates=rates)) == {"value": 50_000, "median": 62_500}


def test_deal_size_lift(measure: Measure) -> None:
    """K47: 60,000 in the program against 50,000 outside are 20 % more; without deals outside there is no lift."""
    inside = deal(1, amount=50_000) + deal(1, amount=70_000)
    assert whole(measure("deal_size_lift", deals=inside + deal(3, "outside", amount=50_000))) == 0.2
    assert whole(measure("deal_size_lift", deals=inside)) is None


def test_sales_cycle_length(measure: Measure) -> None:
    """K48: (30 + 60 + 90) / 3 = 60 days; from the opening where no first contact is known; lost deals do not count."""
    deals = cycle(30) + cycle(60) + cycle(90, first_contact_at=None) + cycle(500, outcome="lost")
    assert whole(measure("sales_cycle_length", deals=deals)) == {"value": 60, "median": 60}
    assert whole(measure("sales_cycle_length", deals=deals + cycle(0.5))) == {"value": 45.125, "median": 45}


def test_sales_cycle_without_a_first_contact_before_the_closing(measure: Measure) -> None:
    """K48: a contact after the closing is no first one, so the 30 days run from the opening; one at the closing is."""
    late, at_once = cycle(30, first_contact_at="2026-05-20"), cycle(30, first_contact_at=INSIDE)
    assert whole(measure("sales_cycle_length", deals=late)) == {"value": 30, "median": 30}
    assert whole(measure("sales_cycle_length", deals=late + at_once)) == {"value": 15, "median": 15}


def test_sales_cycle_saved(measure: Measure) -> None:
    """K49: 80 days outside and 60 in the program: 20 saved; by the account's points in the window before closing."""
    deals = cycle(50) + cycle(70, "other") + cycle(80, "outside") + cycle(80, "stranger")
    accounts = [account(name, program_from="2026-01-01" if name in ("inside", "other") else None) for name in NAMES]
    warm = touch(2, "demo_request", BEGIN) + touch(2, "meeting", "2026-04-30", name="stranger", side="sales")
    late = touch(9, "meeting", "2026-03-31", name="other") + touch(9, "meeting", INSIDE, name="other")
    found = measure("sales_cycle_saved", deals=deals, touches=warm + late, accounts=accounts)
    assert whole(found) == 20
    assert parts(found) == {"warm": 30, "cold": 10}


def test_pipeline_velocity(measure: Measure) -> None:
    """K50: 10 deals x 20,000 x 0.25 / 50 days = 1,000 per day; what closed before or opens later does not count."""
    deals = cycle(50) + deal(3, outcome="lost") + deal(4, closed=None) + deal(2, closed=END)
    assert whole(measure("pipeline_velocity", deals=deals)) == 1_000
    apart = deal(9, closed="2026-03-31") + deal(9, opened_at=END, closed=None)
    assert whole(measure("pipeline_velocity", deals=deals + apart)) == 1_000
    assert whole(measure("pipeline_velocity", deals=deal(4, closed=None))) is None


def test_time_in_stage(measure: Measure) -> None:
    """K51: stays of 10, 20 and 60 days are 30 on average, 20 in the middle; a repeated entry does not begin anew."""
    stages = moves("inside", ("awareness", "2026-04-21"), ("consideration", INSIDE))
    stages += moves("outside", ("awareness", "2026-04-11"), ("awareness", "2026-04-20"), ("decision", INSIDE))
    stages += moves("other", ("awareness", "2026-03-02"), ("consideration", INSIDE), ("awareness", END))
    stages += moves("stranger", ("awareness", BEGIN))
    deals = deal(1, closed="2026-07-15") + deal(1, "other", closed="2026-03-01", opened_at="2026-02-01")
    found = measure("time_in_stage", stages=stages, deals=deals)
    assert parts(found) == {"awareness": 30}
    assert parts(found, "median") == {"awareness": 20}
    assert parts(found, "won") == {"awareness": 10}


def test_without_engagements_deals_still_count(tiny: Any, engine: Engine) -> None:
    """A company without engagements has a win rate, and no influenced pipeline."""
    tables = tiny({"accounts": [account("inside")], "opportunities": [{"opportunity_id": "o", **deal(1)[0]}]})
    seen = Seen(tables, Terms(), AS_OF, (SPRING,), engine)
    found = kpi_report(Measuring(seen), (KPIS["win_rate"], KPIS["influenced_pipeline"]), []).rows
    assert dict(zip(found["name"], found["note"].fillna(""), strict=True)) == {
        "win_rate": "", "influenced_pipeline": "not available: needs table engagements",
    }  # fmt: skip
