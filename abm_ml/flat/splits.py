"""Which rows of a table train and which test: by time, by group, or by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.errors import GateRefused
from abm_ml.flat.roles import Roles
from abm_ml.training_set import Split, accounts_apart

Chosen = NDArray[np.bool_]


def split_rows(roles: Roles, rows: pd.DataFrame) -> tuple[Split, Chosen, Chosen]:
    """Which rows train and which test, and the dates of both where they are split by time.

    Raises:
        GateRefused: nothing is old enough to train on.
    """
    by = roles.split.by or ("time" if roles.time else "group")
    if by == "time":
        return _by_time(roles, rows)
    owners = rows["account_id"] if by == "group" else pd.Series(rows.index.astype("str"))
    tests = _drawn(owners, rows["label"], roles)
    return Split(train=(), gap=(), test=()), ~tests, tests


def _drawn(owners: pd.Series[Any], label: pd.Series[int], roles: Roles) -> Chosen:
    """Whole groups, dealt out evenly among those in which it happened and those in which it did not."""
    group, names = pd.factorize(owners, sort=True)
    eventful = np.bincount(group, weights=label) > 0
    shuffled = np.random.default_rng(roles.split.seed).permutation(len(names))
    order = shuffled[np.argsort(eventful[shuffled], kind="stable")]
    turns = np.floor(np.arange(1, len(order) + 1) * roles.split.test_share)
    tests = np.zeros(len(names), dtype=bool)
    tests[order] = np.diff(turns, prepend=0.0) > 0
    return np.asarray(tests[group])


def _by_time(roles: Roles, rows: pd.DataFrame) -> tuple[Split, Chosen, Chosen]:
    """The newest rows test; training ends one horizon before the first of them."""
    moments = rows["as_of"]
    begin = moments.sort_values().iloc[int(len(rows) * (1 - roles.split.test_share))]
    tests = (moments >= begin).to_numpy()
    trains = (moments < begin - pd.Timedelta(days=roles.horizon_days)).to_numpy(copy=True)
    if roles.horizon_days == 0:
        trains = ~tests
    dates = [tuple(moments[part].drop_duplicates().dt.to_pydatetime()) for part in (trains, ~trains & ~tests, tests)]
    if not dates[0]:
        raise GateRefused(
            f"No row is older than {begin:%Y-%m-%d} by the horizon of {roles.horizon_days} days, so nothing is left to "
            "train on. Take a longer history, a shorter horizon or a smaller test_share."
        )
    split = Split(train=dates[0], gap=dates[1], test=dates[2])
    if roles.split.apart:
        trains[trains] = accounts_apart(rows[trains], rows[tests])
        split = split.of_dates(moments[trains])
    return split, trains, tests
