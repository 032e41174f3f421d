"""Which accounts: what a viewer may see and what a list asks for, as conditions with bound values."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from abm_ml.web.records import ListQuery, Sort, Viewer

_MOST_WORDS = 8
_AMONG = "{column} in (select value from json_each(?))"
_COLUMNS = {
    "owner": "a.owner_id",
    "tier": "a.tier",
    "industry": "a.industry",
    "stage": "a.stage",
    "lifecycle": "a.lifecycle",
    "level": "a.engagement_level",
}
_SCORED = "exists (select 1 from scores as s where s.account_id = a.account_id and {condition})"
ORDERS: dict[Sort, str] = {
    "name": "a.name collate nocase",
    "expected_value": "a.expected_value",
    "progression": "(select probability from scores as s where s.account_id = a.account_id and label = 'progression')",
    "win": "(select probability from scores as s where s.account_id = a.account_id and label = 'win')",
    "churn": "(select probability from scores as s where s.account_id = a.account_id and label = 'churn')",
    "engagement": "a.engagement_points",
    "penetration": "a.penetration",
    "change": "abs(a.biggest_change)",
    "stage": "a.stage_number",
    "tier": "a.tier",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the accounts `a`, and the values of its question marks."""

    sql: str
    values: tuple[Any, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        """Both hold."""
        if ALL in (self, other):
            return other if self == ALL else self
        return Condition(f"({self.sql}) and ({other.sql})", self.values + other.values)


ALL = Condition("true")


def visible(viewer: Viewer, *, owner: str = "a.owner_id", territory: str = "a.territory") -> Condition:
    """What a viewer may see: the one place that decides it, part of every question about accounts."""
    if viewer.sees_all:
        return ALL
    parts = [
        among(column, values) for column, values in ((owner, viewer.owners), (territory, viewer.territories)) if values
    ]
    return Condition(
        " or ".join(part.sql for part in parts) or "false", tuple(value for part in parts for value in part.values)
    )


def asked(query: ListQuery) -> Condition:
    """What a list's filters and search ask for."""
    found = ALL
    for name, column in _COLUMNS.items():
        if values := getattr(query, name):
            found &= among(column, values)
    for name in ("grade", "agreement"):
        if values := getattr(query, name):
            scored = among(f"s.{name}", values)
            found &= Condition(_SCORED.format(condition=scored.sql), scored.values)
    for word in folded(query.search).split()[:_MOST_WORDS]:
        found &= Condition("instr(a.search, ?) > 0", (word,))
    return found


def ordered(query: ListQuery, wanted: Condition) -> str:
    """The order of a list: what is missing comes last either way, and equal rows keep one order."""
    # SQLite takes a null for the smallest value, so a falling order ends with it, by an index where there is one. The
    # plus keeps it from that index where rows are chosen: it would walk through all accounts to find a seller's.
    direction = "desc" if query.descending else "asc nulls last"
    return f"{'' if wanted == ALL else '+'}{ORDERS[query.sort]} {direction}, a.account_id"


def folded(text: str) -> str:
    """A text as search compares it: ways of writing a sign, and capitals, make no difference."""
    return unicodedata.normalize("NFKC", text).casefold()


def among(column: str, values: Iterable[str]) -> Condition:
    """A column holds one of some values; the question's text is the same for any number of them."""
    return Condition(_AMONG.format(column=column), (json.dumps(list(values)),))
