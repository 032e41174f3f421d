"""Spark on this machine, and a company read on both engines."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from abm_ml.engines import Engine, SparkConfig, open_engine
from abm_ml.sources import Reading, Source, SyntheticConfig, SyntheticSource, read_tables

# Compiling to machine code pays on large tables only; these are small.
QUICK = {
    "spark.buffer.pageSize": "1m",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
}
RELATIVE = 1e-9


@dataclass(frozen=True)
class Read:
    """A company as one engine read it."""

    engine: Engine
    reading: Reading
    quarantine: Path


@dataclass(frozen=True)
class Both:
    """The same company on both engines."""

    duckdb: Read
    spark: Read

    def computed(self, make: Callable[[Read], pa.Table]) -> tuple[pa.Table, pa.Table]:
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
def on_both(engine: Engine, spark: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Source], Both]:
    """Reads a source on both engines."""

    def read(source: Source) -> Both:
        return Both(*[_read(source, each, tmp_path_factory.mktemp(each.kind)) for each in (engine, spark)])

    return read


@pytest.fixture(scope="session")
def both(on_both: Callable[[Source], Both], tmp_path_factory: pytest.TempPathFactory) -> Both:
    """A synthetic company of 150 accounts on both engines."""
    config = SyntheticConfig(kind="synthetic", accounts=150, seed=7, engagements_per_account=30)
    return on_both(SyntheticSource(config, tmp_path_factory.mktemp("synthetic")))


def _read(source: Source, engine: Engine, folder: Path) -> Read:
    staging, quarantine = folder / "staging", folder / "quarantine"
    staging.mkdir()
    reading = read_tables(source, engine, staging=staging, quarantine=quarantine, progress=lambda _: None)
    return Read(engine, reading, quarantine)


def difference(right: pa.Table, found: pa.Table, keys: list[str], *, relative: float = 0.0) -> str:
    """The first difference of two tables in any order of rows, in words; empty where there is none.

    Floating-point numbers may differ by a share of `relative`, everything else not at all.
    """
    types = [[(field.name, field.type) for field in rows.schema] for rows in (right, found)]
    if types[0] != types[1]:
        return f"other columns: {set(types[0]) ^ set(types[1])}"
    if len(right) != len(found):
        return f"{len(right)} rows and {len(found)}"
    order = [(key, "ascending") for key in keys]
    one, other = right.sort_by(order), found.sort_by(order)
    for name in right.column_names:
        pairs = zip(one[name].to_pylist(), other[name].to_pylist(), strict=True)
        for place, (value, its) in enumerate(pairs):
            if not _equal(value, its, relative):
                where = {key: one[key][place].as_py() for key in keys}
                return f"{name} at {where}: {value!r} and {its!r}"
    return ""


def _equal(value: object, its: object, relative: float) -> bool:
    if isinstance(value, float) and isinstance(its, float):
        return value == its or abs(value - its) <= relative * abs(value) or (math.isnan(value) and math.isnan(its))
    return type(value) is type(its) and value == its
