"""models/<label>/model.yaml: what a model answers, from which features, and how it learns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from abm_ml.config import Strict, read_config
from abm_ml.errors import ConfigError, did_you_mean
from abm_ml.features import FeatureColumn, Group
from abm_ml.labels import Label
from abm_ml.leaks import LeakConfig
from abm_ml.modelling.classifier import CalibrateOn, RungChoice


class LightGbmSettings(Strict):
    """How the trees are grown; see AccountClassifier."""

    learning_rate: float = 0.04
    max_trees: int = 1500
    patience: int = 60
    num_leaves: int | None = None
    max_depth: int = 8
    min_child_samples: int | None = None
    feature_fraction: float = 0.5
    bagging_fraction: float = 0.8
    l2: float = 10.0
    bags: int = Field(default=1, ge=1, description="how many times the trees are grown, to be averaged")
    calibrate_on: CalibrateOn = Field(default="all", description="newest: where the event rate has changed for good")
    seed: int = 7


class FeatureChoice(Strict):
    """Which features a model may use."""

    groups: tuple[Group, ...] = ("engagement", "penetration", "firmographic", "pipeline", "clients")
    exclude: tuple[str, ...] = Field(default=(), description="features or single columns to leave out")


class ModelConfig(Strict):
    """models/<label>/model.yaml: what a model answers, for whom, from which features, and how it learns."""

    label: str
    population: str = Field(default="", description="for whom, in words; the label's record decides")
    horizon_days: int | None = Field(default=None, gt=0, description="default: the workspace's")
    features: FeatureChoice = FeatureChoice()
    rung: RungChoice = Field(default="auto", description="auto: as high as events and held-out rows allow")
    segments: tuple[str, ...] = Field(default=(), description="columns whose values may get a model of their own")
    lightgbm: LightGbmSettings = LightGbmSettings()
    leaks: LeakConfig = LeakConfig()


def model_config(models: Path, label: Label) -> ModelConfig:
    """What `models/<label>/model.yaml` says; the defaults where there is no such file."""
    file = models / label.name / "model.yaml"
    if not file.is_file():
        return ModelConfig(label=label.name)
    config = read_config(file, ModelConfig)
    if config.label != label.name:
        raise ConfigError(f"{file}, key 'label': this is the folder of {label.name} (found: {config.label}).")
    return config


def chosen_columns(columns: Sequence[FeatureColumn], choice: FeatureChoice, label: Label) -> tuple[FeatureColumn, ...]:
    """The feature columns that a model may read.

    Raises:
        ConfigError: what it leaves out is no feature.
    """
    known = {name for column in columns for name in (column.name, column.feature)}
    unknown = [name for name in choice.exclude if name not in known]
    if unknown:
        raise ConfigError(
            f"Model {label.name}, features: exclude: no feature is called '{unknown[0]}'. "
            f"{did_you_mean(unknown[0], known)}"
        )
    left_out = set(choice.exclude)
    return tuple(
        column for column in columns if column.group in choice.groups and not {column.name, column.feature} & left_out
    )
