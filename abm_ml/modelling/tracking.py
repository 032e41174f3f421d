"""Where models and experiments are kept: an address, and for a file of one's own the care that it needs."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, field_validator

from abm_ml.config import Strict
from abm_ml.errors import ConfigError, IntegrityError, StorageError

OWN = "sqlite"
SETTINGS = {  # a user's own values win
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # the default waits 248 s for a server that refuses
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


class TrackingConfig(Strict):
    """Where models and experiments are kept."""

    url: str = Field(default=OWN, description="'sqlite': the workspace's own store; else http(s):// or sqlite:///")
    url_env: str | None = Field(default=None, description="an environment variable that holds the address instead")

    @field_validator("url")
    @classmethod
    def _known(cls, url: str) -> str:
        return _checked(url)


def _checked(address: str) -> str:
    if address != OWN and not address.startswith(("http://", "https://", "sqlite:///")):
        raise ValueError(
            "an address begins with http://, https:// or sqlite:///; 'sqlite' is the workspace's own store"
        )
    return address


def place_of(config: TrackingConfig, folder: Path) -> tuple[str, Path | None]:
    """The store's address, and the folder for artifacts where no server looks after them."""
    address = config.url
    if config.url_env is not None:
        try:
            address = _checked(os.environ.get(config.url_env, ""))
        except ValueError as error:
            raise ConfigError(f"tracking, environment variable {config.url_env}: {error}.") from error
    if address.startswith("http"):
        return address, None
    own = folder.resolve()
    return (f"sqlite:///{(own / 'mlflow.db').as_posix()}" if address == OWN else address), own / "mlartifacts"


@contextlib.contextmanager
def alone(address: str, folder: Path) -> Iterator[None]:
    """One process at a time on a file of one's own, which is looked at first.

    Two processes that create the tables of a fresh store at once would break each other; MLflow itself would knock at a
    damaged file for minutes.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(folder / "mlflow.lock", timeout=120, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")  # given back when the process ends, however it ends
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"{folder}: the model store cannot be written here ({error}).") from error
    with contextlib.closing(lock):
        _look_at(Path(address.removeprefix("sqlite:///")))
        yield


def _look_at(file: Path) -> None:
    """Raises IntegrityError for a store that is there, but no SQLite file."""
    if not file.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise IntegrityError(
            f"{file}: the model store cannot be read ({error}). Restore it, or move it away."
        ) from error


def redacted(text: str) -> str:
    """A text without the names and passwords of the addresses in it."""
    return re.sub(r"//[^/@\s]+@", "//", text)
