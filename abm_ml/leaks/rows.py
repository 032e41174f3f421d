"""Rows that stand in the test as they stand in training, and columns that only tell rows apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from abm_ml.leaks.names import is_id

DISTINCT, FEWEST = 0.95, 100
TWINS, FEWEST_TWINS, SAME_ANSWER, OF_CHANCE = 0.01, 20, 0.98, 0.25


def only_tells_apart(name: str, column: pd.Series[Any], accounts: pd.Series[Any]) -> str | None:
    """The figure, if a text has a value of its own for nearly every account, or a number called an id does."""
    known = column.dropna()
    if len(known) < FEWEST or (pd.api.types.is_numeric_dtype(column) and not _numbers_rows(name, known)):
        return None
    values, owners = known.nunique(), accounts[known.index].nunique()
    if owners < FEWEST or values < DISTINCT * owners:
        return None
    return f"{values:,} values for {owners:,} accounts"


def twins(train: pd.DataFrame, test: pd.DataFrame, names: Sequence[str]) -> str | None:
    """The figure, if test rows stand in training word for word, with the same answer all but always.

    Rows that are alike by nature disagree as often as their odds say; copies of one row never do.
    """
    if not names or test.empty:
        return None
    keys = [pd.util.hash_pandas_object(part[list(names)], index=False) for part in (train, test)]
    seen = train["label"].groupby(keys[0].to_numpy()).mean()
    told = pd.Series(keys[1].to_numpy()).map(seen)
    met = told.notna().to_numpy()
    if met.sum() < max(FEWEST_TWINS, TWINS * len(test)):
        return None
    answers = test["label"].to_numpy()[met]
    same = float((told[met].to_numpy() == answers).mean())
    by_chance = min(answers.mean(), 1 - answers.mean())  # who always says the commoner answer errs so often
    if same < SAME_ANSWER or 1 - same > OF_CHANCE * by_chance or not by_chance:
        return None
    return f"{int(met.sum()):,} of {len(test):,} test rows, {same:.1%} with the same answer"


def _numbers_rows(name: str, known: pd.Series[Any]) -> bool:
    return is_id(name) and not pd.api.types.is_bool_dtype(known) and bool((known % 1 == 0).all())
