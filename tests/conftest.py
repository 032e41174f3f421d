"""What all tests share: an engine, a company of a few rows, and the real data where it is there."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import settings

from abm_ml.cli import COLLECT_AFTER
from abm_ml.engines import DuckDbConfig, Engine, open_engine
from abm_ml.modelling.registry import Registry, TrackingConfig
from abm_ml.modelling.registry.store import Store
from abm_ml.tables import TABLES, ColumnType, Table, Tables

if TYPE_CHECKING:
    from mlflow import MlflowClient

# The same examples in every run: what fails, fails again.
settings.register_profile("house", derandomize=True)
settings.load_profile("house")

gc.set_threshold(*COLLECT_AFTER)  # as every command does

ROOT = Path(__file__).resolve().parents[1]
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}
Rows = pd.DataFrame | Sequence[Mapping[str, Any]]
Build = Callable[..., Tables]
ASKS_FOR_COMPANY = "company: Served"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of a file share a worker, for their fixtures' sake; so do all files that ask for the small company.

    Its models take more than a minute, and each worker would make its own.
    """
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "the small company" if ASKS_FOR_COMPANY in (ROOT / file).read_text(encoding="utf-8") else file

    return Together(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on real data need the folder that ABM_ML_DATA names."""
    folder = Path(os.environ.get("ABM_ML_DATA", ROOT.parent / "shared" / "data"))
    if folder.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared_data"):
            item.add_marker(pytest.mark.skip(reason=f"ABM_ML_DATA: there is no folder {folder}"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real data; only for tests marked `shared_data`."""
    return Path(os.environ.get("ABM_ML_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """One engine for all tests: DuckDB in this process."""
    opened = open_engine(DuckDbConfig(threads=2, memory_limit="2GB"))
    yield opened
    opened.close()


@pytest.fixture(scope="session", autouse=True)
def fresh_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A fresh model store is a copy of an empty one: MLflow takes two seconds to make its tables."""
    empty, really_open = tmp_path_factory.mktemp("store") / "mlflow.db", Store._open

    def opened(store: Store, folder: Path) -> MlflowClient:
        own = folder.resolve() / "mlflow.db"
        if store.address == f"sqlite:///{own}" and not own.exists() and own != empty:
            if not empty.exists():
                Registry(TrackingConfig(), empty.parent)
            with contextlib.suppress(OSError):  # the store says so itself
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(empty, own)
        return really_open(store, folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_open", opened)
        yield


def arrow_rows(table: Table, rows: Rows) -> pa.Table:
    """Rows with the columns and types of a canonical table; cells left out are empty, and known when they happened."""
    schema = pa.schema([(column.name, ARROW[column.type]) for column in table.columns])
    frame = pd.DataFrame(rows).reindex(columns=schema.names)
    for column in table.columns:
        if column.type == "timestamp":
            frame[column.name] = pd.to_datetime(frame[column.name]).astype("datetime64[us]")
    if "known_at" in schema.names:
        frame["known_at"] = frame["known_at"].fillna(frame["happened_at"])
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)


@pytest.fixture(scope="session")
def tiny(engine: Engine) -> Build:
    """A company from rows by table: `tiny({"accounts": [{"account_id": "a", ...}], ...})`."""

    def build(
        rows: Mapping[str, Rows], *, custom: Mapping[str, Mapping[str, ColumnType]] | None = None, on: Engine = engine
    ) -> Tables:
        tables = {name: TABLES[name].with_custom((custom or {}).get(name, {})) for name in rows}
        return Tables({name: on.register(arrow_rows(table, rows[name])) for name, table in tables.items()})

    return build
