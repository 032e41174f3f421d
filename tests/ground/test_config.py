"""Configuration: strict; every error names the file, the line and the key."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from abm_ml.config import Strict, UtcTime, parse_config, read_config
from abm_ml.errors import ConfigError, UnknownName


class Folder(Strict):
    kind: Literal["folder"]
    path: Path
    encoding: str = "utf-8"


class Database(Strict):
    kind: Literal["database"]
    url_env: str = "URL"


class Config(Strict):
    source: Annotated[Folder | Database, Field(discriminator="kind")] = Database(kind="database")
    engine: Literal["duckdb"] = "duckdb"
    days: int = Field(default=90, gt=0)
    first: UtcTime | None = None
    funnel: tuple[str, ...] = ()
    labels: dict[str, Folder] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _stages_differ(self) -> Config:
        if len(set(self.funnel)) != len(self.funnel):
            raise ValueError("the stages must differ")
        if "lost" in self.funnel:
            raise UnknownName("No stage is called 'lost'.")
        return self


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a configuration would stand."""
    return tmp_path / "crm.yaml"


def test_values_are_read(file: Path) -> None:
    """What is not given has its default; a list may become a tuple."""
    file.write_text("source: {kind: folder, path: here}\nfunnel: [a, b]\n")
    config = read_config(file, Config)
    assert config == Config(source=Folder(kind="folder", path=Path("here")), funnel=("a", "b"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day: 5", "line 1: no key is called 'day'. Did you mean 'days'?"),
        ("days: 5\nzzz: 1", "line 2: no key is called 'zzz'. There is: days, engine, first, funnel, labels, source."),
        ("days: 0", "line 1, key 'days': Input should be greater than 0 (found: 0)."),
        ("engine: duckd", "line 1, key 'engine': 'duckd' is not known. Did you mean 'duckdb'?"),
        ("funnel:\n- a\n- 5", "line 3, key 'funnel.1': Input should be a valid string (found: 5)."),
        ("funnel: [a, a]", ": the stages must differ."),
        ("funnel: [lost, a]", ": No stage is called 'lost'."),
        ("days: 1\ndays: 2", "line 2: the key 'days' stands in line 1 already."),
        ("source: {kind: foldr}", "line 1, key 'source.kind': 'foldr' is not known. Did you mean 'folder'?"),
        ("source: {path: x}", "line 1: the key 'source.kind' is missing. There is: database, folder."),
        ("source: {kind: folder}", "line 1: the key 'source.path' is missing."),
        (
            "source:\n  kind: folder\n  path: x\n  encodng: y",
            "line 4: no key is called 'source.encodng'. Did you mean 'encoding'?",
        ),
        ("source: {kind: database, path: x}", "line 1: no key is called 'source.path'. There is: kind, url_env."),
        ("labels:\n  win: {kind: folder}", "line 2: the key 'labels.win.path' is missing."),
        ("days: [", "line 1: this is not valid YAML"),
        ("- a", ": a configuration is a list of `key: value` lines; this file holds none."),
        ("", ": a configuration is a list of `key: value` lines; this file holds none."),
    ],
)
def test_an_error_names_file_line_and_key(text: str, message: str, file: Path) -> None:
    """One line, exit code 2, and the nearest name where one is not known."""
    file.write_text(text)
    with pytest.raises(ConfigError) as found:
        read_config(file, Config)
    assert str(found.value).startswith(f"{file}{message}" if message.startswith(":") else f"{file}, {message}")
    assert "\n" not in str(found.value)
    assert found.value.exit_code == 2


def test_every_mistake_is_named_at_once(file: Path) -> None:
    """Nobody wants to start a command once per mistake."""
    file.write_text("days: x\nengin: duckdb\n")
    with pytest.raises(ConfigError, match=r"line 1, key 'days'.* line 2: no key is called 'engin'"):
        read_config(file, Config)


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2",
        "source:\n  DB_Password: hunter2",
        "source: [{api_key: hunter2}]",
        "tracking: https://user:hunter2@host/x",
        "tracking: https://host/x?sslmode=on&token=hunter2",
    ],
)
def test_a_literal_secret_is_refused(text: str, file: Path) -> None:
    """The message says where it stands and what to do, and never repeats it."""
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"crm.yaml, line \d, key '.*environment variable .*_env'") as found:
        read_config(file, Config)
    assert "hunter2" not in str(found.value)


@pytest.mark.parametrize(
    "text", ["source: {kind: database, url_env: DB_PASSWORD_ENV}", "funnel: ['postgresql://user@host/x']"]
)
def test_the_name_of_a_variable_is_no_secret(text: str, file: Path) -> None:
    """An address without password is none, either."""
    file.write_text(text)
    assert isinstance(read_config(file, Config), Config)


def test_a_file_that_cannot_be_read(file: Path) -> None:
    """Not there, a folder, or not UTF-8: a matter of configuration."""
    with pytest.raises(ConfigError, match="there is no such configuration file"):
        read_config(file, Config)
    with pytest.raises(ConfigError, match="cannot be read as UTF-8"):
        read_config(file.parent, Config)
    file.write_bytes(b"engine: \xff")
    with pytest.raises(ConfigError, match="cannot be read as UTF-8"):
        read_config(file, Config)


def test_values_from_elsewhere_name_their_origin() -> None:
    """Python code gives values without a file."""
    with pytest.raises(ConfigError, match=r"^the call: no key is called 'day'\. Did you mean 'days'\?$"):
        parse_config({"day": 5}, Config, where="the call")


def test_a_configuration_is_frozen() -> None:
    """What was read stays as it was read."""
    with pytest.raises(ValueError, match="frozen"):
        Config().days = 5  # type: ignore[misc]  # frozen: the test tries it


@pytest.mark.parametrize(
    "text", ["2025-01-01", "2025-01-01T00:00:00", "2025-01-01T00:00:00Z", "'2025-01-01T02:00:00+02:00'"]
)
def test_times_are_in_utc(text: str, file: Path) -> None:
    """A time with a zone is converted to UTC, one without is in UTC; all can be compared."""
    file.write_text(f"first: {text}")
    assert read_config(file, Config).first == dt.datetime(2025, 1, 1)
