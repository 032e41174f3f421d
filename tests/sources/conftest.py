"""What the tests of sources share: an engine, a folder, and the reading of a folder of CSV text."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from abm_ml.engines import DuckDbConfig, Engine, open_engine
from abm_ml.sources import FolderConfig, FolderSource, Reading, Source, read_tables

pytest.register_assert_rewrite("tests.sources.contract")

Read = Callable[[Source], Reading]


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An engine of its own for each test."""
    engine = open_engine(DuckDbConfig(threads=2))
    yield engine
    engine.close()


@pytest.fixture
def read(engine: Engine, tmp_path: Path) -> Read:
    """Reads a source; the quarantine goes to `quarantine` below the test's folder."""

    def reading(source: Source) -> Reading:
        staging = Path(tempfile.mkdtemp(dir=tmp_path))  # as a workspace does: never two readings in one folder
        return read_tables(
            source, engine, staging=staging, quarantine=tmp_path / "quarantine", progress=lambda table: None
        )

    return reading


@pytest.fixture
def read_texts(read: Read, tmp_path: Path) -> Callable[..., Reading]:
    """Reads a folder of files given as text or bytes, by name; a good accounts.csv is added where there is none."""

    def reading(files: dict[str, str | bytes], **settings: object) -> Reading:
        folder = tmp_path / "company"
        folder.mkdir(exist_ok=True)
        if not any(name.startswith("accounts") for name in files):
            files = {"accounts.csv": ACCOUNTS, **files}
        for name, content in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        settings = {"quarantine_limit": 0.9, **settings}
        return read(FolderSource(FolderConfig(kind="folder", path=folder, **settings)))

    return reading


ACCOUNTS = """account_id,name,is_target,in_program,created_at
001,Acme,true,no,2025-01-01
002,Bolt,1,yes,2025-01-01T08:00:00+02:00
"""
