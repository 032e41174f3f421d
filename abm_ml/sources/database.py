"""A database that Ibis reads: a DuckDB file, or any server by its address."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import ibis
import ibis.expr.types as ir
from ibis.common.exceptions import TableNotFound
from pydantic import model_validator

from abm_ml.errors import ConfigError, LockHeld, NotReady, SourceError
from abm_ml.sources.base import Mapped, Source, Staged
from abm_ml.sources.header import refuse_names
from abm_ml.tables import TABLES


class DatabaseConfig(Mapped):
    """Where the database is: a DuckDB file, or an environment variable that holds an address."""

    kind: Literal["database"]
    path: Path | None = None
    url_env: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.url_env is None):
            raise ValueError("name either 'path' (a DuckDB file) or 'url_env' (an environment variable)")
        return self


class DatabaseSource(Source):
    """The tables of a database that carry canonical names; each is copied once, so that a run sees one state."""

    def __init__(self, config: DatabaseConfig) -> None:
        self.mapped = config
        self._config = config

    def stage(self, folder: Path) -> Mapping[str, Sequence[Staged]]:
        """Copies each canonical table that there is to Parquet in `folder`.

        Raises:
            SourceError: there is no such file.
            ConfigError: the environment variable is empty.
            LockHeld: another process writes to the file.
            NotReady: the database cannot be opened, or fails while it is read.
        """
        connection = self._connect()
        try:
            found = {table.name: _table(connection, table.name) for table in TABLES}
            return {name: [self._copied(rows, name, folder)] for name, rows in found.items() if rows is not None}
        finally:
            connection.disconnect()

    def _copied(self, rows: ir.Table, name: str, folder: Path) -> Staged:
        file, origin = folder / f"{name}.parquet", f"{self._place()}:{name}"
        refuse_names(origin, rows.columns)
        try:
            rows.to_parquet(file)
        except Exception as error:  # noqa: BLE001 - every driver has errors of its own; the text may hold a secret
            raise NotReady(f"{origin}: reading broke off ({type(error).__name__}). Try again.") from None
        return Staged(file, origin)

    def _place(self) -> str:
        return self._config.path.name if self._config.path else str(self._config.url_env)

    def _connect(self) -> Any:
        path, variable = self._config.path, self._config.url_env
        if path is not None:
            return _open_file(path)
        address = os.environ.get(str(variable), "")
        if not address:
            raise ConfigError(f"The environment variable {variable} is empty. Put the database's address there.")
        try:
            return ibis.connect(address)
        except Exception as error:  # noqa: BLE001 - every driver has errors of its own; the address may hold a secret
            raise NotReady(f"The database {variable} cannot be opened ({type(error).__name__}).") from None


def _table(connection: Any, name: str) -> ir.Table | None:
    try:
        rows: ir.Table = connection.table(name)
    except TableNotFound:
        return None
    return rows


def _open_file(path: Path) -> Any:
    if not path.is_file():
        raise SourceError(f"{path}: there is no such database file.")
    try:
        return ibis.duckdb.connect(path, read_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        if "lock" in reason:
            raise LockHeld(f"{path}: another process writes to this database. Try again when it is done.") from error
        raise NotReady(f"{path}: this is no DuckDB file that can be opened ({reason}).") from error
