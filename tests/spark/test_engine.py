"""Spark as an engine: it reads, stores, streams and lets go as every engine does."""

from __future__ import annotations

import datetime as dt
from operator import methodcaller
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abm_ml.engines import Engine, SparkConfig, open_engine
from abm_ml.errors import IntegrityError, StorageError

pytestmark = pytest.mark.spark

ROWS = 1_000


@pytest.fixture(scope="module")
def numbers(spark: Engine) -> ibis.expr.types.Table:
    """A thousand rows out of order."""
    return spark.register(pa.table({"n": [(each * 7_919) % ROWS for each in range(ROWS)]}))


def test_rows_have_their_numbers(spark: Engine, tmp_path: Path) -> None:
    """The number of a row within its file says where it stood; a name with marks is a name."""
    file = tmp_path / "x [1]*.parquet"
    pq.write_table(pa.table({"x": ["a", "b"]}), file)
    rows = spark.compute(spark.read_parquet([file]))
    assert rows.to_pylist() == [{"x": "a", "file_row_number": 0}, {"x": "b", "file_row_number": 1}]


def test_what_is_stored_outlives_its_file(spark: Engine, tmp_path: Path) -> None:
    """Stored rows are computed once and are gone after `release`."""
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), file)
    stored = spark.store(spark.read_parquet([file]))
    file.unlink()
    assert spark.compute(stored).num_rows == 2
    spark.release(stored)
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.compute(stored)


def test_files_that_are_gone_or_damaged_are_named(spark: Engine, tmp_path: Path) -> None:
    """In the words of every engine."""
    gone, damaged = tmp_path / "gone.parquet", tmp_path / "damaged.parquet"
    for file in (gone, damaged):
        pq.write_table(pa.table({"x": list(range(ROWS))}), file)
    rows, others = spark.read_parquet([gone]), spark.read_parquet([damaged])
    gone.unlink()
    with pytest.raises(StorageError, match=r"gone\.parquet"):
        spark.compute(rows)
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(IntegrityError, match=r"damaged\.parquet"):
        spark.compute(others)


def test_batches_come_in_order(spark: Engine, numbers: ibis.expr.types.Table) -> None:
    """Sorted rows stay sorted, in batches no larger than asked for, while another query runs between them."""
    found: list[int] = []
    for batch in spark.batches(numbers.order_by("n"), 300):
        assert batch.num_rows <= 300
        assert spark.compute(numbers.count().as_table()).num_rows == 1
        found += batch.column("n").to_pylist()
    assert found == list(range(ROWS))


def test_functions_run_where_the_rows_are(spark: Engine, engine: Engine, numbers: ibis.expr.types.Table) -> None:
    """The function sees the same rows on both engines, and what it makes of them comes back."""
    rename = methodcaller("rename_columns", ["m"])
    on_duckdb = engine.register(spark.compute(numbers))
    for each, rows in ((spark, numbers), (engine, on_duckdb)):
        made = pa.Table.from_batches(each.map_batches(rows.order_by("n"), rename, 300))
        assert made.to_pydict() == {"m": list(range(ROWS))}


def test_times_have_no_zone(spark: Engine) -> None:
    """They are in UTC, in microseconds, whether computed or streamed."""
    moment = dt.datetime(1890, 5, 17, 11, 30, 0, 123_456)
    rows = spark.store(spark.register(pa.table({"t": pa.array([moment], pa.timestamp("us"))})))
    (batch,) = spark.batches(rows, 10)
    for found in (spark.compute(rows), pa.Table.from_batches([batch])):
        assert found.schema.field("t").type == pa.timestamp("us")
        assert found["t"].to_pylist() == [moment]


def test_a_running_session_is_used_and_left_alone(spark: Engine) -> None:
    """An engine that found a session closes without stopping it, and leaves no view in it."""
    second = open_engine(SparkConfig())
    second.register(pa.table({"x": [1]}))
    second.close()
    assert spark.compute(spark.register(pa.table({"x": [1]}))).num_rows == 1
