"""Worked examples of the KPIs of revenue, with the numbers of the catalogue."""

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
SUMMER = Period.of(dt.datetime(2026, 7, 1), dt.datetime(2026, 10, 1))
NOTHING = pytest.approx(float("nan"), nan_ok=True)
AS_OF = dt.datetime(2027, 6, 1)
Row = dict[str, Any]
Measure = Callable[..., Any]


def _account(name: str, **cells: Any) -> Row:
    """An account outside the program."""
    return {"account_id": name, "is_target": True, "in_program": False, "created_at": "2020-01-01", **cells}


def _insider(name: str) -> Row:
    """An account inside the program from 2024 on."""
    return _account(name, in_program=True, program_from="2024-01-01")


def _order(account: str, amount: float, day: str = "2026-06-01", **cells: Any) -> Row:
    return {"account_id": account, "amount": amount, "happened_at": day, "currency": "EUR", "kind": "new", **cells}


def _won(account: str, amount: float = 0, day: str = "2026-06-01", **cells: Any) -> Row:
    return {
        "account_id": account, "kind": "new", "opened_at": "2020-01-02", "closed_at": day, "outcome": "won",
        "amount": amount, "currency": "EUR", **cells,
    }  # fmt: skip


def _contract(account: str, started: str, ends: str, **cells: Any) -> Row:
    return {"account_id": account, "started_at": started, "ends_at": ends, "currency": "EUR", "total_value": 0, **cells}


def _cost(category: str, amount: float, program: str = "abm", day: str = "2026-06-01", **cells: Any) -> Row:
    return {"category": category, "amount": amount, "program": program, "happened_at": day, "currency": "EUR", **cells}


@pytest.fixture
def measure(tiny: Any, engine: Engine) -> Measure:
    """`measure("acv", contracts=[...])`: the measures of a KPI by name, over 2026; with `cut`, by (measure, value)."""

    def of(
        name: str, *, cut: str | None = None, period: Period = YEAR, accounts: Sequence[Row] = (),
        **tables: Sequence[Row],
    ) -> Any:  # fmt: skip
        keys = {"orders": "order_id", "costs": "cost_id", "contracts": "contract_id", "opportunities": "opportunity_id"}
        rows: dict[str, Any] = {
            table: [{keys[table]: str(n), **row} for n, row in enumerate(given)] if table in keys else given
            for table, given in tables.items()
        }
        built = tiny({"accounts": accounts or [_account("a"), _insider("in")], **rows})
        seen = Seen(built, Terms(currency="EUR"), AS_OF, (period,), engine)
        report = kpi_report(Measuring(seen), [KPIS[name]], [(cut,)] if cut else []).rows
        if cut:
            report = report[report["cut"] != "all"]
            return dict(zip(zip(report["measure"], report[cut], strict=True), report["value"], strict=True))
        return dict(zip(report["measure"], report["value"], strict=True))

    return of


def test_revenue_growth(measure: Measure) -> None:
    """K52: 120k after 100k are +20 %; the program grew by 50 %, 30 points ahead; the period's end is outside."""
    orders = [
        _order("a", 60_000, "2025-02-01"), _order("in", 40_000, "2025-02-01"), _order("a", 70_000),
        _order("a", -10_000, kind="credit"), _order("in", 60_000), _order("in", 9_000, "2027-01-01"),
    ]  # fmt: skip
    assert measure("revenue_growth", orders=orders) == {
        "value": pytest.approx(0.2), "program": pytest.approx(0.5), "over_overall": pytest.approx(0.3),
        "revenue": 120_000, "revenue_program": 60_000,
    }  # fmt: skip


def test_revenue_growth_without_orders(measure: Measure) -> None:
    """K52: without orders the won deals are the revenue, when they closed; what was not won before is no growth."""
    deals = [_won("a", 100_000), _won("a", 5_000, outcome="lost"), _won("a", 7_000, "2027-01-01")]
    found = measure("revenue_growth", opportunities=deals)
    assert (found["revenue"], found["value"]) == (100_000, pytest.approx(float("nan"), nan_ok=True))


def test_revenue_growth_after_credits_only(measure: Measure) -> None:
    """K52: 100 after credits of 50 are no fall by 300 %; on a base of less than nothing there is no growth."""
    orders = [
        _order("in", -50, "2025-02-01", kind="credit"), _order("in", 100), _order("a", 75, "2025-02-01"),
    ]  # fmt: skip
    assert measure("revenue_growth", orders=orders) == {
        "value": pytest.approx(3), "program": NOTHING, "over_overall": NOTHING, "revenue": 100, "revenue_program": 100,
    }  # fmt: skip


def test_revenue_growth_in_another_currency(measure: Measure) -> None:
    """K52: an order counts at the rate of its own date."""
    rates = [
        {"currency": "USD", "day": dt.datetime(2025, 1, 1), "rate": 1.0},
        {"currency": "USD", "day": dt.datetime(2026, 1, 1), "rate": 0.5},
    ]
    orders = [_order("a", 100, "2025-05-01", currency="USD"), _order("a", 240, currency="USD")]
    assert measure("revenue_growth", orders=orders, rates=rates)["value"] == pytest.approx(0.2)


