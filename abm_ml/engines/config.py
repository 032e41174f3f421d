"""The engine's part of a configuration: which engine computes, and how much it may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from abm_ml.config import Strict


class DuckDbConfig(Strict):
    """DuckDB, in this process."""

    kind: Literal["duckdb"] = "duckdb"
    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?\s*[KMGT]i?B$", description="DuckDB spills above it")
    threads: int = Field(default=2, ge=1)


class SparkConfig(Strict):
    """Spark: the session that there is, else one of its own on `master`."""

    kind: Literal["spark"] = "spark"
    master: str | None = Field(default=None, description="local[2], yarn, ...; else what the cluster's settings give")
    memory: str = Field(default="4g", pattern=r"^\d+[kmgt]$", description="of the driver; in local mode of everything")
    threads: int = Field(default=2, ge=1, description="of this process, for models; Spark's own come from the master")
    settings: dict[str, str] = Field(default_factory=dict, description="any of Spark's own settings; they win")


def _with_kind(settings: Any) -> Any:
    return {"kind": "duckdb", **settings} if isinstance(settings, Mapping) else settings


EngineConfig = Annotated[DuckDbConfig | SparkConfig, Field(discriminator="kind"), BeforeValidator(_with_kind)]
"""Which engine computes; DuckDB where `kind` is not said."""
