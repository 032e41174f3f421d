"""The training set of each label, from a company's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial

from abm_ml.jobs.model_config import chosen_columns, model_config
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
    company, config = workspace.company, workspace.config
    configs = [model_config(config.models, label) for label in labels]
    horizons = [
        each.horizon_days or config.question(label).horizon_days for label, each in zip(labels, configs, strict=True)
    ]
    known_until = min(until, day_after(company.end))
    dates = [
        snapshot_dates(config.training, begin=company.begin, end=known_until - dt.timedelta(days=horizon))
        for horizon in horizons
    ]
    people = population(workspace, labels, sorted({date for some in dates for date in some}))
    return [
        partial(
            build_training_set,
            label,
            Outlook(
                tables=company.tables,
                terms=config,
                standing=people.asked[label.name],
                horizon_days=horizon,
                until=known_until,
            ),
            people.features.merge(people.rule[[*KEYS, "engagement_score"]], on=list(KEYS), validate="one_to_one"),
            chosen_columns(people.columns, each.features, label),
            config=config.training,
            engine=workspace.engine,
        )
        for label, each, horizon in zip(labels, configs, horizons, strict=True)
    ]
