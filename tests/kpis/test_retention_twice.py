"""KPIs of retention, calculated a second time in plain pandas on random companies."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import Frames, Known, companies, company
from tests.kpis.second import RANDOM, Keep, compare


def _by(above: float, below: float) -> float | None:
    return above / below if below else None


def _kept(known: Known, period: Period, keep: Keep) -> pd.DataFrame:
    """The clients of the period's start, in the program by that time."""
    rows = known.accounts(period)
    rows = keep(rows.assign(program=rows["program_begin"]))
    return rows[rows["lifecycle"] == "client"]


def _churn(rows: pd.DataFrame) -> float | None:
    return _by((rows["lifecycle_end"] != "client").sum(), len(rows))


def churn_rate(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K60: of the clients at the start, who are none at the end."""
    return {"value": _churn(_kept(known, period, keep))}


def churn_reduction(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K61: churn out of the program less churn in it."""
    rows = _kept(known, period, keep)
    outside, inside = (_churn(rows[rows["program"] == program]) for program in ("out", "in"))
    return {"value": None if outside is None or inside is None else outside - inside}


def retention_rate(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K62: 1 - churn."""
    churn = churn_rate(known, period, keep)["value"]
    return {"value": None if churn is None else 1 - churn}


def _rate(known: Known, period: Period, keep: Keep, kind: str) -> float | None:
    """Accounts with an order of that kind among clients of the start or end and those that ordered."""
    orders = known.placed("orders", period)
    orders = orders[orders["kind"] != "credit"]
    who = known.accounts(period)
    clients = set(who.loc[(who["lifecycle"] == "client") | (who["lifecycle_end"] == "client"), "account_id"])
    rows = pd.DataFrame({"account_id": sorted(clients | set(orders["account_id"]))}, dtype="str")
    rows = known.cuttable(rows, period)
    first = orders.groupby("account_id")["happened_at"].min().to_dict()
    inside = [known.member(account, first.get(account, period.begin)) for account in rows["account_id"]]
    rows = keep(rows.assign(program=pd.Series(inside, dtype="str")))
    return _by(rows["account_id"].isin(set(orders.loc[orders["kind"] == kind, "account_id"])).sum(), len(rows))


def _revenue_rate(known: Known, period: Period, keep: Keep, kind: str) -> float | None:
    orders = keep(known.placed("orders", period))
    return _by(orders.loc[orders["kind"] == kind, "amount"].sum(), orders["amount"].sum())


def upsell_rate(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K63: accounts with an upsell."""
    return {"value": _rate(known, period, keep, "upsell")}


def upsell_revenue_rate(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K64: revenue of upsells."""
    return {"value": _revenue_rate(known, period, keep, "upsell")}


def cross_sell_rate(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K65: the same with cross-sells."""
    return {
        "value": _rate(known, period, keep, "cross_sell"),
        "revenue_rate": _revenue_rate(known, period, keep, "cross_sell"),
    }


def installed_base_growth(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K66: what the clients of the start bought, against the span before."""
    clients, orders = set(_kept(known, period, keep)["account_id"]), known.frames["orders"]
    orders = orders[orders["account_id"].isin(clients)]
    when = orders["happened_at"]
    now = orders.loc[(when >= period.begin) & (when < period.end), "amount"].sum()
    before = orders.loc[(when >= period.begin_before) & (when < period.end_before), "amount"].sum()
    return {"value": (now - before) / before if round(before, 6) > 0 else None}


def _scores(known: Known, period: Period, keep: Keep, kind: str) -> pd.Series[float]:
    rows = keep(known.placed("surveys", period, "answered_at"))
    return rows.loc[rows["kind"] == kind, "score"].dropna()


def nps(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K67: promoters less detractors."""
    scores = _scores(known, period, keep, "nps")
    promoters, detractors = _by((scores >= 9).sum(), len(scores)), _by((scores <= 6).sum(), len(scores))
    value = None if promoters is None or detractors is None else 100 * (promoters - detractors)
    return {"value": value, "promoters": promoters, "detractors": detractors, "answers": len(scores)}


def csat(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K68: answers of 8 and more."""
    scores = _scores(known, period, keep, "csat")
    return {"value": _by((scores >= 8).sum(), len(scores))}


def advocacy_rate(known: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K69: clients of the end that recommend or refer."""
    rows = keep(known.accounts(period))
    rows = rows[rows["lifecycle_end"] == "client"]
    answers, touches = known.placed("surveys", period, "answered_at"), known.placed("engagements", period)
    speak = set(answers.loc[[said is True for said in answers["would_recommend"]], "account_id"])
    speak |= set(touches.loc[touches["kind"] == "referral", "account_id"])
    heard = known.frames["surveys"]["would_recommend"].notna().any()
    heard = heard or known.frames["engagements"]["kind"].eq("referral").any()
    return {"value": _by(rows["account_id"].isin(speak).sum(), len(rows)) if heard else None}


ORACLES = {
    "churn_rate": churn_rate, "churn_reduction": churn_reduction, "retention_rate": retention_rate,
    "upsell_rate": upsell_rate, "upsell_revenue_rate": upsell_revenue_rate, "cross_sell_rate": cross_sell_rate,
    "installed_base_growth": installed_base_growth, "nps": nps, "csat": csat, "advocacy_rate": advocacy_rate,
}  # fmt: skip


@RANDOM
@given(frames=companies())
def test_retention(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the family says what plain pandas says, of all accounts and by cut."""
    compare(ORACLES, frames, tiny, engine)


def test_retention_without_contracts(tiny: Any, engine: Engine) -> None:
    """Without contracts, clients are the accounts that ordered within the configured time."""
    frames = company(np.random.default_rng(5), 7, defaultdict(lambda: 30))
    compare(ORACLES, Frames({name: rows for name, rows in frames.items() if name != "contracts"}), tiny, engine)
