"""A table's rows as a training set, and as rows to score."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from abm_ml.errors import ConfigError, GateRefused, SourceError, did_you_mean
from abm_ml.features import FeatureColumn
from abm_ml.flat.keys import ids, refuse_features, with_keys
from abm_ml.flat.roles import Roles
from abm_ml.flat.splits import split_rows
from abm_ml.labels import Label
from abm_ml.leaks import Candidate, refuse_leaks
from abm_ml.training_set import TrainingSet, beyond_the_date

_OURS = ("account_id", "as_of", "label", "sample_weight", "engagement_score")


@dataclass(frozen=True, kw_only=True)
class FlatRows:
    """A table as a training set; `left_out` are the columns with dates, `until` up to when it knows."""

    rows: TrainingSet
    left_out: tuple[str, ...]
    until: dt.datetime


def training_rows(roles: Roles, table: pd.DataFrame, *, where: str) -> FlatRows:
    """The training set of a typed table (see `typed`); `where` names the table in errors.

    Raises:
        ConfigError: a column that plays a part is not there.
        SourceError: an answer, a time, a weight or a group cannot be read.
        GateRefused: there are too few rows to train and to test, or a column carries the outcome.
    """
    _require(roles, table, where)
    features, dates = _features(roles, table, where)
    columns = feature_columns(table, features)
    rows = with_keys(roles, table, features, where)
    if "as_of" not in rows and roles.as_of is None:
        raise ConfigError(f"{where}: without a time column, say up to when the table knows, e.g. as_of: 2026-06-30.")
    rows = rows.sort_values([key for key in ("as_of", "account_id") if key in rows], kind="stable", ignore_index=True)
    split, trains, tests = split_rows(roles, rows)
    train, test = (rows[chosen].reset_index(drop=True) for chosen in (trains, tests))
    for name, part in (("training", train), ("test", test)):
        if part["label"].nunique() < 2:
            raise GateRefused(f"{where}: the {len(part):,} {name} rows show fewer than two answers. Split otherwise.")
    accepted = refuse_leaks(
        [Candidate(name) for name in features],
        train,
        test,
        label=roles.name,
        forbidden=(roles.label.column,),
        accept=roles.leaks.accept,
    )
    chosen = beyond_the_date(columns, train) if "as_of" in train else columns
    made = TrainingSet(
        label=_label(roles, table[roles.label.column]),
        horizon_days=roles.horizon_days,
        columns=chosen,
        split=split,
        train=train,
        test=test,
        leaks=accepted,
        of_the_date=tuple(column.name for column in columns if column not in chosen),
    )
    until = roles.as_of or rows["as_of"].max().to_pydatetime()
    return FlatRows(rows=made, left_out=dates, until=until)


def rows_to_score(
    roles: Roles, table: pd.DataFrame, needed: Sequence[str], *, where: str, numbers: Collection[str] = ()
) -> pd.DataFrame:
    """The features that a model needs, beside account_id: the id of each row, or its number.

    `numbers` are those of them that were numbers in training.

    Raises:
        SourceError: a column is missing, or holds cells that the model cannot read.
    """
    wanted = [*needed, *([roles.id] if roles.id else [])]
    missing = [name for name in wanted if name not in table]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise SourceError(
            f"{where}: {len(missing)} columns that the model needs are missing ({listed}). "
            f"{did_you_mean(missing[0], table.columns)}"
        )
    refuse_features(table, needed, where, numbers=numbers)
    return table[list(needed)].assign(account_id=ids(table, roles.id, where))


def feature_columns(table: pd.DataFrame, names: Iterable[str]) -> tuple[FeatureColumn, ...]:
    """How columns of a foreign table are spoken of: by their names, with the value behind."""
    return tuple(_feature_column(name, table[name]) for name in names)


def _feature_column(name: str, column: pd.Series[Any]) -> FeatureColumn:
    flag, number = pd.api.types.is_bool_dtype(column), pd.api.types.is_numeric_dtype(column)
    words = " ".join(name.split()).replace("{", "(").replace("}", ")")
    return FeatureColumn(
        name=name,
        feature=name,
        group="table",
        days=None,
        kind="number" if number else "category",
        unit="yes/no" if flag else "quantity" if number else "category",
        reason=f"{words}: {{value}}",
        controllable=False,
        monotone=None,
    )


def _require(roles: Roles, table: pd.DataFrame, where: str) -> None:
    for key, name in [*roles.parts.items(), *(("ban", name) for name in roles.ban)]:
        if name not in table:
            raise ConfigError(f"{where}: {key}: no column is called '{name}'. {did_you_mean(name, table.columns)}")


def _features(roles: Roles, table: pd.DataFrame, where: str) -> tuple[list[str], tuple[str, ...]]:
    """The columns that are features, and those with dates: as a number of days, only somebody knows since when."""
    free = [name for name in table if name not in {*roles.parts.values(), *roles.ban}]
    dates = tuple(name for name in free if pd.api.types.is_datetime64_any_dtype(table[name]))
    features = [name for name in free if name not in dates]
    ours = [name for name in features if name in _OURS]
    if ours:
        raise SourceError(f"{where}: '{ours[0]}' is a name that abm_ml uses itself. Rename the column, or ban it.")
    if not features:
        raise SourceError(f"{where}: no column is left to learn from.")
    refuse_features(table, features, where)
    return features, dates


def _label(roles: Roles, answers: pd.Series[Any]) -> Label:
    """The question that the table answers, with its own word for yes."""
    yes = next(cell for cell in answers.dropna().astype("str") if roles.label.says(cell))
    answer = f"{roles.label.column} = {yes}"
    return Label(
        name=roles.name,
        definition=f"{answer}.",
        horizon_days=roles.horizon_days,
        needs=(),
        eligible=_nobody,
        happened=_nobody,
        outcome_columns=(roles.label.column,),
        yes=answer,
        no=f"without {answer}",
        wanted=roles.wanted,
    )


def _nobody(*_: object) -> Any:
    raise GateRefused("The label of a flat table is asked of its own rows, not of a company's accounts.")
