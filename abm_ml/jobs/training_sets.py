"""The training set of each label, from a company's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from abm_ml.features import FeatureColumn
from abm_ml.jobs.model_config import ModelConfig, chosen_columns, model_config
from abm_ml.jobs.population import population
from abm_ml.jobs.workspace import Workspace, day_after
from abm_ml.labels import LABELS, Label, Outlook
from abm_ml.training_set import KEYS, TrainingSet, build_training_set, snapshot_dates


def training_set_of(workspace: Workspace, label: str, *, as_of: dt.datetime | None = None) -> TrainingSet:
    """The training set of one label: accounts at past dates, their features then, what happened next, split by time."""
    return training_sets(workspace, [LABELS[label]], workspace.as_of(as_of))[0]


def training_sets(workspace: Workspace, labels: Sequence[Label], until: dt.datetime) -> list[TrainingSet]:
    """The training set of each label, over all snapshots whose outcome is known by `until`."""
    return [make() for make in makers(workspace, labels, until)]


def makers(workspace: Workspace, labels: Sequence[Label], until: dt.datetime) -> list[Callable[[], TrainingSet]]:
    """The making of each label's training set, for one of them may be refused; one feature table serves all."""
    questions = [(label, model_config(workspace.config.models, label)) for label in labels]
    return [partial(split, workspace, past) for past in pasts(workspace, questions, until)]


@dataclass(frozen=True, kw_only=True)
class Past:
    """What models of a label learn from: who was asked at each date, what was known of them, which columns are read.

    `features` has a row per account and date: the keys, every feature, and engagement_score. `accept` names
    columns that only look like leaks.
    """

    label: Label
    outlook: Outlook
    features: pd.DataFrame
    columns: tuple[FeatureColumn, ...]
    accept: Mapping[str, str]


def pasts(workspace: Workspace, questions: Sequence[tuple[Label, ModelConfig]], until: dt.datetime) -> list[Past]:
    """The past of each label as a model's configuration wants it; one feature table serves all.

    A label may be asked several times, with other horizons or other features.
    """
    company, config = workspace.company, workspace.config
    horizons = [each.horizon_days or config.question(label).horizon_days for label, each in questions]
    known_until = min(until, day_after(company.end))
    dates = {
        date
        for horizon in horizons
        for date in snapshot_dates(config.training, begin=company.begin, end=known_until - dt.timedelta(days=horizon))
    }
    labels = list(dict.fromkeys(label for label, _ in questions))
    people = population(workspace, labels, sorted(dates))
    features = people.features.merge(people.rule[[*KEYS, "engagement_score"]], on=list(KEYS), validate="one_to_one")
    return [
        Past(
            label=label,
            outlook=Outlook(
                tables=company.tables,
                terms=config,
                standing=people.asked[label.name],
                horizon_days=horizon,
                until=known_until,
            ),
            features=features,
            columns=chosen_columns(people.columns, each.features, label),
            accept=each.leaks.accept,
        )
        for (label, each), horizon in zip(questions, horizons, strict=True)
    ]


def split(workspace: Workspace, past: Past) -> TrainingSet:
    """A past as a training set: with its outcomes, split by time, without leaks."""
    return build_training_set(
        past.label,
        past.outlook,
        past.features,
        past.columns,
        config=workspace.config.training,
        engine=workspace.engine,
        accept=past.accept,
    )
