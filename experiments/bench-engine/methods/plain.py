"""The plain way in SQL: join every snapshot to its year of events, aggregate with filters and COUNT(DISTINCT).

It is the definition that every other method is compared with, cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
from asked import CHANNELS, DECAYED, HALF_LIFE, KINDS, LONGEST, POINTS, SINCE, THREADS, WINDOWS, Work

AGE = "epoch_us(as_of) - epoch_us(happened_at)"
DAY = 86_400_000_000  # microseconds


def steps(work: Work) -> Iterator[None]:
    yield
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(f"SET temp_directory = '{work.spill}'")
        if work.memory:
            connection.execute(f"SET memory_limit = '{work.memory}'")
        connection.execute(f"COPY ({query(work)}) TO '{work.out}/rows.parquet' (FORMAT parquet)")
    yield


def query(work: Work, accounts: str = "true") -> str:
    """The rows of the accounts that a condition on account_id names."""
    dates = ", ".join(f"(TIMESTAMP '{date}')" for date in work.snapshots)
    points = " ".join(f"WHEN '{kind}' THEN {each}" for kind, each in POINTS.items())
    columns = [column for days in WINDOWS for column in _in_window(days)] + [_decayed(), *_since()]
    return f"""
        WITH dates AS (SELECT * FROM (VALUES {dates}) AS list(as_of)),
        events AS (
            SELECT *, CASE kind {points} END AS points, CAST(happened_at AS DATE) AS day
            FROM read_parquet('{work.log}/events.parquet') WHERE {accounts}
        ),
        joined AS (
            SELECT rows.account_id, rows.as_of, events.* EXCLUDE (account_id)
            FROM (SELECT * FROM read_parquet('{work.log}/accounts.parquet') CROSS JOIN dates WHERE {accounts}) AS rows
            LEFT JOIN events ON events.account_id = rows.account_id AND events.happened_at < rows.as_of
                AND events.happened_at >= rows.as_of - INTERVAL {LONGEST} DAY
        )
        SELECT account_id, as_of, {", ".join(columns)} FROM joined GROUP BY account_id, as_of
    """  # noqa: S608 - names and numbers of this folder


def _in_window(days: int) -> list[str]:
    inside = f"happened_at >= as_of - INTERVAL {days} DAY"
    return [
        f"count(happened_at) FILTER ({inside}) AS events_{days}d",
        f"CAST(coalesce(sum(points) FILTER ({inside}), 0) AS BIGINT) AS points_{days}d",
        f"count(DISTINCT contact_id) FILTER ({inside}) AS contacts_{days}d",
        f"count(DISTINCT day) FILTER ({inside}) AS active_days_{days}d",
        *[f"count(*) FILTER (kind = '{kind}' AND {inside}) AS {kind}_{days}d" for kind in KINDS],
        *[f"count(*) FILTER (channel = '{channel}' AND {inside}) AS by_{channel}_{days}d" for channel in CHANNELS],
    ]


def _decayed() -> str:
    return f"coalesce(sum(points * pow(2.0, -({AGE}) / {DAY}.0 / {HALF_LIFE})), 0) AS {DECAYED}"


def _since() -> list[str]:
    last = {kind: f"FILTER (kind = '{kind}')" if kind else "" for kind in SINCE}
    return [f"min({AGE}) {last[kind]} / {DAY}.0 AS {column}" for kind, column in SINCE.items()]
