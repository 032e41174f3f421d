"""When a challenger may take the champion's place, and when a champion has to be trained again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pydantic import Field

from abm_ml.config import Strict
from abm_ml.modelling.evaluation import Metric


class PromotionConfig(Strict):
    """When a challenger may take the champion's place, and when a champion has to be trained again."""

    worse_by: float = Field(default=0.02, ge=0, description="by how much AUC a challenger may be worse, at the worst")
    canary_accounts: int = Field(default=1000, gt=0, description="how many accounts a challenger scores on trial")
    canary_seconds: float = Field(default=120, gt=0, description="how long it may take for them")
    canary_odds: float = Field(default=2.0, gt=1, description="the most by which its mean odds may differ: a factor")
    oldest_days: int = Field(default=90, gt=0, description="train --if-needed: how old a champion may become")
    auc_share: float = Field(default=0.95, gt=0, le=1, description="train --if-needed: of its AUC at training")
    audit_key_env: str | None = Field(default=None, description="an environment variable with the audit trail's key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """A model beside the champion of its day on the same test rows; `difference` is its AUC minus the champion's.

    `difference` is None where the two cannot be compared, and `why` says why. `champion` is a name like win/3.
    """

    champion: str
    difference: Metric | None = None
    why: str = ""

    def allows(self, worse_by: float) -> bool:
        """Whether the model is for certain (lower 90 % bound) not worse by more than this; if nobody knows, it may."""
        return self.difference is None or self.difference.low >= -worse_by

    def __str__(self) -> str:
        """The comparison as the middle of a sentence."""
        if self.difference is None:
            return f"cannot be compared with {self.champion}: {self.why}"
        told = self.difference
        return f"AUC {told.value:+.3f} ({told.low:+.3f} to {told.high:+.3f}) against {self.champion}"


def against_text(against: Against) -> str:
    """A comparison as JSON."""
    return json.dumps(asdict(against))


def against_from(text: str) -> Against:
    """The comparison that `against_text` wrote."""
    record = json.loads(text)
    difference = record["difference"]
    return Against(**{**record, "difference": None if difference is None else Metric(**difference)})


def odds_apart(mean: float, other: float) -> float:
    """By which factor the odds of two mean probabilities differ; at least 1."""
    ratio = (mean / (1.0 - mean)) / (other / (1.0 - other))
    return max(ratio, 1.0 / ratio)