def test_clv(measure: Measure) -> None:
    """K53: purchases of 10,000, twice a year, over 5 years as a client are 100,000."""
    orders = [_order("a", 10_000, day) for day in ("2026-03-01", "2026-09-01")]
    contracts = [_contract("a", "2022-01-01", "2030-01-01")]
    found = measure("clv", orders=orders, contracts=contracts)
    assert found == {
        "value": pytest.approx(100_000, rel=2e-3), "purchase_value": 10_000,
        "purchase_frequency": pytest.approx(2, rel=1e-3), "client_years": pytest.approx(5, rel=1e-3),
    }  # fmt: skip
    assert found["value"] == pytest.approx(10_000 * 2 / (365 / 365.25) * 1826 / 365.25)


@pytest.mark.parametrize(("period", "years"), [(YEAR, 365 / 365.25), (SUMMER, 92 / 365.25)])
def test_clv_by_year_and_quarter(measure: Measure, period: Period, years: float) -> None:
    """K53: 12 clients with one order of 100 a year each: once a year, whatever the period, so about 100 x 1 x years."""
    accounts = [_account(f"c{n}") for n in range(1, 13)]
    orders = [_order(f"c{n}", 100, f"2026-{n:02}-15") for n in range(1, 13)]
    contracts = [_contract(f"c{n}", "2022-01-01", "2030-01-01") for n in range(1, 13)]
    found = measure("clv", period=period, accounts=accounts, orders=orders, contracts=contracts)
    assert found["purchase_frequency"] == pytest.approx((12 if period == YEAR else 3) / (12 * years))
    assert found["purchase_frequency"] == pytest.approx(1, rel=1e-2)
    assert found["value"] == pytest.approx(100 * found["client_years"], rel=1e-2)


def test_clv_counts_clients_of_the_period(measure: Measure) -> None:
    """K53: who was a client at the start or the end or ordered is one; who was lost before and bought nothing is not.

    Credits are no orders; by program, a client counts by its first order, else by when the period began.
    """
    accounts = [_account(name) for name in ("start", "end", "buyer", "lost")]
    accounts.append(_account("in", in_program=True, program_from="2026-02-01"))
    contracts = [
        _contract("start", "2025-01-01", "2026-02-01"), _contract("end", "2026-12-01", "2028-01-01"),
        _contract("lost", "2020-01-01", "2025-01-01"),
    ]  # fmt: skip
    orders = [_order("buyer", 9), _order("in", 9), _order("in", 9, "2026-07-01"), _order("lost", -9, kind="credit")]
    tables = {"accounts": accounts, "contracts": contracts, "orders": orders}
    assert measure("clv", **tables)["purchase_frequency"] == pytest.approx(3 / 4 / (365 / 365.25))
    found = measure("clv", cut="program", **tables)
    assert found["purchase_frequency", "in"] == pytest.approx(2 / (365 / 365.25))
    assert found["purchase_frequency", "out"] == pytest.approx(1 / 3 / (365 / 365.25))


def test_clv_of_lost_clients(measure: Measure) -> None:
    """K53: a life ends with the last contract, or when it is cancelled; 2 and 4 years are 3 on average."""
    contracts = [
        _contract("a", "2020-01-01", "2021-01-01"), _contract("a", "2021-01-01", "2022-01-01"),
        _contract("in", "2020-01-01", "2030-01-01", cancelled_at="2024-01-01"),
        _contract("in", "2027-01-01", "2030-01-01"),
    ]  # fmt: skip
    found = measure("clv", contracts=contracts, orders=[_order("a", 1)])
    assert found["client_years"] == pytest.approx(3, rel=1e-3)


def test_without_sales_and_contracts(tiny: Any, engine: Engine) -> None:
    """K52, K53, K58, K60: of accounts and costs alone no growth, value, return or churn is made up; the report says so.

    The program's cost is known, and costs of winning clients need deals.
    """
    built = tiny({"accounts": [_account("a")], "costs": [{"cost_id": "0", **_cost("content", 5)}]})
    seen = Seen(built, Terms(currency="EUR"), AS_OF, (YEAR,), engine)
    asked = [
        "revenue_growth", "clv", "cac", "program_cost", "roi", "clv_to_cac", "churn_rate", "retention_rate",
        "advocacy_rate",
    ]  # fmt: skip
    sales = "not available: needs table orders or opportunities"
    contracts = "not available: needs table contracts or orders"
    assert kpi_report(Measuring(seen), [KPIS[name] for name in asked]).unavailable == {
        "revenue_growth": sales, "clv": sales, "roi": sales, "cac": "not available: needs table opportunities",
        "clv_to_cac": "not available: needs table opportunities", "churn_rate": contracts, "retention_rate": contracts,
        "advocacy_rate": contracts,
    }  # fmt: skip


