"""KPIs of revenue, calculated a second time in plain pandas on random companies."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import TERMS, Frames, Known, companies, company
from tests.kpis.second import RANDOM, Keep, Oracle, compare

YEAR = dt.timedelta(days=365, hours=6)
WINNING = {"campaign", "content", "technology", "sales"}


def _sales(known: Known, period: Period, keep: Keep, span: str = "now") -> pd.DataFrame:
    """Orders of the period, or of the span before it with who their accounts were in the period."""
    begin, end = (period.begin, period.end) if span == "now" else (period.begin_before, period.end_before)
    if "orders" in known:
        rows = known.frames["orders"]
    else:
        deals = known.frames["opportunities"]
        won = deals[deals["outcome"] == "won"]
        rows = won.assign(happened_at=won["closed_at"], amount=won["amount"].fillna(0.0))
    rows = rows[(rows["happened_at"] >= begin) & (rows["happened_at"] < end)]
    return keep(known.cuttable(rows, period, "happened_at"))


def _growth(now: float, before: float) -> float | None:
    return (now - before) / before if round(before, 6) > 0 else None


def _by(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def revenue_growth(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K52: revenue after the one before, of all and of the program."""
    now, before = _sales(known, period, keep), _sales(known, period, keep, "before")
    inside = [rows.loc[rows["program"] == "in", "amount"].sum() for rows in (now, before)]
    overall, program = _growth(now["amount"].sum(), before["amount"].sum()), _growth(*inside)
    return {
        "value": overall, "program": program, "revenue": now["amount"].sum(), "revenue_program": inside[0],
        "over_overall": program - overall if program is not None and overall is not None else None,
    }  # fmt: skip


def _life(rows: pd.DataFrame, period: Period) -> float:
    """The years of an account as a client, from its contracts or orders."""
    if "started_at" in rows:
        first = rows["started_at"].min()
        last = max(min(row.ends_at, row.cancelled_at) if pd.notna(row.cancelled_at) else row.ends_at
                   for row in rows.itertuples())  # fmt: skip
    else:
        first, last = rows["happened_at"].min(), rows["happened_at"].max() + dt.timedelta(days=TERMS.client_days)
    return float((min(last, period.end) - first) / YEAR)


def _lives(known: Known, period: Period, keep: Keep) -> pd.Series[float]:
    if "contracts" in known:
        rows = known.frames["contracts"]
        rows = rows[rows["started_at"] < period.end]
    else:
        rows = known.frames.get("orders", pd.DataFrame(columns=["account_id", "happened_at", "kind"]))
        rows = rows[(rows["happened_at"] < period.end) & (rows["kind"] != "credit")]
    rows = known.cuttable(rows, period)
    # An account that is created after the period is out of the program, whatever its dates say.
    there = rows["account_id"].isin(known.accounts(period)["account_id"])
    rows = keep(rows.assign(program=rows["program"].where(there, "out")))
    return pd.Series([_life(own, period) for _, own in rows.groupby("account_id")], dtype="float64")


def _frequency(known: Known, period: Period, keep: Keep) -> float | None:
    """Orders of the clients of the period, who are in the program by their first order, by these clients and years."""
    sales = _sales(known, period, lambda rows: rows)
    orders = sales[sales["kind"] != "credit"].sort_values("happened_at")
    who = known.accounts(period)
    held = set(who.loc[(who["lifecycle"] == "client") | (who["lifecycle_end"] == "client"), "account_id"])
    quiet = known.cuttable(pd.DataFrame({"account_id": sorted(held - set(orders["account_id"]))}, dtype="str"), period)
    begun = [known.member(account, period.begin) for account in quiet["account_id"]]
    quiet = quiet.assign(program=pd.Series(begun, dtype="str"))
    clients = keep(pd.concat([orders.drop_duplicates("account_id"), quiet], ignore_index=True))
    ordered = orders["account_id"].isin(set(clients["account_id"])).sum()
    return _by(float(ordered), len(clients) * ((period.end - period.begin) / YEAR))


