"""A database: the contract on a DuckDB file, and what it says when it cannot be read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import ibis
import pytest

from abm_ml.errors import AbmError, ConfigError, LockHeld, NotReady, SourceError
from abm_ml.sources import DatabaseConfig, DatabaseSource, Reading, Source
from tests.sources.contract import COMPANY, CarrierContract, Texts
from tests.sources.test_folder import as_text


def fill(file: Path, tables: Texts) -> None:
    """Writes tables of text into a DuckDB file."""
    connection = ibis.duckdb.connect(file)
    for name in tables:
        connection.create_table(name, as_text(tables, name))
    connection.disconnect()


class TestDuckDbFile(CarrierContract):
    @staticmethod
    def carry(tables: Texts, folder: Path) -> Source:
        """A DuckDB file with a name that an address could not hold."""
        fill(folder / "crm #1.duckdb", tables)
        return DatabaseSource(DatabaseConfig(kind="database", path=folder / "crm #1.duckdb"))


def test_an_address_comes_from_the_environment(
    read: Callable[[Source], Reading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration names the variable, so that no password stands in it."""
    fill(tmp_path / "crm.duckdb", COMPANY)
    monkeypatch.setenv("CRM_URL", f"duckdb://{tmp_path / 'crm.duckdb'}")
    reading = read(DatabaseSource(DatabaseConfig(kind="database", url_env="CRM_URL")))
    assert [report.accepted for report in reading.reports] == [40, 40]


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [(None, SourceError, "there is no such database file"), (b"not a database", NotReady, "this is no DuckDB file")],
)
def test_a_file_that_is_no_database(
    content: bytes | None, error: type[AbmError], words: str, read: Callable[[Source], Reading], tmp_path: Path
) -> None:
    """The error names the file."""
    file = tmp_path / "crm.duckdb"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=rf"crm.duckdb: {words}"):
        read(DatabaseSource(DatabaseConfig(kind="database", path=file)))


def test_an_empty_variable_is_a_matter_of_configuration(read: Callable[[Source], Reading]) -> None:
    """The error names the variable."""
    with pytest.raises(ConfigError, match=r"NO_SUCH_URL is empty"):
        read(DatabaseSource(DatabaseConfig(kind="database", url_env="NO_SUCH_URL")))


def test_an_error_never_shows_the_address(read: Callable[[Source], Reading], monkeypatch: pytest.MonkeyPatch) -> None:
    """An address may hold a password; the error names the variable instead."""
    monkeypatch.setenv("CRM_URL", "nosuchdatabase://user:hunter2@host/crm")
    with pytest.raises(NotReady, match=r"The database CRM_URL cannot be opened") as found:
        read(DatabaseSource(DatabaseConfig(kind="database", url_env="CRM_URL")))
    assert "hunter2" not in str(found.value) + repr(found.value.__cause__)


def test_a_database_that_another_process_writes(read: Callable[[Source], Reading], tmp_path: Path) -> None:
    """DuckDB lets nobody in while somebody writes: try again later."""
    file = tmp_path / "crm.duckdb"
    duckdb.connect(file).close()
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        with pytest.raises(LockHeld, match=r"another process writes"):
            read(DatabaseSource(DatabaseConfig(kind="database", path=file)))
        writer.communicate()


@pytest.mark.parametrize("place", [{}, {"path": "a.duckdb", "url_env": "A"}])
def test_a_database_is_in_one_place(place: dict[str, str]) -> None:
    """Either a file or a variable with an address."""
    with pytest.raises(ValueError, match=r"name either 'path'"):
        DatabaseConfig.model_validate({"kind": "database", **place})
