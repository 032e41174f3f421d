"""Random small companies, and plain pandas that says who their accounts were: the ground for a second calculation.

Nothing here uses abm_ml's Ibis code: what it says is written once more, row by row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from abm_ml.tables import TABLES, Terms
from abm_ml.timeline import Period

T = TypeVar("T")
AS_OF = dt.datetime(2026, 6, 20)
PERIODS = (
    Period(dt.datetime(2026, 1, 1), dt.datetime(2026, 4, 1), dt.datetime(2025, 10, 1), dt.datetime(2026, 1, 1)),
    Period(dt.datetime(2026, 4, 1), AS_OF, dt.datetime(2026, 1, 1), dt.datetime(2026, 3, 22)),
)
TERMS = Terms(client_days=120)
_DAY = dt.timedelta(days=1)
BEGIN = dt.datetime(2025, 7, 1)
KINDS = (
    "email_sent", "email_delivered", "email_bounced", "email_open", "email_click", "email_reply", "web_visit",
    "web_visit", "content_view", "content_download", "form_fill", "ad_impression", "ad_click", "social_share",
    "social_comment", "event_invited", "event_registered", "event_attended", "webinar_attended", "call", "meeting",
    "demo_request", "referral", "mystery",
)  # fmt: skip
CHANNELS = ("email", "web", "ads", "social", "event", "phone", "in_person", "odd")


class Frames(dict[str, pd.DataFrame]):
    """A company's tables; a failing test shows how many rows they have, not the rows."""

    def __repr__(self) -> str:
        """The number of rows of each table."""
        return f"Frames({', '.join(f'{name}: {len(rows)}' for name, rows in self.items())})"


@st.composite
def companies(draw: Any) -> Frames:
    """A company of zero to seven accounts, with or without rows in each table."""
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    accounts = draw(st.sampled_from((0, 1, 4, 7)))
    rows = {name: draw(st.sampled_from((0, 3, 30))) if accounts else 0 for name in _MADE if name != "accounts"}
    return company(rng, accounts, rows)


def company(rng: np.random.Generator, accounts: int, rows: Mapping[str, int]) -> Frames:
    """Random rows for every table: nulls, two currencies, late rows, cells of later times, programs that end."""
    r = _Random(rng, accounts)
    made = {
        name: _frame(name, [make(r, n) for n in range(accounts if name == "accounts" else rows[name])])
        for name, make in _MADE.items()
    }
    return Frames(made | {"rates": _frame("rates", _RATES)})


@dataclass
class _Random:
    rng: np.random.Generator
    accounts: int

    def pick(self, *values: Any) -> Any:
        return values[self.rng.integers(len(values))]

    def day(self, since: dt.datetime = BEGIN, days: int = 380) -> dt.datetime:
        """A whole day, or any minute: boundaries of periods are hit often."""
        minutes = int(self.rng.integers(days)) * 1440 + self.pick(0, int(self.rng.integers(1440)))
        edge = self.pick(*([None] * 12), PERIODS[0].begin, PERIODS[1].begin, AS_OF)
        return edge if edge and edge >= since else since + dt.timedelta(minutes=minutes)

    def account(self) -> str:
        return f"a{self.rng.integers(self.accounts)}"

    def late(self, when: dt.datetime) -> dt.datetime:
        return when + dt.timedelta(days=int(self.pick(0, 0, 0, 2, 60)))

    def money(self) -> float:
        return float(self.pick(0, 100, 250.5, 1000, 20_000))

    def currency(self) -> str:
        return str(self.pick("EUR", "EUR", "USD"))


def _account(r: _Random, n: int) -> dict[str, Any]:
    begun = r.pick(None, r.day(), dt.datetime(2025, 8, 1))
    return {
        "account_id": f"a{n}", "name": f"Account {n}", "industry": r.pick("Software", "Retail", None),
        "country": r.pick("DE", "FR", None), "employees": r.pick(5, 40, 700, None), "tier": r.pick("1", "2", None),
        "owner_id": r.pick("s1", "s2", None), "domain": r.pick("x.com", None), "annual_revenue": r.pick(1e6, None),
        "technologies": r.pick("crm;erp", None), "parent_account_id": r.pick(None, None, "a0"),
        "is_target": r.pick(True, True, False), "in_tam": r.pick(True, True, False, None),
        "in_program": r.pick(True, False), "program_from": begun,
        "program_to": r.pick(None, None, begun + dt.timedelta(days=120)) if begun else None,
        "created_at": r.pick(dt.datetime(2025, 1, 1), dt.datetime(2025, 1, 1), r.day()),
    }  # fmt: skip


