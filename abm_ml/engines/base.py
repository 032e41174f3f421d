"""What every engine does: it reads files, stores results, computes expressions and streams them."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.errors import IntegrityError


class Engine(ABC):
    """A running engine.

    Whatever it does raises IntegrityError where a file is damaged, StorageError where memory or disk end.
    """

    kind: ClassVar[Literal["duckdb", "spark"]]
    threads: int = 1  # of this process that work for it

    def __init__(self, backend: Any, spill: Path | None) -> None:
        self._backend = backend
        self._spill = spill
        self._numbers = itertools.count(1)
        self._files: list[Path] = []

    @abstractmethod
    def read_parquet(self, files: Sequence[Path]) -> ir.Table:
        """The rows of Parquet files, with their number within the file as `file_row_number`."""

    @abstractmethod
    def register(self, rows: pa.Table) -> ir.Table:
        """An Arrow table as rows of this engine."""

    @abstractmethod
    def store(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression, computed once and kept until `release`, or until the engine closes."""

    def step(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression that one later expression reads: computed now where plans have to stay short."""
        return expression

    def write(self, expression: ir.Table) -> ir.Table:
        """The rows of an expression, computed once into files in `scratch`, however large they are."""
        return self.store(expression)

    @abstractmethod
    def release(self, stored: ir.Table) -> None:
        """Lets go of rows that were stored."""

    @abstractmethod
    def compute(self, expression: ir.Table) -> pa.Table:
        """The rows of an expression as an Arrow table; times are microseconds without zone."""

    @abstractmethod
    def batches(self, expression: ir.Table, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of an expression in batches of about so many, as they are computed."""

    @abstractmethod
    def map_batches(
        self, expression: ir.Table, function: Callable[[pa.RecordBatch], pa.RecordBatch], rows: int
    ) -> Iterator[pa.RecordBatch]:
        """What a function makes of each batch of about so many rows, in the order of the rows.

        It runs where the rows are, in several threads or processes at once, and travels there with all that it holds: a
        function of a module, or a `functools.partial` of one.
        """

    def attach(self, address: str) -> Any:
        """A connection, by its address, to a database that Ibis reads."""
        return ibis.connect(address)

    @cached_property
    def scratch(self) -> Path:
        """A folder of this machine for files that live as long as the engine."""
        folder = Path(tempfile.mkdtemp(prefix="scratch-", dir=self._spill))
        self._remove_scratch = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def close(self) -> None:
        """Lets go of everything."""
        if "scratch" in self.__dict__:
            self._remove_scratch()

    def _new_name(self, what: str) -> str:
        return f"abm_{what}_{next(self._numbers)}"

    def _refuse_damaged(self, cause: Exception) -> None:
        """Raises IntegrityError naming the first file read that is there and is damaged."""
        for file in self._files:
            if file.exists() and (damage := _damage(file)):
                raise IntegrityError(f"{file}: this is no readable Parquet file ({damage}). Write it again.") from cause


def _damage(file: Path) -> str | None:
    """What a reader of its own says against a Parquet file; None where it reads every cell."""
    with duckdb.connect() as reader:
        try:
            reader.execute("SELECT max(hash(cells)) FROM read_parquet(?) AS cells", [str(file)]).fetchall()
        except duckdb.Error as error:
            return str(error).splitlines()[0]
    return None