def test_clv_without_contracts(measure: Measure) -> None:
    """K53: without contracts a life goes from the first order to 180 days (the configured time) after the last."""
    orders = [
        _order("a", 10, "2021-01-01"),
        _order("a", 10, "2022-01-01"),
        _order("a", -5, "2026-01-01", kind="credit"),
    ]
    assert measure("clv", orders=orders)["client_years"] == pytest.approx((365 + 180) / 365.25)


def test_acv(measure: Measure) -> None:
    """K54: 500,000 over 5 years are 100,000 a year; contracts that start with the period's end do not count."""
    five = _contract("a", "2026-01-01", "2031-01-01", total_value=500_000)
    later = _contract("a", "2027-01-01", "2028-01-01", total_value=1)
    assert measure("acv", contracts=[five, later])["value"] == 100_000


def test_acv_of_odd_terms(measure: Measure) -> None:
    """K54: a term that is no whole number of months counts by its days; one without length has no yearly value."""
    odd = _contract("a", "2026-01-01", "2026-01-31", total_value=30)
    nothing = _contract("a", "2026-01-01", "2026-01-01", total_value=9)
    assert measure("acv", contracts=[odd, nothing])["value"] == pytest.approx(365.25)


def test_cac(measure: Measure) -> None:
    """K55: 250,000 for 10 new clients are 25,000; salaries and a client's second new deal do not count."""
    deals = [_won(f"n{n}") for n in range(10)] + [_won("n1", 0, "2026-07-01"), _won("u", 0, kind="upsell")]
    costs = [_cost("campaign", 100_000), _cost("sales", 150_000, "other"), _cost("salaries", 9)]
    accounts = [_account(f"n{n}") for n in range(10)] + [_account("u")]
    assert measure("cac", accounts=accounts, opportunities=deals, costs=costs) == {"value": 25_000}


def test_cac_by_program(measure: Measure) -> None:
    """K55: each program's costs by its own new clients; without new clients there is no cost of one."""
    costs = [_cost("content", 600), _cost("technology", 400, "other")]
    found = measure("cac", cut="program", opportunities=[_won("in"), _won("a", 0, "2025-06-01")], costs=costs)
    assert found == {("value", "in"): 600, ("value", "out"): pytest.approx(float("nan"), nan_ok=True)}


@pytest.mark.parametrize("name", ["cac", "cac_full"])
def test_cac_where_no_cost_is_known(measure: Measure, name: str) -> None:
    """K55, K56: costs that name no account make no new client free: its cost is unknown; in total it is a number."""
    tables = {"opportunities": [_won("in"), _won("a")], "costs": [_cost("content", 600), _cost("sales", 8)]}
    assert measure(name, cut="account", **tables) == {
        ("value", "a"): NOTHING, ("value", "in"): NOTHING, ("value", "unknown"): NOTHING,
    }  # fmt: skip
    assert measure(name, **tables) == {"value": 304}
    tables["costs"].append(_cost("campaign", 5, account_id="a"))
    assert measure(name, cut="account", **tables)["value", "a"] == 5
    assert measure("program_cost", cut="account", **tables)["value", "in"] == 0


def test_cac_full(measure: Measure) -> None:
    """K56: (250,000 + 50,000) for 10 new clients are 30,000."""
    accounts = [_account(f"n{n}") for n in range(10)]
    more = [_cost("salaries", 30_000), _cost("overhead", 15_000, "other"), _cost("support", 5_000)]
    costs = [_cost("campaign", 100_000), _cost("sales", 150_000), *more]
    deals = [_won(f"n{n}") for n in range(10)]
    assert measure("cac_full", accounts=accounts, opportunities=deals, costs=costs) == {"value": 30_000}


def test_program_cost(measure: Measure) -> None:
    """K57: technology, contents and campaigns of the program; other programs, categories and periods do not count."""
    costs = [_cost("technology", 40_000), _cost("content", 25_000), _cost("campaign", 35_000), _cost("sales", 1)]
    costs += [_cost("campaign", 7, "other"), _cost("content", 9, day="2027-01-01")]
    assert measure("program_cost", costs=costs) == {"value": 100_000}


def test_roi(measure: Measure) -> None:
    """K58: 150k from the program's accounts for 100k are 50 %; without costs there is no return on them."""
    orders = [_order("in", 150_000), _order("a", 80_000)]
    assert measure("roi", orders=orders, costs=[_cost("content", 100_000)]) == {"value": pytest.approx(0.5)}
    assert measure("roi", orders=orders, costs=[_cost("sales", 5)]) == {
        "value": pytest.approx(float("nan"), nan_ok=True)
    }


def test_clv_to_cac(measure: Measure) -> None:
    """K59: a lifetime value of 100,000 by 25,000 to win a client is 4."""
    orders = [_order("a", 10_000, day) for day in ("2026-03-01", "2026-09-01")]
    contracts = [_contract("a", "2022-01-01", "2030-01-01")]
    found = measure(
        "clv_to_cac", orders=orders, contracts=contracts, opportunities=[_won("a")], costs=[_cost("sales", 25_000)]
    )
    assert found == {"value": pytest.approx(4, rel=2e-3)}
