"""Spark on this machine, and a company read on both engines."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import pytest

from abm_ml.engines import Engine, SparkConfig, open_engine
from abm_ml.jobs.workspace import Workspace, open_workspace
from abm_ml.sources import Source

# Compiling to machine code, dealing out and planning again pay on large tables only; these are small.
QUICK = {
    "spark.buffer.pageSize": "1m",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "1",
}
T = TypeVar("T")
COMPANY = {"kind": "synthetic", "accounts": 80, "seed": 7, "engagements_per_account": 25}


@dataclass(frozen=True)
class Both:
    """The same company on both engines."""

    duckdb: Workspace
    spark: Workspace

    def computed(self, make: Callable[[Workspace], T]) -> tuple[T, T]:
        """What is made of the company on DuckDB and on Spark."""
        return make(self.duckdb), make(self.spark)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Spark in local mode, with two threads."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("there is no Java; Spark needs version 17")
    config = SparkConfig(master="local[2]", memory="2g", settings=QUICK)
    opened = open_engine(config, spill=tmp_path_factory.mktemp("spill"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def on_both(spark: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Source | None], Both]]:
    """Opens a company on both engines: that of a source, else a synthetic one."""
    with ExitStack() as opened:

        def read(source: Source | None) -> Both:
            sides = []
            for kind in ("duckdb", "spark"):  # Spark runs already, and a second engine finds it
                folder = tmp_path_factory.mktemp(kind)
                settings = {"workspace": str(folder), "source": COMPANY, "engine": {"kind": kind}}
                sides.append(opened.enter_context(open_workspace(settings, source=source)))
            return Both(*sides)

        yield read


@pytest.fixture(scope="session")
def both(on_both: Callable[[Source | None], Both]) -> Both:
    """A synthetic company of 80 accounts on both engines."""
    return on_both(None)