def clv(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K53: what a purchase brings x purchases a year x years as a client."""
    rows = _sales(known, period, keep)
    value = _by(rows["amount"].sum(), (rows["kind"] != "credit").sum())
    often = _frequency(known, period, keep)
    lives = _lives(known, period, keep)
    years = lives.mean() if len(lives) else None
    known = value is not None and often is not None and years is not None
    return {
        "value": value * often * years if known else None, "purchase_value": value, "purchase_frequency": often,
        "client_years": years,
    }  # fmt: skip


def _term(since: pd.Timestamp, until: pd.Timestamp) -> float:
    if since.day == until.day and since.time() == until.time():
        return (until.year - since.year) + (until.month - since.month) / 12
    return float((until - since) / YEAR)


def acv(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K54: the mean value per year of the contracts that started."""
    rows = keep(known.placed("contracts", period, "started_at"))
    terms = [_term(since, until) for since, until in zip(rows["started_at"], rows["ends_at"], strict=True)]
    values = [round(value / term, 12) for value, term in zip(rows["total_value"], terms, strict=True) if term]
    return {"value": sum(values) / len(values) if values else None}


def _costs(known: Known, period: Period, keep: Keep) -> pd.DataFrame:
    rows = known.placed("costs", period).drop(columns="program")
    paid_by = known.frames["costs"].set_index("cost_id")["program"]
    return keep(rows.assign(program=["in" if paid_by[cost] == "abm" else "out" for cost in rows["cost_id"]]))


def _winning(known: Known, period: Period, keep: Keep, categories: set[str]) -> dict[str, Any]:
    deals = known.frames["opportunities"]
    won = deals[(deals["kind"] == "new") & (deals["outcome"] == "won")]
    first = won.loc[won.groupby("account_id")["closed_at"].idxmin()]
    first = first[(first["closed_at"] >= period.begin) & (first["closed_at"] < period.end)]
    clients = len(keep(known.cuttable(first, period, "closed_at")))
    costs = _costs(known, period, keep)
    costs = costs[costs["category"].isin(categories)]
    return {"value": _by(costs["amount"].sum(), clients) if len(costs) else None}


def cac(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K55: costs of sales and marketing by new clients."""
    return _winning(known, period, keep, WINNING)


def cac_full(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K56: the same with salaries, overhead and support."""
    return _winning(known, period, keep, WINNING | {"salaries", "overhead", "support"})


def program_cost(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K57: technology, contents and campaigns of the program."""
    costs = _costs(known, period, keep)
    costs = costs[(costs["program"] == "in") & costs["category"].isin({"technology", "content", "campaign"})]
    return {"value": costs["amount"].sum()}


def roi(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K58: revenue in the program beyond its cost, by its cost."""
    cost = program_cost(known, period, keep)["value"]
    return {"value": _by(revenue_growth(known, period, keep)["revenue_program"] - cost, cost)}


def clv_to_cac(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K59: one by the other."""
    return {"value": _by(clv(known, period, keep)["value"], cac(known, period, keep)["value"])}


ORACLES = {
    "revenue_growth": revenue_growth, "clv": clv, "acv": acv, "cac": cac, "cac_full": cac_full,
    "program_cost": program_cost, "roi": roi, "clv_to_cac": clv_to_cac,
}  # fmt: skip
WITHOUT_ORDERS = {name: ORACLES[name] for name in ("revenue_growth", "clv", "roi")}


@RANDOM
@given(frames=companies())
def test_revenue(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the family says what plain pandas says, of all accounts and by cut."""
    compare(ORACLES, frames, tiny, engine)


@pytest.mark.parametrize(("missing", "oracles"), [("orders", WITHOUT_ORDERS), ("contracts", {"clv": clv})])
def test_revenue_without(missing: str, oracles: Mapping[str, Oracle], tiny: Any, engine: Engine) -> None:
    """Won deals stand in for orders, and orders for contracts."""
    frames = company(np.random.default_rng(5), 7, defaultdict(lambda: 30))
    compare(oracles, Frames({name: rows for name, rows in frames.items() if name != missing}), tiny, engine)
