"""featuretools with cutoff times: 118 of the 119 columns, made of its own primitives (none of them decays).

One call per window, because `training_window` belongs to a call; the cutoff times are all accounts at all snapshots.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import featuretools as ft
import pandas as pd
from asked import CHANNELS, KINDS, LONGEST, POINTS, SINCE, WHOLE, WINDOWS, Work
from featuretools.primitives import Count, NumUnique, Sum, TimeSinceLast

# Both are of its own making: it announces its internals' future to itself.
warnings.simplefilter("ignore", FutureWarning)
warnings.simplefilter("ignore", UserWarning)


def steps(work: Work) -> Iterator[None]:
    yield
    tables = entities(work)
    accounts = tables["accounts"]["account_id"]
    cutoffs = pd.concat(pd.DataFrame({"account_id": accounts, "time": as_of}) for as_of in work.snapshots)
    parts = [_window(tables, cutoffs, days) for days in WINDOWS]
    rows = pd.concat(parts, axis=1).rename_axis(["account_id", "as_of"])
    # What it counts distinctly is missing where an account has no events.
    rows.fillna(dict.fromkeys(WHOLE, 0)).to_parquet(work.out / "rows.parquet")
    yield


def entities(work: Work) -> ft.EntitySet:
    """The log as featuretools wants it: accounts and their events, kinds and channels as values to filter by."""
    events = pd.read_parquet(work.log / "events.parquet")
    points, day = events["kind"].map(POINTS).astype("int64"), events["happened_at"].dt.floor("D")
    events = events.assign(event_id=range(len(events)), points=points, day=day)
    tables = ft.EntitySet("log")
    tables.add_dataframe(pd.read_parquet(work.log / "accounts.parquet"), "accounts", index="account_id")
    types = {"contact_id": "Categorical", "kind": "Categorical", "channel": "Categorical", "day": "Categorical"}
    tables.add_dataframe(events, "events", index="event_id", time_index="happened_at", logical_types=types)
    return tables.add_relationship("accounts", "account_id", "events", "account_id")


def _window(tables: ft.EntitySet, cutoffs: pd.DataFrame, days: int) -> pd.DataFrame:
    asked = _counted(tables, days) + (_since(tables) if days == LONGEST else [])
    return ft.calculate_feature_matrix(
        asked,
        tables,
        cutoff_time=cutoffs,
        training_window=f"{days} days",
        include_cutoff_time=False,
        cutoff_time_in_index=True,
    )


def _counted(tables: ft.EntitySet, days: int) -> list[ft.FeatureBase]:
    plain = {
        "events": ("event_id", Count), "points": ("points", Sum), "contacts": ("contact_id", NumUnique),
        "active_days": ("day", NumUnique),
    }  # fmt: skip
    wheres = {kind: ("kind", kind) for kind in KINDS} | {f"by_{channel}": ("channel", channel) for channel in CHANNELS}
    counts = {name: _feature(tables, "event_id", Count, where) for name, where in wheres.items()}
    sums = {name: _feature(tables, column, primitive) for name, (column, primitive) in plain.items()}
    return [feature.rename(f"{name}_{days}d") for name, feature in (sums | counts).items()]


def _since(tables: ft.EntitySet) -> list[ft.FeatureBase]:
    last = TimeSinceLast(unit="days")
    wheres = {kind: ("kind", kind) if kind else None for kind in SINCE}
    return [_feature(tables, "happened_at", last, wheres[kind]).rename(column) for kind, column in SINCE.items()]


def _feature(
    tables: ft.EntitySet, column: str, primitive: object, where: tuple[str, str] | None = None
) -> ft.FeatureBase:
    events = tables["events"].ww
    condition = None if where is None else ft.Feature(events[where[0]]) == where[1]
    return ft.Feature(events[column], parent_dataframe_name="accounts", primitive=primitive, where=condition)
