"""What the store gives to pages and API: frozen records of plain values, and who is looking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["seller", "manager", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


class NotFound(LookupError):
    """There is no such account for this viewer: unknown and forbidden are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who is looking, and at which accounts: those of some owners and those of some territories.

    A seller without either sees none. A manager or admin without either sees all; with them, only these.
    """

    name: str
    role: Role
    owners: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()

    @property
    def sees_all(self) -> bool:
        """Whether no account is hidden from this viewer."""
        return self.role != "seller" and not self.owners and not self.territories


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """The run that is shown.

    `grades` are the lowest probabilities of A, B and C, `levels` the lowest engagement points of each level, counted
    over `window_days`; `what_if_accounts` is how many accounts per label have scenarios, None for all.
    """

    run_id: str
    as_of: dt.date
    previous_run_id: str | None
    previous_as_of: dt.date | None
    newest_event: dt.date | None
    currency: str
    funnel: tuple[str, ...]
    grades: Mapping[str, float]
    levels: Mapping[str, float]
    window_days: int
    what_if_accounts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One score of an account; `word` is its model's quality word, `change` the difference to the run before.

    `moved_by` is the largest part of that difference.
    """

    label: str
    probability: float
    low: float
    high: float
    base_probability: float
    percentile: float
    grade: str
    rung: str
    model: str | None
    word: str | None
    expected_value: float | None
    change: float | None
    enough: bool
    rule_score: float | None
    rule_level: str | None
    agreement: str | None
    first_reason: str | None
    moved_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """An account in the list. `lead_label` is the label of its largest expected value, else of its highest score."""

    account_id: str
    name: str
    domain: str | None
    industry: str | None
    country: str | None
    tier: str | None
    owner_id: str | None
    owner_name: str | None
    lifecycle: str | None
    stage: str | None
    engagement_level: str | None
    engagement_points: float | None
    penetration: float | None
    penetration_goal: float | None
    expected_value: float | None
    biggest_change: float | None
    lead_label: str | None
    first_reason: str | None
    scores: Mapping[str, ScoreRow]


Sort = Literal[
    "name", "expected_value", "progression", "win", "churn", "engagement", "penetration", "change", "stage", "tier"
]
SORTS: tuple[Sort, ...] = get_args(Sort)
MOST_ROWS, MOST_EXPORTED = 200, 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What is asked of the list. Several values of one filter are alternatives; filters narrow each other.

    `grade` and `agreement` hold for any of the account's scores. `capacity` keeps the accounts that the viewer, or the
    one chosen owner, can work on, by expected value.
    """

    search: str = ""
    owner: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    industry: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    lifecycle: tuple[str, ...] = ()
    grade: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    agreement: tuple[str, ...] = ()
    sort: Sort = "expected_value"
    descending: bool = True
    page: int = 1
    size: int = 25
    capacity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """A page of the list: its rows, how many there are on all pages, and the capacity where it was asked for."""

    rows: tuple[ListRow, ...]
    total: int
    capacity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The values that the viewer's own accounts offer to each filter; owners as (id, name)."""

    owners: tuple[tuple[str, str], ...]
    tiers: tuple[str, ...]
    industries: tuple[str, ...]
    stages: tuple[str, ...]
    lifecycles: tuple[str, ...]
    grades: tuple[str, ...]
    levels: tuple[str, ...]
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a score is what it is: `points` of probability, 0.01 being one of a hundred; `group` is None for the rest."""

    rank: int
    feature: str
    group: str | None
    points: float
    controllable: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePart:
    """A part of the difference to the run before, in points of probability; the parts add up to `change`."""

    part: str
    points: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What the same model says with hypothetical rows; `with_` is None where that is not `inside` what training saw."""

    label: str
    scenario: str
    text: str
    without: float
    with_: float | None
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPoint:
    """A score in an earlier run."""

    run_id: str
    as_of: dt.date
    probability: float
    low: float
    high: float
    grade: str
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKpi:
    """A KPI of the account beside its goal."""

    name: str
    title: str
    value: float | None
    unit: str
    better: str
    family: str
    goal: float | None
    met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCell:
    """How many people of a role and seniority are known, and how many of them engaged; never who."""

    role: str
    seniority: str
    known: int
    engaged: int
    key_people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at the account; of a person only role and seniority."""

    happened_at: dt.datetime
    kind: str
    channel: str | None
    side: str | None
    role: str | None
    seniority: str | None
    detail: str | None
    amount: float | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An open deal of the account."""

    opportunity_id: str
    kind: str
    stage: str | None
    opened_at: dt.date
    amount: float | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A parent or subsidiary that the viewer may see."""

    account_id: str
    name: str
    relation: Literal["parent", "subsidiary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """All that is shown of an account, from one run; dicts are by label."""

    facts: ListRow
    website: str | None
    employees: int | None
    annual_revenue: float | None
    territory: str | None
    scores: tuple[ScoreRow, ...]
    reasons: Mapping[str, tuple[Reason, ...]]
    changes: Mapping[str, tuple[ChangePart, ...]]
    what_if: tuple[WhatIf, ...]
    history: Mapping[str, tuple[HistoryPoint, ...]]
    kpis: tuple[AccountKpi, ...]
    buying_group: tuple[GroupCell, ...]
    timeline: tuple[Event, ...]
    deals: tuple[Deal, ...]
    family: tuple[Relative, ...]
