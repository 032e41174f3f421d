"""The file of an experiment: which labels, and in what each variant differs from models/<label>/model.yaml."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from abm_ml.config import Strict, parse_config, read_config
from abm_ml.errors import ConfigError
from abm_ml.jobs.model_config import ModelConfig, model_config
from abm_ml.labels import LABELS, Label

AS_CONFIGURED = "as configured"

Changes = Mapping[str, Any]


class Budget(Strict):
    """How long --tune searches per label; whichever ends first."""

    seconds: float | None = Field(default=300, gt=0)
    trials: int | None = Field(default=None, gt=0)


class ExperimentPlan(Strict):
    """An experiment: variants, given one by one or as a grid, that are compared on the training dates."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="small letters, digits and hyphens")
    labels: tuple[str, ...] = Field(default=(), description="default: all that are configured")
    variants: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="by name, what differs from model.yaml, in its own keys; the first is the bar"
    )
    grid: dict[str, list[Any]] = Field(
        default_factory=dict, description="instead of variants: values by dotted key; every combination is a variant"
    )
    blocks: int = Field(default=2, gt=0, description="how many blocks of later dates are judged")
    parts: int = Field(default=3, gt=1, description="in how many parts accounts are kept apart")
    seed: int = 7
    tune: Budget = Budget()

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.variants and self.grid:
            raise ValueError("an experiment has variants or a grid, not both")
        if not all(self.grid.values()):
            raise ValueError("every key of the grid has at least one value")
        for label in self.labels:
            LABELS[label]
        return self

    def changes(self) -> dict[str, Changes]:
        """What each variant changes, by its name; of a grid the first one changes nothing."""
        if self.variants or not self.grid:
            return dict(self.variants) or {AS_CONFIGURED: {}}
        found: dict[str, Changes] = {AS_CONFIGURED: {}}
        for values in itertools.product(*self.grid.values()):
            point = dict(zip(self.grid, values, strict=True))
            found[", ".join(f"{key.rpartition('.')[2]} {_said(value)}" for key, value in point.items())] = _nested(
                point
            )
        return found


def read_plan(file: Path) -> ExperimentPlan:
    """The experiment in a YAML file; raises ConfigError that names line and key."""
    return read_config(file, ExperimentPlan)


def variants_of(plan: ExperimentPlan, models: Path, label: Label) -> dict[str, ModelConfig]:
    """The configuration of each variant of a label: its model.yaml with the variant's changes.

    Raises:
        ConfigError: a change is none that a model.yaml could have.
    """
    usual = model_config(models, label)
    return {name: changed(usual, changes, where=f"variant '{name}'") for name, changes in plan.changes().items()}


def changed(config: ModelConfig, changes: Changes, *, where: str) -> ModelConfig:
    """A model's configuration with some keys changed; what it answers stays."""
    if "label" in changes:
        raise ConfigError(f"{where}, key 'label': a variant stays with its label. Name other ones in 'labels'.")
    return parse_config(_merged(config.model_dump(mode="json"), changes), ModelConfig, where=where)


def _merged(values: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    merged = dict(values)
    for key, value in changes.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _nested(point: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as records within records."""
    nested: dict[str, Any] = {}
    for key, value in point.items():
        *outer, last = key.split(".")
        place = nested
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = value
    return nested


def _said(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
