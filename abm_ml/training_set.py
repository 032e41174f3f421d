"""The training set: accounts at past dates, what was known of them then, what happened next, split by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from abm_ml.config import Strict, UtcTime
from abm_ml.engines import Engine
from abm_ml.errors import GateRefused
from abm_ml.features import DERIVED, FeatureColumn
from abm_ml.labels import Label, Outlook, outcomes
from abm_ml.leaks import Candidate, Finding, refuse_leaks
from abm_ml.timeline import Every, scoring_dates

KEYS = ("account_id", "as_of")
MOST_OF_A_YEAR = dt.timedelta(days=270)  # what was not seen of it then lies between seasons that were
MOST_LOST = 0.1
FEWEST_PAIRS = 30  # of rows of the same date, to see that a column never differs between them


class TrainingConfig(Strict):
    """From which dates a model learns, and which ones test it."""

    every: Every = Field(default="month", description="how far apart the snapshots are")
    first: UtcTime | None = Field(default=None, description="the first snapshot; default: 90 days into the data")
    last: UtcTime | None = Field(default=None, description="the last one; default: one horizon before as_of")
    test_from: UtcTime | None = Field(default=None, description="the first test snapshot; default: by test_share")
    test_share: float = Field(default=0.2, gt=0, lt=1, description="share of the snapshots, the newest, that test")
    allow_overlap: bool = Field(default=False, description="no gap of one horizon between training and test")
    accounts_apart: bool = Field(
        default=False,
        description="an account that tests does not train, nor does a week that loses over a tenth of its rows by it",
    )


@dataclass(frozen=True, kw_only=True)
class Split:
    """Which snapshots train and which test; between the last and the first of them lies one horizon.

    `thinned` are those that would train, had they not lost too many accounts to the test.
    """

    train: tuple[dt.datetime, ...]
    gap: tuple[dt.datetime, ...]
    test: tuple[dt.datetime, ...]
    thinned: tuple[dt.datetime, ...] = ()

    def of_dates(self, kept: pd.Series[Any]) -> Split:
        """The split whose training dates are only those that were kept."""
        left = set(kept.dt.to_pydatetime())
        train, thinned = (tuple(date for date in self.train if (date in left) is stays) for stays in (True, False))
        return replace(self, train=train, thinned=thinned)


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Rows sorted by as_of and account_id: the keys, the features, and the answer in `label` (0 or 1).

    `leaks` are columns that look like leaks and that somebody vouches for; `of_the_date` are those that were left out
    because they tell nothing but the date, of less than nine months.
    """

    label: Label
    horizon_days: int
    columns: tuple[FeatureColumn, ...]
    split: Split
    train: pd.DataFrame
    test: pd.DataFrame
    leaks: tuple[Finding, ...] = ()
    of_the_date: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The feature columns in their order."""
        return [column.name for column in self.columns]

    @property
    def dated(self) -> bool:
        """Whether its rows are of certain dates, split by time; a ready-made table need not have any."""
        return bool(self.split.train)


def snapshot_dates(config: TrainingConfig, *, begin: dt.datetime, end: dt.datetime) -> tuple[dt.datetime, ...]:
    """The snapshots between the data's begin and `end`, the last date whose outcome can be known."""
    last = min(config.last or end, end)
    return scoring_dates(config.first or begin + dt.timedelta(days=90), last, config.every)


def split_by_time(dates: Sequence[dt.datetime], horizon_days: int, config: TrainingConfig) -> Split:
    """The newest snapshots test; training ends one horizon before the first of them.

    Raises:
        GateRefused: there are too few snapshots for that.
    """
    ordered = sorted(set(dates))
    newest = max(1, round(len(ordered) * config.test_share))
    test_from = config.test_from or (ordered[-newest] if len(ordered) > newest else None)
    gap = dt.timedelta(days=0 if config.allow_overlap else horizon_days)
    train = tuple(date for date in ordered if test_from and date + gap <= test_from and date < test_from)
    test = tuple(date for date in ordered if test_from and date >= test_from)
    if not train or not test:
        raise GateRefused(
            f"{len(ordered)} snapshots are too few to train and to test with a gap of {horizon_days} days between. "
            "Take a longer history, a shorter horizon, or snapshots by week (training: every: week)."
        )
    return Split(train=train, gap=tuple(date for date in ordered if train[-1] < date < test[0]), test=test)


