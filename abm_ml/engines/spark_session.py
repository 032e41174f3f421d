"""The Spark session of an engine: the one that there is, else one that is opened and stopped with the engine."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pyspark.errors import PySparkException
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
        NotReady: there is no Java, or no cluster answers.
        ConfigError: a setting cannot be set.
    """
    running = SparkSession.getActiveSession()
    if running is not None:
        # Our settings and views stay out of the session that others use.
        session, stop = running.newSession(), _nothing
    else:
        session = _started(config, spill)
        stop = session.stop
    changeable = {name: value for name, value in config.settings.items() if session.conf.isModifiable(name)}
    try:
        for name, value in {**_OURS, **changeable}.items():
            session.conf.set(name, value)
    except PySparkException as error:
        raise ConfigError(f"engine.settings: Spark refuses one of them ({str(error).splitlines()[0]}).") from error
    return session, stop


def _started(config: SparkConfig, spill: Path | None) -> SparkSession:
    builder = SparkSession.Builder().appName("abm_ml")
    if config.master is not None:
        builder = builder.master(config.master)
    for name, value in (_of_this_machine(config, spill) | config.settings).items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise NotReady(
            f"Spark does not start ({first}). It needs Java 17 (set JAVA_HOME), and `master` in the configuration "
            "(engine) or the cluster's own settings must lead to a cluster that answers."
        ) from error


def _of_this_machine(config: SparkConfig, spill: Path | None) -> dict[str, str]:
    """Settings of a session that runs in this process; a cluster has its own."""
    if not (config.master or "").startswith("local"):
        return {"spark.driver.memory": config.memory}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    folder = tempfile.mkdtemp(prefix="spark-", dir=spill)
    return {
        "spark.driver.memory": config.memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": folder,
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": str(config.threads),
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def _nothing() -> None:
    """What is not ours is not stopped."""
