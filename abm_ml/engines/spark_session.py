"""The Spark session of an engine: the one that there is, else one that is opened and stopped with the engine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO

from py4j.java_gateway import JavaGateway
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from abm_ml.engines.config import SparkConfig
from abm_ml.errors import ConfigError, NotReady

# What makes Spark give the values that DuckDB gives; it holds in our own session only.
_OURS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
}


def open_session(config: SparkConfig, spill: Path | None) -> tuple[SparkSession, Callable[[], None]]:
    """A session, and what stops it; a session of somebody else is used and left running.

    Raises:
        NotReady: there is no Java, or no cluster answers, or it is to be reached by Spark Connect.
        ConfigError: a setting cannot be set.
    """
    if "SPARK_REMOTE" in os.environ:
        raise NotReady("SPARK_REMOTE is set; abm_ml does not work over Spark Connect. Unset it and name a `master`.")
    running = SparkSession.getActiveSession()
    if running is not None:
        # Our settings and views stay out of the session that others use.
        session, stop = running.newSession(), _nothing
    else:
        session, stop = _started(config, spill)
    changeable = {name: value for name, value in config.settings.items() if session.conf.isModifiable(name)}
    try:
        for name, value in {**_OURS, **changeable}.items():
            session.conf.set(name, value)
    except PySparkException as error:
        raise ConfigError(f"engine.settings: Spark refuses one of them ({str(error).splitlines()[0]}).") from error
    return session, stop


def _started(config: SparkConfig, spill: Path | None) -> tuple[SparkSession, Callable[[], None]]:
    try:
        if not (config.master or "").startswith("local"):
            session = _session(config, {"spark.driver.memory": config.memory} | config.settings)
            return session, session.stop
        folder = Path(tempfile.mkdtemp(prefix="spark-", dir=spill))
        settings = _of_this_machine(config, folder) | config.settings
        _start_java({"spark.master": config.master or "", **settings}, folder / "messages.txt")
        session = _session(config, settings)
    except (PySparkException, OSError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise NotReady(
            f"Spark does not start ({first}). It needs Java 17 (set JAVA_HOME), and `master` in the configuration "
            "(engine) or the cluster's own settings must lead to a cluster that answers."
        ) from error
    return session, partial(_end, session, folder)


def _session(config: SparkConfig, settings: Mapping[str, str]) -> SparkSession:
    builder = SparkSession.Builder().appName("abm_ml")
    if config.master is not None:
        builder = builder.master(config.master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _start_java(settings: Mapping[str, str], messages: Path) -> None:
    """Starts Java with its messages in a file: what matters of them comes back as an error."""
    if SparkContext._gateway is not None:  # noqa: SLF001 - Spark has no public way to ask whether Java runs
        return
    launch: Callable[[SparkConf, dict[str, IO[bytes]]], JavaGateway] = launch_gateway
    with messages.open("wb") as file:
        launched = launch(SparkConf(loadDefaults=False).setAll(list(settings.items())), {"stderr": file})
    SparkContext._ensure_initialized(gateway=launched)  # noqa: SLF001 - or a context before there is a session


def _of_this_machine(config: SparkConfig, folder: Path) -> dict[str, str]:
    """Settings of a session that runs in this process; a cluster has its own."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return {
        "spark.driver.memory": config.memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": str(config.threads),
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _end(session: SparkSession, folder: Path) -> None:
    session.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _nothing() -> None:
    """What is not ours is not stopped."""
