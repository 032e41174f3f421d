"""pandas, one snapshot after the other: slice the year, group by account once per window, join the windows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd
from asked import CHANNELS, DECAYED, HALF_LIFE, KINDS, LONGEST, POINTS, SINCE, WINDOWS, Work

SUMMED = ["events", "points", *KINDS, *(f"by_{channel}" for channel in CHANNELS)]


def steps(work: Work) -> Iterator[None]:
    yield
    events = read(work)
    accounts = pd.Index(pd.read_parquet(work.log / "accounts.parquet")["account_id"])
    for number, as_of in enumerate(work.snapshots):
        snapshot(events, accounts, as_of).to_parquet(work.out / f"{number}.parquet")
    yield


def read(work: Work) -> pd.DataFrame:
    """The events in the order of time, with one 0/1 column per kind and channel, made once for all snapshots."""
    events = pd.read_parquet(work.log / "events.parquet").sort_values("happened_at", kind="stable", ignore_index=True)
    flags = {kind: events["kind"] == kind for kind in KINDS}
    flags |= {f"by_{channel}": events["channel"] == channel for channel in CHANNELS}
    points = events["kind"].map(POINTS).astype("int64")
    day = events["happened_at"].dt.floor("D")
    columns = {name: flag.astype("int32") for name, flag in flags.items()}
    return events.assign(events=1, points=points, day=day, **columns)


def snapshot(events: pd.DataFrame, accounts: pd.Index, as_of: dt.datetime) -> pd.DataFrame:
    year = _window(events, as_of, LONGEST)
    tables = [_sums(_window(year, as_of, days), days).reindex(accounts, fill_value=0) for days in WINDOWS]
    last = [_decayed(year, as_of).reindex(accounts, fill_value=0.0), _since(year, as_of).reindex(accounts)]
    return pd.concat([*tables, *last, pd.Series(as_of, accounts, name="as_of")], axis=1)


def _window(events: pd.DataFrame, as_of: dt.datetime, days: int) -> pd.DataFrame:
    """The log is in the order of time, so a window is a slice."""
    bounds = [as_of - dt.timedelta(days=days), as_of]
    first, end = events["happened_at"].searchsorted(bounds)
    return events.iloc[first:end]


def _sums(window: pd.DataFrame, days: int) -> pd.DataFrame:
    sums = window.groupby("account_id")[SUMMED].sum()
    for name, of in (("contacts", "contact_id"), ("active_days", "day")):
        # Much quicker than nunique.
        sums[name] = window[["account_id", of]].drop_duplicates().groupby("account_id").size()
    return sums.add_suffix(f"_{days}d")


def _decayed(year: pd.DataFrame, as_of: dt.datetime) -> pd.Series:
    weighed = year["points"] * np.exp2(-_age(year["happened_at"], as_of) / HALF_LIFE)
    return weighed.groupby(year["account_id"]).sum().rename(DECAYED)


def _since(year: pd.DataFrame, as_of: dt.datetime) -> pd.DataFrame:
    last = year.pivot_table("happened_at", "account_id", "kind", aggfunc="max", observed=True).reindex(columns=KINDS)
    ages = last.apply(_age, as_of=as_of).rename(columns=SINCE)
    return ages.assign(**{SINCE[None]: ages.min(axis=1)})


def _age(happened_at: pd.Series, as_of: dt.datetime) -> pd.Series:
    """In days."""
    return (as_of - happened_at) / pd.Timedelta(days=1)
