"""Worked examples of the KPIs of retention, with the numbers of the catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.tables import Terms
from abm_ml.timeline import Period

YEAR = Period.of(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1))
AS_OF = dt.datetime(2027, 6, 1)
IDS = {
    "orders": "order_id", "contracts": "contract_id", "surveys": "survey_id", "engagements": "engagement_id",
}  # fmt: skip
Row = dict[str, Any]
Measure = Callable[..., Any]


def _accounts(count: int, name: str = "a", **cells: Any) -> list[Row]:
    """Accounts a0, a1, ...; outside the program unless they have a date."""
    facts = {"is_target": True, "in_program": False, "created_at": "2020-01-01", **cells}
    return [{"account_id": f"{name}{n}", **facts} for n in range(count)]


def _contracts(count: int, name: str = "a", **cells: Any) -> list[Row]:
    """A contract of each of so many accounts, from 2025 to 2028."""
    facts = {"started_at": "2025-01-01", "ends_at": "2028-01-01", "total_value": 1, "currency": "EUR", **cells}
    return [{"account_id": f"{name}{n}", **facts} for n in range(count)]


def _orders(count: int, kind: str, amount: float, day: str = "2026-06-01", name: str = "a") -> list[Row]:
    facts = {"happened_at": day, "amount": amount, "currency": "EUR", "kind": kind}
    return [{"account_id": f"{name}{n}", **facts} for n in range(count)]


def _answers(kind: str, *scores: float, day: str = "2026-06-02", **cells: Any) -> list[Row]:
    facts = {"account_id": "a0", "kind": kind, "sent_at": "2025-12-01", "answered_at": day, **cells}
    return [{"score": score, **facts} for score in scores]


@pytest.fixture
def measure(tiny: Any, engine: Engine) -> Measure:
    """`measure("nps", accounts=..., surveys=[...])`: the measures of a KPI over 2026; with `cut`, the values by cut."""

    def of(name: str, *, cut: str | None = None, **tables: Sequence[Row]) -> dict[str, float]:
        rows = {
            table: [{IDS[table]: str(n), **row} for n, row in enumerate(given)] if table in IDS else given
            for table, given in tables.items()
        }
        seen = Seen(tiny(rows), Terms(currency="EUR"), AS_OF, (YEAR,), engine)
        report = kpi_report(Measuring(seen), [KPIS[name]], [(cut,)] if cut else []).rows
        if cut:
            report = report[(report["measure"] == "value") & report[cut].notna()]
            return dict(zip(report[cut], report["value"], strict=True))
        return dict(zip(report["measure"], report["value"], strict=True))

    return of


def _three_of_sixty_leave() -> list[Row]:
    """60 clients: one contract runs out, two are cancelled; another begins in the period and is lost in it again."""
    ended = {"ends_at": "2026-05-01"}, {"cancelled_at": "2026-02-01"}, {"cancelled_at": "2026-12-31"}
    rows = [{**row, **(ended[n] if n < 3 else {})} for n, row in enumerate(_contracts(60))]
    return rows + _contracts(1, "won", started_at="2026-02-01", ends_at="2026-03-01")


def test_churn_rate(measure: Measure) -> None:
    """K60: 3 of 60 clients lost are 5 %; who is won within the period does not enter."""
    accounts = _accounts(60) + _accounts(1, "won")
    assert measure("churn_rate", accounts=accounts, contracts=_three_of_sixty_leave()) == {"value": pytest.approx(0.05)}


def test_churn_rate_at_the_edges(measure: Measure) -> None:
    """K60: a contract ending with the period is still running then; one cancelled at its end is known only later."""
    contracts = _contracts(1, ends_at="2027-01-01") + _contracts(1, "b", cancelled_at="2027-01-01")
    contracts += _contracts(1, "c", started_at="2026-01-01", ends_at="2026-02-01")
    accounts = _accounts(1) + _accounts(1, "b") + _accounts(1, "c")
    assert measure("churn_rate", accounts=accounts, contracts=contracts) == {"value": 0}


def test_churn_reduction(measure: Measure) -> None:
    """K61: 1 of 4 lost out of the program, 1 of 10 in it: 15 points; who leaves the program later still is in it."""
    inside = {"program_from": "2025-01-01", "program_to": "2026-02-01"}
    contracts = _contracts(3) + _contracts(9, "in")
    contracts += [{**row, "account_id": account, "cancelled_at": "2026-06-01"}
                  for row, account in zip(_contracts(2), ("a3", "in9"), strict=True)]  # fmt: skip
    accounts = _accounts(4) + _accounts(10, "in", **inside)
    assert measure("churn_reduction", accounts=accounts, contracts=contracts) == {"value": pytest.approx(0.15)}


def test_retention_rate(measure: Measure) -> None:
    """K62: 57 of 60 clients kept are 95 %."""
    found = measure("retention_rate", accounts=_accounts(61), contracts=_three_of_sixty_leave())
    assert found == {"value": pytest.approx(0.95)}


def test_upsell_rate(measure: Measure) -> None:
    """K63: 8 of 40 accounts with an upsell are 20 %; two upsells of one account count once, earlier ones not."""
    orders = _orders(8, "upsell", 10) + _orders(3, "upsell", 10) + _orders(20, "upsell", 10, "2025-12-31")
    orders += _orders(10, "renewal", 5, name="b")
    accounts = _accounts(30) + _accounts(10, "b") + _accounts(5, "quiet")
    found = measure("upsell_rate", accounts=accounts, contracts=_contracts(30), orders=orders)
    assert found == {"value": pytest.approx(0.2)}


@pytest.mark.parametrize("kind", ["upsell", "cross_sell"])
def test_sell_rates_by_program(measure: Measure, kind: str) -> None:
    """K63, K65: in the program by the first order of the period, so are those created in it; else by its beginning.

    In: a new account that bought more, and a client that joined before it ordered. Out: a client that joined later.
    """
    accounts = _accounts(1, "new", in_program=True, created_at="2026-03-01")
    accounts += _accounts(1, "joined", program_from="2026-02-01") + _accounts(1, "quiet", program_from="2026-02-01")
    orders = _orders(1, kind, 10, name="new") + _orders(1, "new", 10, name="joined")
    orders += _orders(1, kind, 10, "2026-12-31", name="joined")
    found = measure(f"{kind}_rate", cut="program", accounts=accounts, contracts=_contracts(1, "quiet"), orders=orders)
    assert found == {"in": 1, "out": 0}


def test_upsell_revenue_rate(measure: Measure) -> None:
    """K64: 30k of 200k are 15 %; credits lessen the revenue."""
    orders = _orders(3, "upsell", 10_000) + _orders(2, "new", 90_000) + _orders(1, "credit", -10_000)
    assert measure("upsell_revenue_rate", accounts=_accounts(3), orders=orders) == {"value": pytest.approx(0.15)}


def test_cross_sell_rate(measure: Measure) -> None:
    """K65: 6 of 40 accounts are 15 %, their 20k of 200k are 10 % of the revenue."""
    orders = _orders(5, "cross_sell", 2_000) + _orders(6, "cross_sell", 0) + _orders(1, "cross_sell", 10_000)
    orders += _orders(40, "new", 4_500)
    found = measure("cross_sell_rate", accounts=_accounts(40), orders=orders)
    assert found == {"value": pytest.approx(0.15), "revenue_rate": pytest.approx(0.1)}


def test_installed_base_growth(measure: Measure) -> None:
    """K66: 110k after 100k from the clients of the period's start are +10 %; what new clients buy is not theirs."""
    orders = _orders(2, "new", 50_000, "2025-06-01") + _orders(2, "upsell", 55_000) + _orders(1, "new", 9, name="late")
    accounts = _accounts(2) + _accounts(1, "late")
    contracts = _contracts(2) + _contracts(1, "late", started_at="2026-01-01")
    found = measure("installed_base_growth", accounts=accounts, contracts=contracts, orders=orders)
    assert found == {"value": pytest.approx(0.1)}


