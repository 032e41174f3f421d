"""What is published for the page: values of the key `page` of a workspace's configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from abm_ml.config import Strict


class PageConfig(Strict):
    """What is published for the page besides scores, reasons and KPIs; it decides about the price and size of a run."""

    changes: Literal["all", "none"] = Field(
        default="all", description="why scores changed since the previous run; its price is features at two more dates"
    )
    history: int = Field(default=12, ge=1, description="of so many dates the page shows an account's scores")
    timeline: int = Field(default=200, ge=1, description="so many events of an account are shown, the newest")
