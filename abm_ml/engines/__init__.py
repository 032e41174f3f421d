"""Engines: where Ibis expressions run. DuckDB in this process, or Spark on a cluster."""

from __future__ import annotations

from pathlib import Path

from abm_ml.engines.base import Engine
from abm_ml.engines.config import DuckDbConfig, EngineConfig, SparkConfig
from abm_ml.engines.duckdb import open_duckdb
from abm_ml.errors import NotReady

__all__ = ["DuckDbConfig", "Engine", "EngineConfig", "SparkConfig", "open_engine"]


def open_engine(config: EngineConfig, *, spill: Path | None = None) -> Engine:
    """The engine of a configuration; what exceeds its memory goes to the folder `spill`.

    Raises:
        NotReady: the engine needs a package, Java or a cluster that is not there.
    """
    if isinstance(config, DuckDbConfig):
        return open_duckdb(config, spill)
    try:
        from abm_ml.engines.spark import open_spark
    except ImportError as error:
        raise NotReady(
            f"The engine spark needs a package that is not installed ({error.name}). Install abm_ml with its extra: "
            "pip install 'abm-ml[spark]'."
        ) from error
    return open_spark(config, spill)
