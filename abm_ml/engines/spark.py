"""Spark as an engine: an existing cluster's session, or one of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name that Spark's users know

from abm_ml.engines.base import Engine
from abm_ml.engines.config import SparkConfig
from abm_ml.engines.spark_session import open_session
from abm_ml.engines.spark_sql import connect
from abm_ml.errors import StorageError

_PACKED = "batch"
_BATCH_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"
_NO_MEMORY = ("OutOfMemoryError", "Java heap space", "UNABLE_TO_ACQUIRE_MEMORY", "maxResultSize")
_NO_FILE = ("PATH_NOT_FOUND", "FileNotFoundException", "FAILED_READ_FILE", "No space left", "FILE_NOT_EXIST")
_TELLING = (*_NO_MEMORY, *_NO_FILE)
_GLOB = str.maketrans({mark: f"\\{mark}" for mark in "*?[]{}\\"})

Function = Callable[[pa.RecordBatch], pa.RecordBatch]


class SparkEngine(Engine):
    """A Spark session."""

    kind = "spark"

    def __init__(self, session: SparkSession, spill: Path | None, *, stop: Callable[[], None]) -> None:
        super().__init__(connect(session), spill)
        self._session = session
        self._stop = stop

    def read_parquet(self, files: Sequence[Path]) -> ir.Table:
        """The rows of Parquet files, with their number within the file as `file_row_number`."""
        self._files += files
        with self._explaining():
            rows = self._session.read.option("mergeSchema", "true").parquet(*[_address(file) for file in files])
            rows = rows.select("*", F.col("_metadata.row_index").alias("file_row_number"))
            return self._viewed(_in_utc(rows, _nanoseconds(files)), self._new_name("file"))

    def register(self, rows: pa.Table) -> ir.Table:
        """An Arrow table as rows of this engine."""
        with self._explaining():
            return self._viewed(_in_utc(self._session.createDataFrame(_plain(rows))), self._new_name("rows"))

    def store(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression, computed once and kept until `release`, or until the engine closes.

        They lie in `scratch` as Parquet: later steps know their size, plans stay short however many steps lead to a
        result, and an executor that is lost takes nothing along.
        """
        name = self._new_name("stored")
        with self._explaining():
            self._frame(expression).write.parquet(_address(self.scratch / name))
            return self._viewed(self._session.read.parquet(_address(self.scratch / name)), name)

    def step(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression, stored: what Spark plans costs more than the file of what it computed."""
        return self.store(expression)

    def release(self, stored: ir.Table) -> None:
        """Lets go of rows that were stored."""
        name = stored.op().name
        self._session.catalog.dropTempView(name)
        shutil.rmtree(self.scratch / name)

    def compute(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression as an Arrow table; times are microseconds without zone."""
        with self._explaining():
            return _conformed(self._frame(expression).toArrow(), _schema(expression))

    def batches(self, expression: ir.Table, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of an expression in batches of about so many, as they are computed."""
        return self._streamed(expression, partial(_unchanged, _schema(expression)), rows)

    def map_batches(self, expression: ir.Table, function: Function, rows: int) -> Iterator[pa.RecordBatch]:
        """What a function makes of each batch of about so many rows, in the order of the rows."""
        return self._streamed(expression, partial(_applied, _schema(expression), self._shared(function)), rows)

    def close(self) -> None:
        """Lets go of everything."""
        self._stop()
        super().close()

    def _frame(self, expression: ir.Table) -> DataFrame:
        self._backend._run_pre_execute_hooks(expression)  # noqa: SLF001 - Ibis has no public way to a Spark frame
        return self._session.sql(self._backend.compile(expression, limit=None))

    def _viewed(self, rows: DataFrame, name: str) -> ir.Table:
        rows.createOrReplaceTempView(name)
        table: ir.Table = self._backend.table(name)
        return table

    def _streamed(
        self, expression: ir.Table, over: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]], rows: int
    ) -> Iterator[pa.RecordBatch]:
        with self._explaining():
            self._session.conf.set(_BATCH_ROWS, rows)
            packed = self._frame(expression).mapInArrow(over, f"{_PACKED} binary")
            for row in packed.toLocalIterator(prefetchPartitions=True):
                with pa.ipc.open_stream(row[0]) as stream:
                    yield from stream

    def _shared(self, function: Function) -> Callable[[], Function]:
        """The function as every executor finds it: sent once, not with every task."""
        shared = self._session.sparkContext.broadcast(function)
        return partial(getattr, shared, "value")

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        # Spark computes when it has to, so damage may show long after `read_parquet`.
        try:
            yield
        except (PySparkException, Py4JError) as error:
            self._explain(error)
            raise

    def _explain(self, error: Exception) -> None:
        """Raises what went wrong in a user's words; returns where the fault is our own."""
        text = str(error)
        first = next((line.strip() for line in text.splitlines() if any(map(line.__contains__, _TELLING))), "")
        if any(mark in text for mark in _NO_MEMORY):
            raise StorageError(
                f"Spark's memory does not suffice ({first}). Raise memory in the configuration (engine), or "
                "spark.executor.memory in its settings."
            ) from error
        self._refuse_damaged(error)
        if any(mark in text for mark in _NO_FILE):
            raise StorageError(f"Spark cannot read or write ({first}). Every executor must see the files.") from error


def open_spark(config: SparkConfig, spill: Path | None) -> Engine:
    """Spark as a configuration asks for it.

    Raises:
        NotReady: there is no Java, or no cluster answers.
    """
    session, stop = open_session(config, spill)
    return SparkEngine(session, spill, stop=stop)


def _address(file: Path) -> str:
    return "file://" + str(file.resolve()).translate(_GLOB)


def _nanoseconds(files: Sequence[Path]) -> set[str]:
    """The columns with times in nanoseconds, which Spark reads as whole numbers."""
    fields = [field for file in files for field in pq.read_schema(file)]
    return {field.name for field in fields if pa.types.is_timestamp(field.type) and field.type.unit == "ns"}


def _in_utc(rows: DataFrame, nanoseconds: set[str] | frozenset[str] = frozenset()) -> DataFrame:
    """The rows with every time as an instant; the session's zone is UTC, so one without zone is in UTC, too."""
    changed = {name: F.timestamp_micros(F.expr(f"`{name}` div 1000")) for name in nanoseconds}
    changed |= {name: F.col(f"`{name}`").cast("timestamp") for name, kind in rows.dtypes if kind == "timestamp_ntz"}
    return rows.withColumns(changed) if changed else rows


def _plain(rows: pa.Table) -> pa.Table:
    """The rows with texts that stand there once and are pointed at written out."""
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def _schema(expression: ir.Table) -> pa.Schema:
    """The columns of an expression as DuckDB gives them: times in microseconds without zone."""
    fields = [
        field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in expression.schema().to_pyarrow()
    ]
    return pa.schema(fields)


def _conformed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return rows.cast(schema)


def _unchanged(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches on an executor, each packed into one cell."""
    for batch in batches:
        yield _packed(batch.cast(schema))


def _applied(
    schema: pa.Schema, function: Callable[[], Function], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """What a function makes of batches on an executor, each packed into one cell."""
    for batch in batches:
        yield _packed(function()(batch.cast(schema)))


def _packed(batch: pa.RecordBatch) -> pa.RecordBatch:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return pa.record_batch({_PACKED: pa.array([sink.getvalue().to_pybytes()], pa.binary())})
