"""SQLite connections that threads share by turns, and the door's own small files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from abm_ml.publishing.storage import FILE_MODE, FOLDER_MODE, storing

_BUSY_SECONDS = 5.0


class Connections:
    """Connections of one kind: who needs one takes an idle one or a new one, and puts it back."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._idle: list[sqlite3.Connection] = []

    @contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """A connection to oneself."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def close(self) -> None:
        """Closes what is idle; what is in use ends with its last reader."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        self.close()


class Database:
    """A file of the door that only its owner may read: rows by name, and one transaction per change."""

    def __init__(self, path: Path, schema: str) -> None:
        with storing(path):
            path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))
        self._path = path
        self._pool = Connections(self._connect)
        with self._pool.one() as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(schema)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        connection.row_factory = sqlite3.Row
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma synchronous = normal")
        return connection

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """The rows of a question."""
        with self._pool.one() as connection:
            return connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a question, or None."""
        return next(iter(self.rows(sql, *values)), None)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is stored, or nothing."""
        with self._pool.one() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def write(self, sql: str, *values: Any) -> int:
        """A change by one statement; returns how many rows it touched."""
        with self.change() as connection, closing(connection.execute(sql, values)) as cursor:
            return cursor.rowcount

    def close(self) -> None:
        """Lets go of the file."""
        self._pool.close()
