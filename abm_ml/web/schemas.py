"""What the API answers: documented fields and no others; probabilities are shares of 1, points shares of 1, too."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from abm_ml.web.records import MOST_ROWS, ListQuery, Sort

Text = Annotated[str, Field(max_length=200)]
Texts = Annotated[list[Text], Field(max_length=50)]


class Answer(BaseModel):
    """A part of an answer: made from a record, without further fields."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, frozen=True)


class ScoreAnswer(Answer):
    """One score of an account; `enough` is false where its interval is too wide to say anything."""

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


class AccountAnswer(Answer):
    """An account with its scores."""

    account_id: str
    name: str | None
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
    scores: list[ScoreAnswer]


class Marked(Answer):
    """An answer that names the run it comes from."""

    run_id: str
    as_of: dt.date


class OneAccount(Marked):
    """An account as the run knows it."""

    account: AccountAnswer


class AccountList(Marked):
    """A page of the viewer's accounts, and how many there are on all pages."""

    total: int
    page: int
    size: int
    accounts: list[AccountAnswer]


class ReasonAnswer(Answer):
    """A reason; with the base probability the points of a score's reasons add up to its probability."""

    label: str
    rank: int
    feature: str
    group: str | None
    points: float
    controllable: bool
    text: str


class ReasonList(Marked):
    """The reasons of all scores of an account."""

    account_id: str
    reasons: list[ReasonAnswer]


class HistoryAnswer(Answer):
    """A score of the account in this or an earlier run."""

    label: str
    run_id: str
    as_of: dt.date
    probability: float
    low: float
    high: float
    grade: str
    model: str | None


class HistoryList(Marked):
    """The scores of an account over the runs."""

    account_id: str
    history: list[HistoryAnswer]


class KpiAnswer(Answer):
    """A row of the KPI report."""

    name: str
    measure: str
    part: str | None
    period_from: dt.date | None
    period_to: dt.date | None
    cut: str
    value: float | None
    low: float | None
    high: float | None
    of: float | None
    unit: str
    goal: float | None
    met: bool | None
    better: str
    family: str
    three_r: str
    note: str | None


class KpiList(Marked):
    """A page of the KPI report."""

    total: int
    page: int
    size: int
    kpis: list[KpiAnswer]


class Health(Answer):
    """Whether there are scores to show, of which date, and how old they are."""

    status: Literal["ok", "old", "newer run unreadable", "no scores"]
    run_id: str | None = None
    as_of: dt.date | None = None
    age_days: int | None = None
    newest_event: dt.date | None = None


class Problem(Answer):
    """Why there is no answer; `request_id` finds the request in the server's log."""

    title: str
    advice: str
    request_id: str


class AccountQuestion(BaseModel):
    """What to list; several values of a filter are alternatives, several filters narrow each other."""

    model_config = ConfigDict(extra="forbid")

    search: Text = ""
    owner: Texts = []
    tier: Texts = []
    industry: Texts = []
    stage: Texts = []
    lifecycle: Texts = []
    grade: Texts = []
    level: Texts = []
    agreement: Texts = []
    sort: Sort = "expected_value"
    order: Literal["asc", "desc"] = "desc"
    page: int = Field(default=1, ge=1, le=100_000)
    size: int = Field(default=25, ge=1, le=MOST_ROWS)

    def query(self) -> ListQuery:
        """The same as the store is asked."""
        return ListQuery(
            search=self.search,
            owner=tuple(self.owner),
            tier=tuple(self.tier),
            industry=tuple(self.industry),
            stage=tuple(self.stage),
            lifecycle=tuple(self.lifecycle),
            grade=tuple(self.grade),
            level=tuple(self.level),
            agreement=tuple(self.agreement),
            sort=self.sort,
            descending=self.order == "desc",
            page=self.page,
            size=self.size,
        )


class KpiQuestion(BaseModel):
    """Which rows of the KPI report."""

    model_config = ConfigDict(extra="forbid")

    name: Text | None = Field(default=None, description="only this KPI")
    cut: Text | None = Field(default=None, description="only this cut: all, tier=1, ...")
    page: int = Field(default=1, ge=1, le=100_000)
    size: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)
