"""Engines: they read, store and compute, and say what is wrong with the machine in plain words."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter, ValidationError

from abm_ml.engines import DuckDbConfig, Engine, EngineConfig, SparkConfig, open_engine
from abm_ml.errors import NotReady, StorageError


def test_files_are_read_with_their_row_numbers(engine: Engine, tmp_path: Path) -> None:
    """The number of a row within its file says where it stood."""
    pq.write_table(pa.table({"x": ["a", "b"]}), tmp_path / "x.parquet")
    rows = engine.compute(engine.read_parquet([tmp_path / "x.parquet"]))
    assert rows.to_pylist() == [{"x": "a", "file_row_number": 0}, {"x": "b", "file_row_number": 1}]


def test_what_is_stored_is_computed_once(engine: Engine, tmp_path: Path) -> None:
    """Stored rows outlive the file they came from, until they are released."""
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), file)
    stored = engine.store(engine.read_parquet([file]))
    file.unlink()
    assert engine.compute(stored.count().as_table()).num_rows == 1
    engine.release(stored)
    with pytest.raises(duckdb.CatalogException, match="does not exist"):
        engine.compute(stored)


def test_a_file_that_is_gone_is_a_matter_of_storage(engine: Engine, tmp_path: Path) -> None:
    """It is not damaged; who reads it after all learns that it is not there."""
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), file)
    rows = engine.read_parquet([file])
    file.unlink()
    with pytest.raises(StorageError, match=r"x\.parquet"):
        engine.compute(rows)


def test_arrow_rows_can_be_registered(engine: Engine) -> None:
    """Rows made in Python take part in expressions."""
    rows = engine.register(pa.table({"x": [1, 2, 3]}))
    assert engine.compute(rows.filter(rows.x > 1)).num_rows == 2


def test_too_little_memory_is_said_in_plain_words() -> None:
    """The message names the key that raises the limit."""
    engine = open_engine(DuckDbConfig(memory_limit="100KB", threads=1))
    with pytest.raises(StorageError, match="Raise memory_limit in the configuration"):
        engine.register(pa.table({"x": pa.array(range(100_000))}))
    engine.close()


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for Spark without its extra learns what to install."""
    monkeypatch.setitem(sys.modules, "abm_ml.engines.spark", None)
    with pytest.raises(NotReady, match=r"abm-ml\[spark\]"):
        open_engine(SparkConfig())


WRONG = (
    {"memory_limit": "lots"}, {"threads": 0}, {"kind": "flink"}, {"thread": 1},
    {"kind": "spark", "memory": "4GB"}, {"kind": "spark", "memory_limit": "4GB"},
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    """Before anything is computed."""
    with pytest.raises(ValidationError):
        TypeAdapter(EngineConfig).validate_python(wrong)


def test_batches_are_worked_on_together(engine: Engine) -> None:
    """Two threads are in the function at once, and what it makes comes in the order of the rows."""
    together, first_two = threading.Barrier(2, timeout=60), iter((True, True))

    def met(batch: pa.RecordBatch) -> pa.RecordBatch:
        if next(first_two, False):
            together.wait()
        return batch.rename_columns(["m"])

    rows = engine.register(pa.table({"n": [(each * 7_919) % 10_000 for each in range(10_000)]}))
    made = pa.Table.from_batches(engine.map_batches(rows.order_by("n"), met, 2_500))
    assert made.to_pydict() == {"m": list(range(10_000))}


def test_a_failure_in_a_batch_is_the_callers(engine: Engine) -> None:
    """What fails in one batch ends the work, and the engine goes on."""

    def fails(batch: pa.RecordBatch) -> pa.RecordBatch:
        if 7_000 in batch["n"].to_pylist():
            raise ValueError("row 7,000")
        return batch

    rows = engine.register(pa.table({"n": range(10_000)}))
    with pytest.raises(ValueError, match="row 7,000"):
        list(engine.map_batches(rows.order_by("n"), fails, 2_500))
    assert engine.compute(rows.count().as_table()).num_rows == 1