def _contact(r: _Random, n: int) -> dict[str, Any]:
    created = r.pick(dt.datetime(2025, 2, 1), r.day())
    return {
        "contact_id": f"c{n}", "account_id": r.account(), "role": r.pick("buyer", "it", None),
        "department": r.pick("it", None), "seniority": r.pick("c_level", "vp", "staff", None),
        "is_key": r.pick(True, False), "buying_role": r.pick("decision_maker", "champion", "blocker", None),
        "created_at": created, "left_at": r.pick(None, None, created + dt.timedelta(days=100)),
    }  # fmt: skip


def _engagement(r: _Random, n: int) -> dict[str, Any]:
    when = r.day()
    return {
        "engagement_id": f"e{n}", "account_id": r.account(), "contact_id": r.pick(None, "c0", "c1", "c2", "c3"),
        "happened_at": when, "known_at": r.late(when), "kind": r.pick(*KINDS), "channel": r.pick(*CHANNELS),
        "side": r.pick("marketing", "sales", "inbound", "support"), "content_id": r.pick(None, "t0", "t1", "t9"),
        "campaign_id": r.pick(None, "k0", "k1"), "traffic_source": r.pick(None, "seo", "retargeting"),
        "seconds": r.pick(None, 0.0, 30.0, 90.5), "quantity": r.pick(None, 1.0, 4.0),
    }  # fmt: skip


def _content(r: _Random, n: int) -> dict[str, Any]:
    return {
        "content_id": f"t{n}", "title": r.pick("Guide", None), "funnel_level": r.pick("top", "middle", "bottom"),
        "gated": r.pick(True, False), "personalised": r.pick(True, False),
    }  # fmt: skip


def _opportunity(r: _Random, n: int) -> dict[str, Any]:
    opened = r.day()
    closed = r.pick(None, opened + dt.timedelta(days=int(r.rng.integers(1, 200))))
    return {
        "opportunity_id": f"o{n}", "account_id": r.account(), "kind": r.pick("new", "new", "upsell", "renewal"),
        "opened_at": opened, "first_contact_at": r.pick(None, opened - 20 * _DAY, (closed or opened) + 5 * _DAY),
        "closed_at": closed,
        "outcome": r.pick("won", "lost") if closed else None, "amount": r.pick(None, r.money(), r.money()),
        "currency": r.currency(), "owner_id": r.pick("s1", None),
    }  # fmt: skip


def _stage_change(r: _Random, n: int) -> dict[str, Any]:
    when = r.day()
    stage = r.pick(*TERMS.funnel, *TERMS.funnel, "elsewhere")
    return {"account_id": r.account(), "stage": stage, "happened_at": when, "known_at": r.late(when)}


def _contract(r: _Random, n: int) -> dict[str, Any]:
    started = r.day(dt.datetime(2025, 1, 1), 500)
    ends = started + dt.timedelta(days=int(r.pick(90, 365, 730)))
    return {
        "contract_id": f"v{n}", "account_id": r.account(), "started_at": started, "ends_at": ends,
        "cancelled_at": r.pick(None, None, started + dt.timedelta(days=60)), "total_value": r.money(),
        "currency": r.currency(), "renewed": r.pick(None, True, False),
    }  # fmt: skip


def _order(r: _Random, n: int) -> dict[str, Any]:
    when, kind = r.day(), r.pick("new", "renewal", "upsell", "cross_sell", "credit")
    amount = -r.money() if kind == "credit" else r.money()
    return {
        "order_id": f"q{n}", "account_id": r.account(), "happened_at": when, "known_at": r.late(when),
        "amount": amount, "currency": r.currency(), "kind": kind,
    }  # fmt: skip


def _cost(r: _Random, n: int) -> dict[str, Any]:
    when = r.day()
    return {
        "cost_id": f"p{n}", "happened_at": when, "known_at": r.late(when), "program": r.pick("abm", "other"),
        "category": r.pick("technology", "content", "campaign", "sales", "salaries", "overhead", "support"),
        "campaign_id": r.pick(None, "k0", "k1"), "account_id": r.pick(None, None, r.account()),
        "amount": r.money(), "currency": r.currency(),
    }  # fmt: skip


def _survey(r: _Random, n: int) -> dict[str, Any]:
    sent = r.day()
    answered = r.pick(None, sent + dt.timedelta(days=int(r.rng.integers(0, 40))))
    return {
        "survey_id": f"y{n}", "account_id": r.account(), "contact_id": r.pick(None, "c0"), "sent_at": sent,
        "answered_at": answered, "kind": r.pick("nps", "csat", "brand"),
        "score": float(r.rng.integers(0, 11)) if answered else None,
        "would_recommend": r.pick(True, False, None) if answered else None,
    }  # fmt: skip


