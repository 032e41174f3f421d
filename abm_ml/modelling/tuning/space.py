"""Where good settings are looked for: the range of each, and the points that are tried first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import optuna

Settings = Mapping[str, float | int]


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and highest value of a setting; `log`: twice as much counts as one step, whole numbers stay whole."""

    low: float
    high: float
    log: bool = False

    def suggested(self, trial: optuna.Trial, name: str) -> float | int:
        """The value that a trial tries."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def with_(self, value: float) -> Range:
        """The range, wide enough for a value."""
        return Range(min(self.low, value), max(self.high, value), log=self.log)


SPACE: Mapping[str, Range] = {
    "learning_rate": Range(0.015, 0.15, log=True),
    "num_leaves": Range(3, 64, log=True),
    "max_depth": Range(2, 12),
    "min_child_samples": Range(3, 200, log=True),
    "feature_fraction": Range(0.1, 1.0),
    "bagging_fraction": Range(0.4, 1.0),
    "l2": Range(0.01, 100.0, log=True),
}

# Shapes that have done well on tables of very different sizes; the search starts from them instead of at random.
STARTS: tuple[Settings, ...] = (
    {"num_leaves": 6, "max_depth": 3, "feature_fraction": 0.3, "l2": 30.0},
    {"num_leaves": 5, "max_depth": 5, "feature_fraction": 0.8, "bagging_fraction": 0.5, "l2": 50.0},
    {"num_leaves": 40, "max_depth": 10, "feature_fraction": 0.7, "l2": 1.0, "learning_rate": 0.03},
    {"num_leaves": 12, "max_depth": 6, "feature_fraction": 0.2, "min_child_samples": 60, "bagging_fraction": 0.6},
)


def space_around(usual: Settings) -> dict[str, Range]:
    """The range of every setting, wide enough for the usual one."""
    return {name: where.with_(usual[name]) for name, where in SPACE.items()}


def starts(usual: Settings) -> list[dict[str, Any]]:
    """The usual settings, then other shapes: what is tried before the search learns from its trials."""
    return [dict(usual), *({**usual, **start} for start in STARTS)]
