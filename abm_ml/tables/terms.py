"""The terms a company uses: its funnel, its kinds of engagement and what they are worth, its levels, its money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from abm_ml.config import Strict

DEFAULT_POINTS: Mapping[str, float] = {
    "email_sent": 0,
    "email_delivered": 0,
    "email_bounced": 0,
    "email_open": 1,
    "email_click": 3,
    "email_reply": 5,
    "web_visit": 1,
    "content_view": 1,
    "content_download": 3,
    "form_fill": 5,
    "ad_impression": 0,
    "ad_click": 2,
    "social_share": 2,
    "social_comment": 2,
    "event_invited": 0,
    "event_registered": 3,
    "event_attended": 8,
    "webinar_attended": 6,
    "mailing_sent": 0,
    "call": 4,
    "meeting": 10,
    "demo_request": 10,
    "referral": 8,
    "product_use": 0,
    "support_ticket": 0,
}
ChannelClass = Literal["digital", "physical"]
DEFAULT_CHANNELS: Mapping[str, ChannelClass] = {
    "email": "digital",
    "web": "digital",
    "ads": "digital",
    "social": "digital",
    "webinar": "digital",
    "product": "digital",
    "support": "digital",
    "phone": "physical",
    "in_person": "physical",
    "event": "physical",
    "mail": "physical",
}


class Engagement(Strict):
    """What engagement is worth: points per kind, the class of each channel, and the levels that points reach."""

    points: dict[str, float] = Field(default_factory=dict, description="points per kind, over the defaults")
    channels: dict[str, ChannelClass] = Field(default_factory=dict, description="class per channel, over the defaults")
    levels: dict[str, float] = Field(
        default_factory=lambda: {"warm": 20.0, "hot": 50.0, "red_hot": 100.0}, min_length=1
    )
    window_days: int = Field(default=90, gt=0, description="the window over which points make a level")

    @property
    def points_by_kind(self) -> dict[str, float]:
        """Points of every known kind."""
        return {**DEFAULT_POINTS, **self.points}

    @property
    def class_by_channel(self) -> dict[str, ChannelClass]:
        """`digital` or `physical` for every known channel."""
        return {**DEFAULT_CHANNELS, **self.channels}

    @model_validator(mode="after")
    def _levels_rise(self) -> Self:
        floors = list(self.levels.values())
        if floors != sorted(set(floors)):
            raise ValueError("the levels must rise from the first to the last")
        return self


class Terms(Strict):
    """A company's own terms, which every KPI, feature and label reads."""

    currency: str = "EUR"
    funnel: tuple[str, ...] = ("awareness", "consideration", "evaluation", "decision")
    engagement: Engagement = Engagement()
    client_days: int = Field(default=180, gt=0, description="without contracts: a client ordered within these days")
    fixed: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="custom columns and amounts, per table, that never change after creation"
    )

    @model_validator(mode="after")
    def _stages_differ(self) -> Self:
        if len(set(self.funnel)) != len(self.funnel) or len(self.funnel) < 2:
            raise ValueError("the funnel needs at least two stages, all different")
        return self
