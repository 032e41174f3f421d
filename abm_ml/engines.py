"""Engines: where Ibis expressions run. DuckDB in this process; a cluster engine would be one more kind here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pydantic import Field

from abm_ml.config import Strict
from abm_ml.errors import AbmError, IntegrityError, StorageError


class EngineConfig(Strict):
    """Which engine computes, and how much of the machine it may use."""

    kind: Literal["duckdb"] = "duckdb"
    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?\s*[KMGT]i?B$", description="DuckDB spills above it")
    threads: int = Field(default=2, ge=1)


class Engine:
    """A running engine: it reads files, stores results and computes expressions.

    Whatever it does raises IntegrityError where a file is damaged, StorageError where memory or disk end.
    """

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._numbers = itertools.count(1)
        self._files: list[Path] = []

    def read_parquet(self, files: Sequence[Path]) -> ir.Table:
        """The rows of Parquet files, with their number within the file as `file_row_number`."""
        self._files += files
        with self._explaining():
            table: ir.Table = self._backend.read_parquet(
                [str(file) for file in files],
                table_name=self._new_name("file"),
                file_row_number=True,
                union_by_name=True,
            )
        return table

    def attach(self, address: str) -> Any:
        """A connection, by its address, to a database that Ibis reads."""
        return ibis.connect(address)

    def register(self, rows: pa.Table) -> ir.Table:
        """An Arrow table as rows of this engine."""
        return self.store(ibis.memtable(rows))

    def store(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression, computed once and kept until `release`, or until the engine closes."""
        with self._explaining():
            table: ir.Table = self._backend.create_table(self._new_name("stored"), expression, temp=True)
        return table

    def release(self, stored: ir.Table) -> None:
        """Lets go of rows that were stored."""
        self._backend.drop_table(stored.op().name)

    def compute(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression as an Arrow table."""
        with self._explaining():
            result: pa.Table = self._backend.to_pyarrow(expression)
        return result

    def close(self) -> None:
        """Lets go of everything."""
        self._backend.disconnect()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        # Files are read when an expression is computed, so damage may show long after `read_parquet`.
        try:
            yield
        except duckdb.Error as error:
            explained = _explained(error, self._files)
            if explained is None:
                raise
            raise explained from error

    def _new_name(self, what: str) -> str:
        return f"abm_{what}_{next(self._numbers)}"


def open_engine(config: EngineConfig, *, spill: Path | None = None) -> Engine:
    """The engine of a configuration; what exceeds its memory goes to the folder `spill`."""
    settings: dict[str, Any] = {"threads": config.threads, "memory_limit": config.memory_limit}
    if spill is not None:
        settings["temp_directory"] = str(spill)
    backend = ibis.duckdb.connect(**settings)
    backend.raw_sql("SET enable_progress_bar = false")
    backend.raw_sql("SET TimeZone = 'UTC'")
    # It takes a file that was replaced within the clock's grain for the old one, and reads a mixture of both.
    backend.raw_sql("SET enable_external_file_cache = false")
    return Engine(backend)


def _explained(error: duckdb.Error, files: Sequence[Path]) -> AbmError | None:
    """What went wrong in a user's words; None where the fault is our own."""
    first = str(error).splitlines()[0]
    if isinstance(error, duckdb.OutOfMemoryException):
        return StorageError(f"The memory does not suffice ({first}). Raise memory_limit in the configuration (engine).")
    for file in files:
        if file.exists() and (damage := _damage(file)):
            return IntegrityError(f"{file}: this is no readable Parquet file ({damage}). Write it again.")
    if isinstance(error, duckdb.IOException):
        return StorageError(f"The engine cannot read or write ({first}).")
    return None


def _damage(file: Path) -> str | None:
    """What a reader of its own says against a Parquet file; None where it reads every cell."""
    with duckdb.connect() as reader:
        try:
            reader.execute("SELECT max(hash(cells)) FROM read_parquet(?) AS cells", [str(file)]).fetchall()
        except duckdb.Error as error:
            return str(error).splitlines()[0]
    return None
