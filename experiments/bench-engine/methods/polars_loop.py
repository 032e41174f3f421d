"""Polars, one snapshot after the other: slice the windows, group by account once per window, join the windows."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator

from asked import CHANNELS, DECAYED, HALF_LIFE, KINDS, LONGEST, POINTS, SINCE, THREADS, WHOLE, WINDOWS, Work

os.environ["POLARS_MAX_THREADS"] = str(THREADS)  # read when polars is imported
import polars as pl


def steps(work: Work) -> Iterator[None]:
    yield
    events = read(work)
    accounts = pl.read_parquet(work.log / "accounts.parquet")
    for number, as_of in enumerate(work.snapshots):
        snapshot(events, accounts, as_of).write_parquet(work.out / f"{number}.parquet")
    yield


def read(work: Work) -> pl.DataFrame:
    """The events in the order of time, with one 0/1 column per kind and channel, made once for all snapshots."""
    kind, channel = pl.col("kind").cast(pl.Categorical), pl.col("channel").cast(pl.Categorical)
    return (
        pl.scan_parquet(work.log / "events.parquet")
        .with_columns(kind, channel)
        .with_columns(
            *[(pl.col("kind") == each).cast(pl.Int32).alias(each) for each in KINDS],
            *[(pl.col("channel") == each).cast(pl.Int32).alias(f"by_{each}") for each in CHANNELS],
            day=pl.col("happened_at").dt.date(),
        )
        .with_columns(points=pl.sum_horizontal(pl.col(kind) * points for kind, points in POINTS.items()))
        .sort("happened_at")
        .collect()
    )


def snapshot(events: pl.DataFrame, accounts: pl.DataFrame, as_of: dt.datetime) -> pl.DataFrame:
    tables = [_sums(_window(events, as_of, days), days) for days in WINDOWS]
    rows = accounts.lazy()
    for table in (*tables, _last(_window(events, as_of, LONGEST), as_of)):
        rows = rows.join(table, on="account_id", how="left", maintain_order="left")
    zeros = pl.col(*WHOLE, DECAYED).fill_null(0)
    return rows.with_columns(zeros, as_of=pl.lit(as_of)).collect()


def _window(events: pl.DataFrame, as_of: dt.datetime, days: int) -> pl.LazyFrame:
    """The log is in the order of time, so a window is a slice."""
    times = events["happened_at"]
    first, end = times.search_sorted(as_of - dt.timedelta(days=days)), times.search_sorted(as_of)
    return events.slice(first, end - first).lazy()


def _sums(window: pl.LazyFrame, days: int) -> pl.LazyFrame:
    sums = pl.col("points", *KINDS, *(f"by_{channel}" for channel in CHANNELS)).sum()
    contacts, active = pl.col("contact_id").n_unique().alias("contacts"), pl.col("day").n_unique().alias("active_days")
    table = window.group_by("account_id").agg(pl.len().alias("events"), sums, contacts, active)
    return table.rename(lambda name: name if name == "account_id" else f"{name}_{days}d")


def _last(year: pl.LazyFrame, as_of: dt.datetime) -> pl.LazyFrame:
    age = (pl.lit(as_of) - pl.col("happened_at")).dt.total_microseconds() / 86_400_000_000
    aged = year.with_columns(age=age)
    since = [
        (pl.col("age").min() if kind is None else pl.col("age").filter(pl.col("kind") == kind).min()).alias(column)
        for kind, column in SINCE.items()
    ]
    decayed = (pl.col("points") * (2.0 ** (-pl.col("age") / HALF_LIFE))).sum().alias(DECAYED)
    return aged.group_by("account_id").agg(decayed, *since)
