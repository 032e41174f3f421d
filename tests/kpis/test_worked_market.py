"""Worked examples of the KPIs of the market, with the numbers of the catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from abm_ml.engines import Engine
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import Period

BEGIN, END = dt.datetime(2026, 1, 1), dt.datetime(2026, 7, 1)
PERIODS = (Period.of(BEGIN, END),)
TODAY = "2026-07-01"


def measured(
    name: str, tables: Tables, engine: Engine, *, scores: Any = None, periods: Sequence[Period] = PERIODS,
    by: str | None = None,
) -> pd.Series[float]:  # fmt: skip
    """A KPI by measure, over all accounts; of several periods the last, of a cut by (its value, measure)."""
    seen = Seen(tables, Terms(), END, tuple(periods), engine, scores)
    rows = kpi_report(Measuring(seen), (KPIS[name],), [(by,)] if by else []).rows
    rows = rows[rows[by].notna()] if by else rows
    return rows.set_index([by, "measure"] if by else "measure")["value"]


def account(name: str, **cells: Any) -> dict[str, Any]:
    """An account that has long been known."""
    return {"account_id": name, "is_target": False, "in_program": False, "created_at": "2020-01-01", **cells}


def contract(account: str, value: float, since: str = "2024-01-01", until: str = "2029-01-01", **cells: Any) -> Any:
    """A contract of five years."""
    return {"contract_id": f"{account} {since}", "account_id": account, "started_at": since, "ends_at": until,
            "total_value": value, "currency": "EUR", **cells}  # fmt: skip


def deal(number: int, account: str, amount: float, outcome: str | None = None, **cells: Any) -> dict[str, Any]:
    """A deal of this year, closed in March where it has an outcome."""
    closed = "2026-03-01" if outcome else None
    return {"opportunity_id": f"{account} {number}", "account_id": account, "kind": "upsell", "opened_at": BEGIN,
            "closed_at": closed, "outcome": outcome, "amount": amount, **cells}  # fmt: skip


def test_tam(tiny: Any, engine: Engine) -> None:
    """K37: 20,000 a year x 500 accounts of the market are 10,000,000; a contract that is over does not count."""
    accounts = [account(f"a{n}", in_tam=n < 500) for n in range(510)]
    contracts = [contract("a1", 100_000), contract("a2", 9_000, until="2026-06-30")]
    contracts += [contract("a3", 5, cancelled_at=BEGIN)]
    found = measured("tam", tiny({"accounts": accounts, "contracts": contracts}), engine)
    assert found["value"] == 10_000_000
    assert found["accounts"] == 500


def test_tam_of_the_installed_base(tiny: Any, engine: Engine) -> None:
    """K37: 900 of revenue in 3 orders are 300 each; times 2 clients 600. A credit lowers the price, not the orders."""
    orders = [{"order_id": str(n), "account_id": "a", "happened_at": f"2026-0{n}-01", "amount": amount, "kind": kind,
               "currency": "EUR"} for n, (amount, kind) in
              enumerate([(500, "new"), (300, "upsell"), (200, "renewal"), (-100, "credit")], 1)]  # fmt: skip
    accounts = [account(name, in_tam=True) for name in "abc"]
    contracts = [contract("a", 5), contract("b", 5)]
    tables = {"accounts": accounts, "contracts": contracts, "orders": orders}
    assert measured("tam", tiny(tables), engine)["installed_base"] == 600
    tables["opportunities"] = [deal(1, "a", 700, "won"), deal(2, "b", 100, "won"), deal(3, "b", 900, "lost")]
    del tables["orders"]
    assert measured("tam", tiny(tables), engine)["installed_base"] == 800


def test_tam_without_a_running_contract(tiny: Any, engine: Engine) -> None:
    """K37: where no contract runs any more, those that are over say what one is worth; without a market it is none."""
    contracts = [contract("a", 3_000, "2020-01-01", "2023-01-01"), contract("late", 50_000, TODAY, "2027-07-01")]
    accounts = [account("a", in_tam=True, tier="1"), account("b", in_tam=True, tier="1"), account("c", tier="2")]
    tables = tiny({"accounts": [*accounts, account("late")], "contracts": contracts})
    assert measured("tam", tables, engine)["value"] == 2_000
    cut = measured("tam", tables, engine, by="tier")
    assert cut["1", "value"] == 2_000
    assert pd.isna(cut["2", "value"])
    assert cut["2", "accounts"] == 0


@pytest.fixture
def company(tiny: Any) -> Tables:
    """Four of ten deals were won, nine of ten clients stayed; one deal is open, and one contract is worth something."""
    accounts = [account(f"c{n}") for n in range(10)] + [account("prospect"), account("nobody"), account("lost")]
    closed = [deal(n, "nobody", 5_000, "won" if n < 4 else "lost") for n in range(10)]
    contracts = [contract(f"c{n}", 5_000 if n == 0 else 0) for n in range(9)]
    built: Tables = tiny(
        {
            "accounts": accounts,
            "opportunities": [*closed, deal(0, "prospect", 10_000)],
            "contracts": [*contracts, contract("lost", 0, cancelled_at="2026-02-01")],
        }
    )
    return built


def test_obtainable_revenue(company: Tables, engine: Engine) -> None:
    """K38: 10,000 x 0.40 + 1,000 x 0.90 are 4,900; the second year adds 1,000 x 0.81, the third 729. By rule alike."""
    found = measured("obtainable_revenue", company, engine)
    assert found["value"] == pytest.approx(4_900)
    assert found["two_years"] == pytest.approx(5_710)
    assert found["three_years"] == pytest.approx(6_439)
    assert found[["rules", "rules_two_years", "rules_three_years"]].tolist() == pytest.approx([4_900, 5_710, 6_439])


def test_obtainable_revenue_by_the_model(company: Tables, engine: Engine) -> None:
    """K38: published probabilities count where there are some: 10,000 x 0.70, and 0.5 of 180 days is 0.5^(365/180).

    They are of the last period: an earlier one goes by the rules, as the measure rules does.
    """
    published = {"account_id": ["prospect", "c0"], "label": ["win", "churn"], "probability": [0.7, 0.5]}
    scores = engine.register(pa.table(published))
    found = measured("obtainable_revenue", company, engine, scores=scores)
    assert found["value"] == pytest.approx(7_000 + 1_000 * 0.5 ** (365 / 180))
    assert found["rules"] == pytest.approx(4_900)
    later = (*PERIODS, Period.of(END, END + dt.timedelta(days=1)))
    seen = Seen(company, Terms(), END, later, engine, scores)
    rows = kpi_report(Measuring(seen), (KPIS["obtainable_revenue"],)).rows
    earlier = rows[(rows["period_from"] == BEGIN) & (rows["measure"] == "value")]
    assert earlier["value"].tolist() == pytest.approx([4_900])


def test_obtainable_revenue_by_the_horizon_of_churn(company: Tables, engine: Engine) -> None:
    """K38: a published 0.19 of 730 days is (1 - 0.19)^(365/730) = 0.90 a year."""
    scores = engine.register(pa.table({"account_id": ["c0"], "label": ["churn"], "probability": [0.19]}))
    seen = Seen(company, Terms(), END, PERIODS, engine, scores, churn_days=730)
    rows = kpi_report(Measuring(seen), (KPIS["obtainable_revenue"],)).rows.set_index("measure")
    assert rows["value"]["two_years"] == pytest.approx(4_000 + 1_000 * (0.9 + 0.81))


def test_obtainable_revenue_of_targets(tiny: Any, engine: Engine) -> None:
    """K38: 3 new deals a year from 12 targets are 0.25 each, of 2,000 on average: 500 a year of every target.

    A tier with fewer than 10 of what a rate rests on goes by all accounts; who is not tracked counts 0.
    """
    accounts = [account(f"t{n}", is_target=True, tier="1" if n else "2") for n in range(12)] + [account("x", tier="1")]
    won = [deal(n, "x", 2_000, "won", kind="new") for n in range(3)]
    old = [deal(9, "x", 2_000, "won", kind="new", opened_at="2024-01-01", closed_at="2025-06-30")]
    tables = tiny({"accounts": accounts, "opportunities": [*won, *old]})
    cut = measured("obtainable_revenue", tables, engine, by="tier")
    assert cut["2", "value"] == pytest.approx(500)
    assert cut["2", "three_years"] == pytest.approx(1_500)
    assert cut["1", "value"] == pytest.approx(11 * 3 / 11 * 2_000)
    assert measured("obtainable_revenue", tables, engine, by="account")["x", "value"] == 0


def test_obtainable_revenue_needs_deals_or_contracts(tiny: Any, engine: Engine) -> None:
    """K38: without deals and without contracts nothing can be said."""
    assert measured("obtainable_revenue", tiny({"accounts": [account("a")]}), engine).isna().all()
    contracts = tiny({"accounts": [account("a")], "contracts": [contract("a", 5_000)]})
    assert measured("obtainable_revenue", contracts, engine)["two_years"] == pytest.approx(2_000)


def test_model_of_nobody(company: Tables, engine: Engine) -> None:
    """K38: published scores of other labels change nothing."""
    scores = ibis.memtable({"account_id": ["prospect"], "label": ["progression"], "probability": [0.9]})
    found = measured("obtainable_revenue", company, engine, scores=engine.store(scores))
    assert found["value"] == pytest.approx(4_900)