def build_training_set(
    label: Label,
    outlook: Outlook,
    features: pd.DataFrame,
    columns: Sequence[FeatureColumn],
    *,
    config: TrainingConfig,
    engine: Engine,
    accept: Mapping[str, str] | None = None,
) -> TrainingSet:
    """Spine x features x label, split by time; without columns that tell nothing but a date of less than nine months.

    `outlook` says who is asked about at each snapshot, and `features` what was known of them then; a snapshot whose
    horizon does not end by `outlook.until` is censored. `accept` names columns that only look like leaks, with reasons.

    Raises:
        GateRefused: too few snapshots, or a feature that carries the outcome.
    """
    horizon_days, until = outlook.horizon_days, pd.Timestamp(outlook.until)
    rows = engine.compute(outcomes(label, outlook).select(*KEYS, "label")).to_pandas()
    rows = rows[rows["as_of"] + pd.Timedelta(days=horizon_days) <= until]
    joined = rows.merge(features, on=list(KEYS), how="inner", validate="one_to_one")
    joined = joined.sort_values(list(reversed(KEYS)), kind="stable", ignore_index=True)
    split = split_by_time(sorted(joined["as_of"].dt.to_pydatetime().tolist()), horizon_days, config)
    train, test = (joined[joined["as_of"].isin(dates)].reset_index(drop=True) for dates in (split.train, split.test))
    if config.accounts_apart:
        train = train[accounts_apart(train, test)].reset_index(drop=True)
        split = split.of_dates(train["as_of"])
    chosen = beyond_the_date(columns, train)
    leaks = refuse_leaks(
        [_candidate(column) for column in chosen],
        train,
        test,
        label=label.name,
        forbidden=label.outcome_columns,
        accept=accept,
    )
    return TrainingSet(
        label=label,
        horizon_days=horizon_days,
        columns=chosen,
        split=split,
        train=train,
        test=test,
        leaks=leaks,
        of_the_date=tuple(column.name for column in columns if column not in chosen),
    )


def accounts_apart(train: pd.DataFrame, test: pd.DataFrame) -> NDArray[np.bool_]:
    """Which training rows stay where no account may train and test: those of others, in weeks that keep nearly all.

    Whoever is still asked about in the test has not come to an end before: without them a date shows too many outcomes.
    So a week that loses more than a tenth of its rows is left out.

    Raises:
        GateRefused: no week is left.
    """
    tests = train["account_id"].isin(test["account_id"])
    lost = tests.groupby(train["as_of"].dt.to_period("W")).transform("mean")
    stays = np.asarray(~tests & (lost <= MOST_LOST))
    if not stays.any():
        raise GateRefused(
            f"accounts apart: every week of the training loses more than {MOST_LOST:.0%} of its rows to the test, and "
            "who is left is no fair sample. Let accounts train and test, or take a longer history."
        )
    return stays


def beyond_the_date(columns: Sequence[FeatureColumn], train: pd.DataFrame) -> tuple[FeatureColumn, ...]:
    """The columns that training rows, sorted by date, can teach.

    What is the same for all accounts on a date, as the month is, needs dates of most of a year: within less, each of
    its values stands for one stretch of time, and later dates have others.
    """
    dates = train["as_of"]
    paired = (dates == dates.shift()).to_numpy()
    if dates.iloc[-1] - dates.iloc[0] >= MOST_OF_A_YEAR or paired.sum() < FEWEST_PAIRS:
        return tuple(columns)
    return tuple(column for column in columns if not _tells_only_the_date(train[column.name], paired))


def _tells_only_the_date(column: pd.Series[Any], paired: NDArray[np.bool_]) -> bool:
    """Whether a column differs between dates, and never between a row and the one before it of the same date."""
    before = column.shift()
    differs = ((column != before) & ~(column.isna() & before.isna())).to_numpy()
    return bool(differs[1:].any() and not differs[paired].any())


def _candidate(column: FeatureColumn) -> Candidate:
    """A feature for the leak guard: a company's own columns were not made by the catalogue, nor cut in time by it."""
    own = column.feature.startswith("custom_")
    return Candidate(column.name, in_time=not own, quotient=column.feature in DERIVED)