def _account_change(r: _Random, n: int) -> dict[str, Any]:
    when, column = r.day(), r.pick("tier", "is_target", "industry")
    value = {"tier": r.pick("1", "2", None), "is_target": r.pick("true", "false"), "industry": r.pick("Retail", None)}
    return {"account_id": r.account(), "column": column, "value": value[column], "happened_at": when,
            "known_at": r.late(when)}  # fmt: skip


_MADE = {
    "accounts": _account, "contacts": _contact, "engagements": _engagement, "contents": _content,
    "opportunities": _opportunity, "stage_changes": _stage_change, "contracts": _contract, "orders": _order,
    "costs": _cost, "surveys": _survey, "account_changes": _account_change,
}  # fmt: skip
_MOMENT = dt.timedelta(microseconds=1)
_RATES = [
    {"currency": "USD", "day": dt.datetime(2024, 1, 1), "rate": 0.9},
    {"currency": "USD", "day": dt.datetime(2026, 3, 1), "rate": 0.8},
]


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = TABLES[name]
    frame = pd.DataFrame(rows, columns=list(table.names))
    for column in table.columns:
        if column.type == "timestamp":
            frame[column.name] = pd.to_datetime(frame[column.name]).astype("datetime64[us]")
    return frame


def once(make: Callable[..., T]) -> Callable[..., T]:
    """A function of a company that is computed once for the same arguments; each caller gets a copy of its own."""

    @wraps(make)
    def told(company: Known, *asked: Any, **how: Any) -> T:
        key = (make, asked, *how.items())
        if key not in company.kept:
            company.kept[key] = make(company, *asked, **how)
        return copy(company.kept[key])

    return told


