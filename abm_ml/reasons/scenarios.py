"""Scenarios: rows that an account's log might hold besides its own, as a company configures them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from abm_ml.config import Strict

Role = Literal["decision_maker", "influencer", "user", "champion", "blocker"]
Seniority = Literal["c_level", "vp", "director", "manager", "staff"]
Side = Literal["marketing", "sales", "product", "support", "inbound"]


class Person(Strict):
    """Who takes part: somebody known at the account who is all of this, else somebody new who is."""

    is_key: bool | None = None
    buying_role: Role | None = None
    seniority: Seniority | None = None
    engaged: bool | None = Field(default=None, description="false: nobody who engaged in the window of the levels")

    @property
    def cells(self) -> dict[str, str | bool]:
        """What a contact's row says of such a person."""
        told = {"is_key": self.is_key, "buying_role": self.buying_role, "seniority": self.seniority}
        return {name: value for name, value in told.items() if value is not None}


class SupposedRow(Strict):
    """An engagement that did not happen: `times` of them, each a day before the other and with another person."""

    kind: str
    channel: str
    side: Side
    person: Person | None = None
    times: int = Field(default=1, ge=1, le=30)
    days_ago: int = Field(default=1, ge=1, le=365, description="the last of them happened so long before the date")


class Scenario(Strict):
    """Rows that an account might have besides its own, and how they are spoken of."""

    text: str = Field(min_length=1)
    rows: tuple[SupposedRow, ...] = Field(min_length=1)
    labels: tuple[str, ...] = Field(default=(), description="only these labels; default: all")


_DECISION_MAKER = Person(buying_role="decision_maker", engaged=False)
_USUAL = {
    "key_meeting": Scenario(
        text="a meeting with a key contact",
        rows=(SupposedRow(kind="meeting", channel="in_person", side="sales", person=Person(is_key=True)),),
    ),
    "two_decision_makers": Scenario(
        text="two more decision makers engaged",
        rows=(SupposedRow(kind="meeting", channel="in_person", side="sales", person=_DECISION_MAKER, times=2),),
        labels=("progression", "win"),
    ),
    "daily_use": Scenario(
        text="the product used on five days in a row",
        rows=(SupposedRow(kind="product_use", channel="product", side="product", times=5),),
        labels=("churn",),
    ),
}


class WhatIfConfig(Strict):
    """Which scenarios are worked out, and for how many accounts: their price is the features of so many more."""

    accounts: int | Literal["all"] = Field(
        default=10_000, description="per label: so many of the highest expected value, else of the highest probability"
    )
    scenarios: dict[str, Scenario] = Field(default_factory=lambda: dict(_USUAL))
