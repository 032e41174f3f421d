"""DuckDB as an engine, in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines.base import Engine
from abm_ml.engines.config import DuckDbConfig
from abm_ml.errors import StorageError


class DuckDbEngine(Engine):
    """A DuckDB of its own."""

    kind = "duckdb"

    def __init__(self, backend: Any, spill: Path | None) -> None:
        super().__init__(backend, spill)
        self._stream: _Stream | None = None

    def read_parquet(self, files: Sequence[Path]) -> ir.Table:
        """The rows of Parquet files, with their number within the file as `file_row_number`."""
        self._files += files
        with self._alone():
            table: ir.Table = self._backend.read_parquet(
                [str(file) for file in files],
                table_name=self._new_name("file"),
                file_row_number=True,
                union_by_name=True,
            )
        return table

    def register(self, rows: pa.Table) -> ir.Table:
        """An Arrow table as rows of this engine."""
        return self.store(ibis.memtable(rows))

    def store(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression, computed once and kept until `release`, or until the engine closes."""
        with self._alone():
            table: ir.Table = self._backend.create_table(self._new_name("stored"), expression, temp=True)
        return table

    def write(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression, computed once into a file in `scratch`, however large they are."""
        file = self.scratch / f"{self._new_name('written')}.parquet"
        # Version 2 packs numbers well, and to look them up in dictionaries would take longer than to write them.
        how = {"parquet_version": "v2", "dictionary_size_limit": 1, "compression": "lz4_raw"}
        with self._alone():
            self._backend.to_parquet(expression, file, **how)
        return self.read_parquet([file]).drop("file_row_number")

    def release(self, stored: ir.Table) -> None:
        """Lets go of rows that were stored."""
        with self._alone():
            self._backend.drop_table(stored.op().name)

    def compute(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression as an Arrow table; times are microseconds without zone."""
        with self._alone():
            result: pa.Table = self._backend.to_pyarrow(expression)
        return result

    def batches(self, expression: ir.Table, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of an expression in batches of about so many, as they are computed."""
        schema = expression.schema().to_pyarrow()
        with self._alone():
            stream = _Stream(self._backend.to_pyarrow_batches(expression, chunk_size=rows))
        self._stream = stream
        try:
            while True:
                with self._explaining():
                    batch = stream.next()
                if batch is None:
                    return
                yield batch.cast(schema)  # DuckDB's own types may be wider than those that the expression promises
        finally:
            self._stream = None if self._stream is stream else self._stream

    def map_batches(
        self, expression: ir.Table, function: Callable[[pa.RecordBatch], pa.RecordBatch], rows: int
    ) -> Iterator[pa.RecordBatch]:
        """What a function makes of each batch of about so many rows, in the order of the rows, a few at once."""
        with ThreadPoolExecutor(self.threads) as pool:
            made: deque[Future[pa.RecordBatch]] = deque()
            for batch in self.batches(expression, rows):
                made.append(pool.submit(function, batch))
                if len(made) > self.threads:
                    yield made.popleft().result()
            while made:
                yield made.popleft().result()

    def close(self) -> None:
        """Lets go of everything."""
        self._stream = None
        self._backend.disconnect()
        super().close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # DuckDB ends a stream in silence when the next query begins; what is left of it is fetched before.
        with self._explaining():
            if self._stream is not None:
                self._stream.fetch()
                self._stream = None
            yield

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        # Files are read when an expression is computed, so damage may show long after `read_parquet`.
        try:
            yield
        except duckdb.Error as error:
            self._explain(error)
            raise

    def _explain(self, error: duckdb.Error) -> None:
        """Raises what went wrong in a user's words; returns where the fault is our own."""
        first = str(error).splitlines()[0]
        if isinstance(error, duckdb.OutOfMemoryException):
            raise StorageError(
                f"The memory does not suffice ({first}). Raise memory_limit in the configuration (engine)."
            ) from error
        self._refuse_damaged(error)
        if isinstance(error, duckdb.IOException):
            raise StorageError(f"The engine cannot read or write ({first}).") from error


class _Stream:
    """Record batches that are still being computed."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = iter(batches)

    def next(self) -> pa.RecordBatch | None:
        """The next batch; None behind the last one."""
        return next(self._batches, None)

    def fetch(self) -> None:
        """Takes all that is left into memory."""
        self._batches = iter(list(self._batches))


def open_duckdb(config: DuckDbConfig, spill: Path | None) -> Engine:
    """A DuckDB with the memory and threads of a configuration."""
    settings: dict[str, Any] = {"threads": config.threads, "memory_limit": config.memory_limit}
    if spill is not None:
        settings["temp_directory"] = str(spill)
    backend = ibis.duckdb.connect(**settings)
    backend.raw_sql("SET enable_progress_bar = false")
    backend.raw_sql("SET TimeZone = 'UTC'")
    # It takes a file that was replaced within the clock's grain for the old one, and reads a mixture of both.
    backend.raw_sql("SET enable_external_file_cache = false")
    engine = DuckDbEngine(backend, spill)
    engine.threads = config.threads
    return engine