@dataclass
class Known:
    """A company as known at AS_OF, in plain pandas: late rows gone, later cells empty, money in EUR."""

    raw: Frames
    terms: Terms = field(default_factory=lambda: TERMS)
    kept: dict[Any, Any] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.raw

    @cached_property
    def frames(self) -> Frames:
        """Every table as known at AS_OF."""
        frames = Frames({name: self._known(name) for name in self.raw})
        for name, (amount, when) in _MONEY.items():
            if name in frames:
                rows = frames[name]
                times = rows["closed_at"].fillna(rows["opened_at"]) if name == "opportunities" else rows[when]
                rates = [_rate(currency, time) for currency, time in zip(rows["currency"], times, strict=True)]
                frames[name] = rows.assign(**{amount: rows[amount].astype("float64") * np.array(rates, dtype=float)})
        return frames

    def _known(self, name: str) -> pd.DataFrame:
        table, rows = TABLES[name], self.raw[name]
        if table.happened_at is None:
            return rows
        rows = rows[(rows[table.happened_at] < AS_OF) & (rows[table.known_at] < AS_OF)].copy()
        for column in table.columns:
            if column.known_from:
                rows[column.name] = rows[column.name].where(self.raw[name].loc[rows.index, column.known_from] < AS_OF)
        return rows.reset_index(drop=True)

    @once
    def member(self, account: str | None, when: Any) -> str:
        """Whether an account is `in` or `out` of the program at a time."""
        rows = self.frames["accounts"]
        found = rows[rows["account_id"] == account]
        if found.empty:
            return "out"
        row = found.iloc[0]
        begun = row["program_from"]
        if pd.isna(begun):
            planned = self.raw["accounts"].set_index("account_id")["program_from"][account]
            begun = row["created_at"] if row["in_program"] and pd.isna(planned) else None
        ended = row["program_to"]
        return "in" if begun is not None and begun <= when and (pd.isna(ended) or when < ended) else "out"

    def lifecycle(self, account: str, when: Any) -> str:
        """target, prospect, client, lost or none at a time."""
        frames = self.frames
        running = bought = False
        if "contracts" in frames:
            rows = frames["contracts"]
            rows = rows[(rows["account_id"] == account) & (rows["started_at"] < when)]
            running = bool(((rows["ends_at"] >= when) & ~(rows["cancelled_at"] < when)).any())
            bought = len(rows) > 0
        elif "orders" in frames:
            rows = frames["orders"]
            rows = rows[(rows["account_id"] == account) & (rows["happened_at"] < when) & (rows["kind"] != "credit")]
            running = bool((rows["happened_at"] >= when - dt.timedelta(days=self.terms.client_days)).any())
            bought = len(rows) > 0
        deals = frames.get("opportunities", pd.DataFrame(columns=["account_id", "opened_at", "closed_at"]))
        deals = deals[(deals["account_id"] == account) & (deals["opened_at"] < when)]
        if running:
            return "client"
        if bool((~(deals["closed_at"] < when)).any()):
            return "prospect"
        if bought:
            return "lost"
        return "target" if self.attribute(account, "is_target", when) else "none"

    def attribute(self, account: str, column: str, when: Any) -> Any:
        """A column of an account as it stood at a time, by the changes that had happened by then."""
        row = self.frames["accounts"].set_index("account_id").loc[account]
        value = row[column]
        if "account_changes" in self.frames:
            changes = self.frames["account_changes"]
            changes = changes[
                (changes["account_id"] == account) & (changes["column"] == column) & (changes["happened_at"] < when)
            ].copy()
            if len(changes):
                # Of several at one instant the one told last counts, then the greatest value, nothing being the least.
                changes["_value"] = changes["value"].fillna("")
                last = changes.sort_values(["happened_at", "known_at", "_value"]).iloc[-1]["value"]
                value = {"true": True, "false": False}.get(last, last) if column == "is_target" else last
        return None if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)) else value

    def stage(self, account: str, when: Any) -> str | None:
        """The stage that an account had entered last at a time."""
        rows = self.frames.get("stage_changes")
        if rows is None:
            return None
        rows = rows[(rows["account_id"] == account) & (rows["happened_at"] < when)]
        rows = rows[rows["stage"].isin(self.terms.funnel)].copy()
        if rows.empty:
            return None
        rows["_n"] = rows["stage"].map(self.terms.funnel.index)
        return str(rows.sort_values(["happened_at", "known_at", "_n"]).iloc[-1]["stage"])

    @once
    def accounts(self, period: Period) -> pd.DataFrame:
        """Who each account was in a period, as of KPI cuts; program when it ended, program_begin when it began."""
        rows = self.frames["accounts"]
        rows = rows[rows["created_at"] < period.end]
        records = [
            {
                "account_id": account, "created_at": created,
                **{name: self.attribute(account, name, period.end) for name in ("tier", "industry", "is_target")},
                "in_tam": tam, "cohort": f"{begun.year}Q{begun.quarter}" if pd.notna(begun) else None,
                "lifecycle": self.lifecycle(account, period.begin) if created < period.begin else "none",
                "lifecycle_end": self.lifecycle(account, period.end),
                "stage": self.stage(account, period.begin) if created < period.begin else None,
                "program": self.member(account, period.end - _MOMENT),
                "program_begin": self.member(account, period.begin),
            }
            for account, created, tam, begun in zip(
                rows["account_id"], rows["created_at"], rows["in_tam"], rows["program_from"], strict=True
            )
        ]  # fmt: skip
        columns = ["account_id", "created_at", "tier", "industry", "is_target", "in_tam", "cohort", "lifecycle",
                   "lifecycle_end", "stage", "program", "program_begin"]  # fmt: skip
        return pd.DataFrame(records, columns=columns)

    @once
    def placed(self, name: str, period: Period, time: str = "happened_at") -> pd.DataFrame:
        """The rows of a table in a period, with `program` at that time and the account's cuts."""
        rows = self.frames[name]
        rows = rows[(rows[time] >= period.begin) & (rows[time] < period.end)]
        return self.cuttable(rows, period, time)

    def cuttable(self, rows: pd.DataFrame, period: Period, time: str | None = None) -> pd.DataFrame:
        """Rows with the account's cuts; `program` at the time in a column, or (None) when the period ended."""
        who = self.accounts(period)[["account_id", "tier", "industry", "is_target", "in_tam", "lifecycle", "stage"]]
        rows = rows.drop(columns=[name for name in who.columns if name in rows.columns and name != "account_id"])
        rows = rows.merge(who, on="account_id", how="left")
        times = rows[time] if time else [period.end - _MOMENT] * len(rows)
        program = [self.member(account, when) for account, when in zip(rows["account_id"], times, strict=True)]
        return rows.assign(program=pd.Series(program, index=rows.index, dtype="str"))


_MONEY = {
    "contracts": ("total_value", "started_at"), "orders": ("amount", "happened_at"), "costs": ("amount", "happened_at"),
    "opportunities": ("amount", "opened_at"),
}  # fmt: skip


def _rate(currency: Any, when: Any) -> float:
    if currency in ("EUR", None):
        return 1.0
    return [row["rate"] for row in _RATES if row["day"] <= when][-1]
