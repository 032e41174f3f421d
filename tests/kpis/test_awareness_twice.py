"""KPIs of awareness, calculated a second time in plain Python on random companies."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pandas as pd
from hypothesis import given

from abm_ml.engines import Engine
from abm_ml.timeline import Period
from tests.kpis.company import PERIODS, TERMS, Frames, Known, companies, once
from tests.kpis.second import RANDOM, Keep, compare

CLICKS = {
    "email_open", "email_click", "email_reply", "ad_click", "form_fill", "content_download", "event_registered",
    "event_attended", "webinar_attended", "meeting", "demo_request",
}  # fmt: skip
WINDOW = dt.timedelta(days=TERMS.engagement.window_days)
WEEK = dt.timedelta(days=7)


@once
def _did(company: Known, account: str, since: Any, until: Any) -> list[Any]:
    """What an account did in `[since, until)`."""
    rows = company.frames["engagements"]
    rows = rows[(rows["account_id"] == account) & (rows["happened_at"] >= since) & (rows["happened_at"] < until)]
    return list(rows.itertuples())


def _visits(rows: list[Any]) -> int:
    return sum(row.kind == "web_visit" for row in rows)


def _points(rows: list[Any]) -> float:
    return sum(TERMS.engagement.points_by_kind.get(row.kind, 0) for row in rows)


@once
def _score(company: Known, account: str, when: Any) -> float:
    return _points(_did(company, account, when - WINDOW, when))


def _engaged(company: Known, account: str, period: Period) -> bool:
    rows = _did(company, account, period.begin, period.end)
    return any(row.kind in CLICKS for row in rows) or _visits(rows) >= 2


def _ids(rows: pd.DataFrame) -> list[str]:
    return [str(account) for account in rows["account_id"]]


def _targets(company: Known, period: Period, keep: Keep) -> list[str]:
    rows = keep(company.accounts(period))
    return _ids(rows[rows["is_target"].astype(bool)])


def _share(yes: list[bool]) -> float | None:
    return sum(yes) / len(yes) if yes else None


@once
def _begun(company: Known, account: str) -> Any:
    row = company.frames["accounts"].set_index("account_id").loc[account]
    return row["program_from"] if pd.notna(row["program_from"]) else row["created_at"] if row["in_program"] else None


def engagement_level(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K02: the share of the accounts on each level."""
    floors = [(100, "red_hot"), (50, "hot"), (20, "warm"), (-math.inf, "cold")]
    scores = [_score(company, account, period.end) for account in _ids(keep(company.accounts(period)))]
    levels = pd.Series([next(name for floor, name in floors if score >= floor) for score in scores], dtype="str")
    return {"value": levels.value_counts(normalize=True).to_dict()}


