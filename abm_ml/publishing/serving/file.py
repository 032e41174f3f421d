"""serving.sqlite as it is written: table by table from Arrow rows, indexes last; the same rows give the same bytes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.errors import StorageError
from abm_ml.publishing.storage import FILE_MODE, storing

_SCHEMA = files("abm_ml.publishing.serving") / "schema.sql"
# Nobody reads the file before it is whole, so it needs no journal; the cache holds 32 MB, whatever the file's size.
_QUICK = ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE", "cache_size = -32768")
_HISTORY = """
INSERT INTO history SELECT * FROM before.history
WHERE account_id IN (SELECT account_id FROM accounts)
  AND as_of IN (SELECT DISTINCT as_of FROM before.history ORDER BY as_of DESC LIMIT ?)
ORDER BY account_id, label, as_of
"""


class ServingFile:
    """A new serving.sqlite; rows of a table had better come in the order of its key. Who makes it closes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with storing(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE))
        with self._storing():
            self._file = sqlite3.connect(path, isolation_level=None, uri=True)
            for setting in _QUICK:
                self._file.execute(f"PRAGMA {setting}")
            for statement in _statements(indexes=False):
                self._file.execute(statement)
            self._file.execute("BEGIN")

    def add(self, table: str, rows: pa.Table) -> None:
        """Adds rows, whose columns are some of the table's."""
        places = ", ".join("?" * rows.num_columns)
        names = ", ".join(f'"{name}"' for name in rows.column_names)
        cells = [_plain(column).to_pylist() for column in rows.columns]
        with self._storing():
            # Only names of our own make the statement: of tables and columns, never what stands in a cell.
            self._file.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", zip(*cells, strict=True))  # noqa: S608 - see above

    def add_history(self, before: Path, *, runs: int) -> None:
        """Adds what the serving.sqlite of an earlier run says of the accounts, for its newest `runs` dates."""
        with self._storing():
            self._file.execute("COMMIT")
            self._file.execute("ATTACH ? AS before", (f"{before.resolve().as_uri()}?mode=ro&immutable=1",))
            self._file.execute("BEGIN")
            self._file.execute(_HISTORY, (runs,))
            self._file.execute("COMMIT")
            self._file.execute("DETACH before")
            self._file.execute("BEGIN")

    def finish(self) -> int:
        """Indexes and statistics, and all of it on the disk; returns how many accounts it serves."""
        with self._storing():
            self._file.execute("COMMIT")
            for statement in _statements(indexes=True):
                self._file.execute(statement)
            self._file.execute("ANALYZE")
            accounts = int(self._file.execute("SELECT count(*) FROM accounts").fetchone()[0])
            self._file.close()
        with storing(self.path), self.path.open("rb") as file:
            os.fsync(file.fileno())
        return accounts

    def close(self) -> None:
        """Lets go of the file, finished or not."""
        self._file.close()

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StorageError(f"{self.path}: cannot be written ({error}).") from error


def _statements(*, indexes: bool) -> list[str]:
    """The statements of schema.sql that make indexes, or all others."""
    lines = (line.partition("--")[0].rstrip() for line in _SCHEMA.read_text("utf-8").splitlines())
    every = [statement.strip() for statement in "\n".join(lines).split(";")]
    return [each for each in every if each and each.startswith("CREATE INDEX") is indexes]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as SQLite keeps it: times as ISO texts, flags as 0 and 1, and what is no number as null."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.strftime(column.cast(pa.timestamp("s"), safe=False), "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_date(kind):
        return column.cast(pa.string())
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8())
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
    return column
