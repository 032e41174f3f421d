"""The notation of worked examples: rows of one account, timed by how many days before the scoring date they lie.

`did(10, "meeting")` is a meeting ten days before the date, `did(0, ...)` one exactly at it, and a negative number lies
ahead. A text is a date as it stands. Every example has an account of its own; `others` are accounts beside it, and a
number as `parent_account_id` is one of them (0: the example's own account).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from abm_ml.tables import TABLES

AS_OF = dt.datetime(2026, 7, 1)
When = float | str | None
Value = float | str | None

# One dollar was worth half a euro until 100 days before the date, and 0.80 since.
RATES = [
    {"currency": "USD", "day": AS_OF - dt.timedelta(days=3000), "rate": 0.5},
    {"currency": "USD", "day": AS_OF - dt.timedelta(days=100), "rate": 0.8},
]
IDS = ("contact_id", "opportunity_id", "content_id", "contract_id", "order_id", "survey_id", "engagement_id")


@dataclass(frozen=True)
class Row:
    """One row of a canonical table; its times are still days before the date."""

    table: str
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class Example:
    """Rows of an account, the value of a feature that follows from them, and the rule that this shows.

    `expected` is one value, or one per window in days.
    """

    feature: str
    rule: str
    rows: Sequence[Row]
    expected: Value | Mapping[int, Value]
    others: Sequence[Sequence[Row]] = field(default=())
    as_of: dt.datetime = AS_OF

    @property
    def columns(self) -> dict[str, Value]:
        """The expected value of each column."""
        if isinstance(self.expected, Mapping):
            return {f"{self.feature}_{days}d": value for days, value in self.expected.items()}
        return {self.feature: self.expected}


def account(**cells: Any) -> Row:
    """A fact of the account itself."""
    return Row("accounts", cells)


def changed(column: str, value: str, ago: When, **cells: Any) -> Row:
    """A fact of the account that changed."""
    return Row("account_changes", {"column": column, "value": value, "happened_at": ago, **cells})


def did(ago: When, kind: str = "web_visit", by: str | None = None, **cells: Any) -> Row:
    """An engagement; by whom, if anybody is known."""
    common = {"kind": kind, "channel": "web", "side": "marketing"}
    return Row("engagements", {"happened_at": ago, "contact_id": by, **common, **cells})


def person(name: str, since: When = 400, **cells: Any) -> Row:
    """A contact."""
    return Row("contacts", {"contact_id": name, "created_at": since, "is_key": False, **cells})


def content(name: str, level: str) -> Row:
    """A piece of content and its level of the funnel."""
    return Row("contents", {"content_id": name, "funnel_level": level, "gated": False, "personalised": False})


def entered(ago: When, stage: str, **cells: Any) -> Row:
    """A stage change."""
    return Row("stage_changes", {"happened_at": ago, "stage": stage, **cells})


def deal(name: str, opened: When, closed: When = None, outcome: str | None = None, **cells: Any) -> Row:
    """An opportunity, open unless it says when it closed and how."""
    times = {"opened_at": opened, "closed_at": closed, "outcome": outcome}
    return Row("opportunities", {"opportunity_id": name, "kind": "new", "currency": "EUR", **times, **cells})


def repriced(name: str, amount: float, ago: When, **cells: Any) -> Row:
    """A deal's amount that changed."""
    change = {"opportunity_id": name, "column": "amount", "value": str(amount), "happened_at": ago}
    return Row("opportunity_changes", {**change, **cells})


def contract(name: str, started: When, ends: When, value: float = 1000, **cells: Any) -> Row:
    """A contract with its total value in euros."""
    times = {"started_at": started, "ends_at": ends}
    return Row("contracts", {"contract_id": name, "total_value": value, "currency": "EUR", **times, **cells})


def order(ago: When, amount: float = 100, kind: str = "renewal", **cells: Any) -> Row:
    """An order in euros."""
    return Row("orders", {"happened_at": ago, "amount": amount, "kind": kind, "currency": "EUR", **cells})


def survey(sent: When, kind: str = "nps", answered: When = None, score: float | None = None) -> Row:
    """A survey, and its answer once there is one."""
    return Row("surveys", {"sent_at": sent, "kind": kind, "answered_at": answered, "score": score})


def rows_of(examples: Sequence[Example]) -> dict[str, list[dict[str, Any]]]:
    """All examples as one company: the rows of each table."""
    tables: dict[str, list[dict[str, Any]]] = {"accounts": [], "rates": list(RATES)}
    for number, example in enumerate(examples):
        for beside, rows in enumerate((example.rows, *example.others)):
            name = f"{number}.{beside}"
            facts: dict[str, Any] = {"created_at": 500, "is_target": True, "in_program": False}
            for row in rows:
                facts |= row.cells if row.table == "accounts" else {}
            for row in (Row("accounts", facts), *(row for row in rows if row.table != "accounts")):
                tables.setdefault(row.table, []).append(
                    _cells(row, name, len(tables.get(row.table, ())), example.as_of)
                )
    return tables


def _cells(row: Row, account_id: str, number: int, as_of: dt.datetime) -> dict[str, Any]:
    """A row's cells: with its account, ids of its own, and real times."""
    table = TABLES[row.table]
    cells: dict[str, Any] = dict.fromkeys(table.key, f"row {number}")
    cells |= {name: f"{account_id}/{cell}" if name in IDS and cell else cell for name, cell in row.cells.items()}
    if "account_id" in table.names:
        cells["account_id"] = account_id
    if isinstance(cells.get("parent_account_id"), int):
        cells["parent_account_id"] = f"{account_id.partition('.')[0]}.{cells['parent_account_id']}"
    times = [column.name for column in table.columns if column.type == "timestamp"]
    return cells | {name: time(cells[name], as_of) for name in times if name in cells}


def time(when: When, as_of: dt.datetime) -> dt.datetime | None:
    """A moment that an example speaks of."""
    if isinstance(when, str):
        return dt.datetime.fromisoformat(when)
    return None if when is None else as_of - dt.timedelta(days=when)
