"""KPIs of the market, calculated a second time in plain Python on random companies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import PERIODS, Frames, Known, companies, company
from tests.kpis.second import RANDOM, Keep, compare

# The days of the published churn probabilities, by default.
HORIZON = 180
SCORES = {
    "account_id": [f"a{n}" for n in (0, 1, 2, 0, 1, 3, 20, 21)],
    "label": ["win", "win", "win", "churn", "progression", "churn", "churn", "win"],
    "probability": [0.3, 0.0, 0.9, 0.2, 0.4, 1.0, 0.45, 0.6],
}
MEASURES = {
    "value": (1, True), "two_years": (2, True), "three_years": (3, True),
    "rules": (1, False), "rules_two_years": (2, False), "rules_three_years": (3, False),
}  # fmt: skip


def records(known: Known, name: str, time: str, end: dt.datetime) -> list[dict[str, Any]]:
    """The rows of a table (none where the company has none) that had happened when a period ended."""
    rows = known.frames.get(name)
    return [] if rows is None else [row for row in rows.to_dict("records") if row[time] < end]


def years(begin: Any, end: Any) -> float:
    """The years of a term: whole months where it ends on its day of the month, else days by 365.25."""
    if begin.day == end.day and begin.time() == end.time():
        return ((end.year - begin.year) * 12 + end.month - begin.month) / 12
    return (end - begin).total_seconds() / 86_400 / 365.25


def runs(row: dict[str, Any], when: Any) -> bool:
    """Whether a contract runs at a time."""
    return row["started_at"] < when <= row["ends_at"] and not row["cancelled_at"] < when


def yearly(row: dict[str, Any]) -> float:
    """A contract's value per year, to a millionth."""
    return float(round(row["total_value"] / years(row["started_at"], row["ends_at"]), 6))