def test_installed_base_growth_after_credits_only(measure: Measure) -> None:
    """K66: what clients buy after a credit is no growth: there was nothing to grow from."""
    orders = _orders(1, "credit", -50, "2025-06-01") + _orders(1, "new", 100)
    found = measure("installed_base_growth", accounts=_accounts(1), contracts=_contracts(1), orders=orders)
    assert found == {"value": pytest.approx(float("nan"), nan_ok=True)}


def test_nps(measure: Measure) -> None:
    """K67: 50 % promoters less 20 % detractors are 30; other surveys and answers after the period do not count."""
    surveys = _answers("nps", 9, 10, 9, 10, 9, 7, 8, 8, 0, 6) + _answers("csat", 0, 0)
    surveys += _answers("nps", 0, day="2027-01-01") + _answers("nps", 0, day="2027-07-01")
    found = measure("nps", accounts=_accounts(1), surveys=surveys)
    assert found == {"value": 30, "promoters": 0.5, "detractors": 0.2, "answers": 10}


def test_csat(measure: Measure) -> None:
    """K68: 16 of 20 answers score 8 or more: 80 %."""
    surveys = _answers("csat", *[8] * 10, *[10] * 6, *[7] * 4) + _answers("nps", 0)
    assert measure("csat", accounts=_accounts(1), surveys=surveys) == {"value": pytest.approx(0.8)}


def test_advocacy_rate(measure: Measure) -> None:
    """K69: 4 clients would recommend us, 2 referred somebody, one did both: 5 of 20 are 25 %."""
    surveys = [
        {**row, "account_id": f"a{n}", "would_recommend": n < 4} for n, row in enumerate(_answers("csat", *[9] * 6))
    ]
    surveys += _answers("nps", 9, account_id="none0", would_recommend=True)
    touches = [{"account_id": account, "kind": "referral", "happened_at": "2026-03-01"} for account in ("a3", "a9")]
    touches += [{"account_id": "a10", "kind": "referral", "happened_at": "2027-01-01"}]
    accounts, contracts = _accounts(20) + _accounts(1, "none"), _contracts(20)
    tables = {"accounts": accounts, "contracts": contracts, "surveys": surveys}
    assert measure("advocacy_rate", **tables, engagements=touches) == {"value": pytest.approx(0.25)}
    assert measure("advocacy_rate", **tables) == {"value": pytest.approx(0.2)}


def test_advocacy_rate_that_nobody_asked_for(measure: Measure) -> None:
    """K69: without an answer or a referral of anybody nobody knows who recommends us: no rate instead of zero."""
    tables = {"accounts": _accounts(2), "contracts": _contracts(2)}
    nothing = {"value": pytest.approx(float("nan"), nan_ok=True)}
    assert measure("advocacy_rate", **tables) == nothing
    visit = {"account_id": "a0", "kind": "web_visit", "happened_at": "2026-03-01"}
    tables |= {"surveys": _answers("nps", 9), "engagements": [visit]}
    assert measure("advocacy_rate", **tables) == nothing
    later = {**visit, "kind": "referral", "happened_at": AS_OF}
    assert measure("advocacy_rate", **tables | {"engagements": [visit, later]}) == nothing
    before = {**visit, "kind": "referral", "happened_at": "2025-03-01"}
    assert measure("advocacy_rate", **tables | {"engagements": [visit, before]}) == {"value": 0}
    refused = _answers("nps", 9, would_recommend=False)
    assert measure("advocacy_rate", **tables | {"surveys": refused}) == {"value": 0}