def site_visit_reach(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K06: targets that visited by targets; and in the first 90 days of those whose first 90 days ended."""
    targets = _targets(company, period, keep)
    early = []
    for account in targets:
        begun = _begun(company, account)
        if begun is not None and period.begin <= begun + dt.timedelta(days=90) < period.end:
            early.append(_visits(_did(company, account, begun, begun + dt.timedelta(days=90))) > 0)
    visits = [_visits(_did(company, account, period.begin, period.end)) > 0 for account in targets]
    return {"value": _share(visits), "three_months": _share(early)}


def awareness_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K07: targets with an open, visit or ad impression by targets."""
    seen = {"email_open", "web_visit", "ad_impression"}
    did = [_did(company, account, period.begin, period.end) for account in _targets(company, period, keep)]
    return {"value": _share([any(row.kind in seen for row in rows) for rows in did])}


def awareness_surge(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K08: visits of the last week by the mean of the four before."""
    week, month, flagged = 0, 0, 0
    for account in _ids(keep(company.accounts(period))):
        now = _visits(_did(company, account, period.end - WEEK, period.end))
        before = _visits(_did(company, account, period.end - 5 * WEEK, period.end - WEEK))
        week, month, flagged = week + now, month + before, flagged + (now >= 5 and now >= 3 * before / 4)
    return {"value": week / (month / 4) if month else None, "flagged": flagged}


def engaged_account_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K09: engaged targets by targets."""
    targets = _targets(company, period, keep)
    return {"value": _share([_engaged(company, account, period) for account in targets])}


def engagement_growth(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K10: points now by points at the start of the program, of the accounts inside it that have a date of entry."""
    rows = keep(company.accounts(period))
    entries = company.frames["accounts"].set_index("account_id")["program_from"]
    inside = [account for account in _ids(rows[rows["program"] == "in"]) if entries[account] < period.end]
    now = sum(_score(company, account, period.end) for account in inside)
    start = sum(_score(company, account, _begun(company, account)) for account in inside)
    return {"value": now / start if start else None}


def marketing_qualified_accounts(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K21: targets with the 50 points of hot."""
    hot = [_score(company, account, period.end) >= 50 for account in _targets(company, period, keep)]
    return {"value": sum(hot), "share": _share(hot)}


def repeat_engagement_rate(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K23: accounts active in several weeks by active accounts."""
    weeks = []
    for account in _ids(keep(company.accounts(period))):
        rows = [row for row in _did(company, account, period.begin, period.end) if _points([row]) > 0]
        weeks.append({(row.happened_at - period.begin) // WEEK for row in rows})
    return {"value": _share([len(each) > 1 for each in weeks if each])}


def reputation_index(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K25: four parts, standardised over all accounts and periods, and their mean."""
    raw = {
        (account, each.begin): _reputation(company, account, each)
        for each in PERIODS
        for account in _ids(company.accounts(each))
    }
    parts = {name: {key: row[name] for key, row in raw.items()} for name in ("brand", "social", "events", "visits")}
    parts = {name: _standardised(values) for name, values in parts.items()}
    mine = [(account, period.begin) for account in _ids(keep(company.accounts(period)))]
    found = {name: _mean([values[key] for key in mine]) for name, values in parts.items()}
    index = [_mean([values[key] for values in parts.values()], digits=15) for key in mine]
    return {"value": _mean(index), **found}


def _reputation(company: Known, account: str, period: Period) -> dict[str, float | None]:
    rows = _did(company, account, period.begin, period.end)
    before = _did(company, account, dt.datetime(1900, 1, 1), period.begin)
    known = {_visitor(row) for row in before if row.kind == "web_visit"}
    surveys = company.frames["surveys"]
    surveys = surveys[(surveys["account_id"] == account) & (surveys["kind"] == "brand")]
    answered = surveys[(surveys["answered_at"] >= period.begin) & (surveys["answered_at"] < period.end)]
    return {
        "brand": _mean(list(answered["score"]), digits=15),
        "social": sum(row.kind in ("social_share", "social_comment") for row in rows),
        "events": sum(row.kind in ("event_attended", "webinar_attended") for row in rows),
        "visits": _visits([row for row in rows if _visitor(row) not in known]),
    }


def _visitor(row: Any) -> Any:
    return row.contact_id if isinstance(row.contact_id, str) else None


def _standardised(values: dict[Any, Any]) -> dict[Any, float | None]:
    known = [value for value in values.values() if value is not None]
    if not known:
        return values
    middle = math.fsum(known) / len(known)
    spread = math.sqrt(math.fsum((value - middle) ** 2 for value in known) / len(known))
    if len(set(known)) == 1:
        return {key: None if value is None else 0.0 for key, value in values.items()}
    return {key: None if value is None else (value - middle) / spread for key, value in values.items()}


def _mean(values: list[Any], digits: int = 12) -> float | None:
    """The mean of values that are known to twelve digits, as all that is averaged; None of none."""
    known = [round(value, digits) for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def target_accounts(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K33: targets, and those that have an owner by their owners."""
    targets = _targets(company, period, keep)
    owned = [owner for account in targets if (owner := company.attribute(account, "owner_id", period.end)) is not None]
    return {"value": len(targets), "per_seller": len(owned) / len(set(owned)) if owned else None}


def influenced_accounts(company: Known, period: Period, keep: Keep) -> dict[str, Any]:
    """K41: engaged accounts of the addressable market by all of it."""
    rows = keep(company.accounts(period))
    market = _ids(rows[rows["in_tam"].eq(True)])
    return {"value": _share([_engaged(company, account, period) for account in market])}


ORACLES = {
    "engagement_level": engagement_level,
    "site_visit_reach": site_visit_reach,
    "awareness_rate": awareness_rate,
    "awareness_surge": awareness_surge,
    "engaged_account_rate": engaged_account_rate,
    "engagement_growth": engagement_growth,
    "marketing_qualified_accounts": marketing_qualified_accounts,
    "repeat_engagement_rate": repeat_engagement_rate,
    "reputation_index": reputation_index,
    "target_accounts": target_accounts,
    "influenced_accounts": influenced_accounts,
}


@RANDOM
@given(frames=companies())
def test_awareness(frames: Frames, tiny: Any, engine: Engine) -> None:
    """Every KPI of the family says what plain Python says, of all accounts and by cut."""
    compare(ORACLES, frames, tiny, engine)