def mine(known: Known, period: Period, keep: Keep, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the accounts of a cut, as the accounts stood when the period ended; one that came later is out."""
    if not rows:
        return []
    frame = pd.DataFrame({"account_id": [row["account_id"] for row in rows], "place": range(len(rows))})
    frame = known.cuttable(frame, period)
    frame["program"] = frame["program"].where(frame["account_id"].isin(known.accounts(period)["account_id"]), "out")
    return [rows[place] for place in keep(frame)["place"]]


def ratio(above: float, below: float) -> float | None:
    """One by another; none by nothing."""
    return above / below if below else None


def tam(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K37: mean yearly value x accounts of the market; price x clients."""
    who = keep(known.accounts(period))
    contracts = mine(known, period, keep, records(known, "contracts", "started_at", period.end))
    counted = [row for row in contracts if runs(row, period.end)] or contracts
    mean = ratio(sum(map(yearly, counted)), len(counted))
    said = [bool(value) for value in who["in_tam"] if pd.notna(value)]
    if "orders" in known.frames:
        sold = mine(known, period, keep, records(known, "orders", "happened_at", period.end))
        sales = len([row for row in sold if row["kind"] != "credit"])
    else:
        sold = mine(known, period, keep, won(known, period.end))
        sales = len(sold)
    price = ratio(sum(row["amount"] for row in sold), sales)
    clients = (who["lifecycle_end"] == "client").sum()
    return {
        "value": mean * sum(said) if mean is not None and said else None,
        "accounts": sum(said),
        "installed_base": price * clients if price is not None else None,
    }


def won(known: Known, end: dt.datetime) -> list[dict[str, Any]]:
    """The deals that were won before a period ended and whose amount is known."""
    deals = records(known, "opportunities", "closed_at", end)
    return [row for row in deals if row["outcome"] == "won" and pd.notna(row["amount"])]


class Rates:
    """What usually happens by tier, and over all tiers where a tier has fewer than ten cases."""

    def __init__(self, known: Known, end: dt.datetime, who: pd.DataFrame) -> None:
        """Collects the cases of every rate: (tier, number)."""
        tiers = {row.account_id: row.tier if isinstance(row.tier, str) else "unknown" for row in who.itertuples()}
        self.tiers = tiers
        deals = records(known, "opportunities", "closed_at", end)
        year_ago = end - dt.timedelta(days=365)
        contracts = records(known, "contracts", "started_at", end)
        then = {row["account_id"] for row in contracts if runs(row, year_ago)}
        now = {row["account_id"] for row in contracts if runs(row, end)}
        new = [
            row for row in deals if row["outcome"] == "won" and row["kind"] == "new" and row["closed_at"] >= year_ago
        ]
        self.wins = [(self.tier(row), row["outcome"] == "won") for row in deals if row["outcome"] in ("won", "lost")]
        self.stays = [(tiers.get(account, "unknown"), account in now) for account in then]
        self.sizes = [(self.tier(row), row["amount"]) for row in won(known, end)]
        asked = who.loc[who["lifecycle_end"].isin(["target", "client"]), "account_id"]
        self.asked = [(tiers[account], 1) for account in asked]
        self.new = [(self.tier(row), 1) for row in new]

    def tier(self, row: dict[str, Any]) -> str:
        """The tier of a row's account."""
        return str(self.tiers.get(row["account_id"], "unknown"))

    def rate(self, tier: str, cases: Any, of: Any, none: float) -> float:
        """The sum of cases by the number of what they are of."""
        own = [number for where, number in of if where == tier]
        if len(own) < 10:
            return float(sum(number for _, number in cases) / len(of)) if of else none
        return float(sum(number for where, number in cases if where == tier) / len(own))


def obtainable_revenue(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K38: what open deals, running contracts and new deals of targets should bring."""
    who = known.accounts(period)
    if not ("opportunities" in known.frames or "contracts" in known.frames):
        return dict.fromkeys(MEASURES)
    rates = Rates(known, period.end, who)
    deals = records(known, "opportunities", "opened_at", period.end)
    contracts = records(known, "contracts", "started_at", period.end)
    published = {(a, label): p for a, label, p in zip(*SCORES.values(), strict=True)} if period == PERIODS[-1] else {}
    worth: dict[str, float] = dict.fromkeys(MEASURES, 0.0)
    kept = keep(who)
    for row in kept[kept["lifecycle_end"].isin(["target", "prospect", "client"])].itertuples():
        tier = rates.tiers[row.account_id]
        unclosed = [each for each in deals if each["account_id"] == row.account_id]
        unclosed = [each for each in unclosed if not each["closed_at"] < period.end and pd.notna(each["amount"])]
        running = [each for each in contracts if each["account_id"] == row.account_id and runs(each, period.end)]
        for measure, (horizon, by_model) in MEASURES.items():
            wins = rates.rate(tier, rates.wins, rates.wins, 0.0)
            stays = rates.rate(tier, rates.stays, rates.stays, 1.0)
            if by_model:
                wins = published.get((row.account_id, "win"), wins)
                churn = published.get((row.account_id, "churn"))
                stays = stays if churn is None else (1 - churn) ** (365 / HORIZON)
            comes = rates.rate(tier, rates.new, rates.asked, 0.0) * rates.rate(tier, rates.sizes, rates.sizes, 0.0)
            one = sum(each["amount"] for each in unclosed) * wins
            one += sum(map(yearly, running)) * sum(stays**year for year in range(1, horizon + 1))
            one += comes * horizon if row.lifecycle_end == "target" else 0
            worth[measure] += round(one, 6)
    anybody = len(kept) or len(mine(known, period, keep, _rows(known, period)))
    return worth if anybody else dict.fromkeys(MEASURES)


def _rows(known: Known, period: Period) -> list[dict[str, Any]]:
    """Every row that makes an account appear."""
    times = {"contracts": "started_at", "opportunities": "opened_at", "orders": "happened_at"}
    return [row for name, time in times.items() for row in records(known, name, time, period.end)]


ORACLES = {"tam": tam, "obtainable_revenue": obtainable_revenue}


@st.composite
def larger_companies(draw: Any) -> Frames:
    """Companies with more or fewer deals, some of them without a table; of many deals tiers have rates of their own."""
    frames = draw(companies())
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 100_000)))
        frames = company(rng, 5, dict.fromkeys(frames, 5) | {"opportunities": 90, "contracts": 20})
    without = draw(st.sampled_from(((), (), ("orders",), ("opportunities",), ("orders", "opportunities"))))
    return Frames({name: rows for name, rows in frames.items() if name not in without})


@RANDOM
@given(frames=larger_companies())
def test_market(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the market says what plain Python says, of all accounts and by cut, with published scores."""
    compare(ORACLES, frames, tiny, engine, scores=engine.register(pa.table(SCORES)))
