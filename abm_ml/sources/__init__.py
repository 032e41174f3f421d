"""Sources: where a company's tables come from."""

from __future__ import annotations

from abm_ml.sources.base import FrameSource, Mapped, Source, Staged
from abm_ml.sources.database import DatabaseConfig, DatabaseSource
from abm_ml.sources.folder import FolderConfig, FolderSource
from abm_ml.sources.generated import SyntheticConfig, SyntheticSource
from abm_ml.sources.reading import Reading, TableReport, read_tables

__all__ = [
    "DatabaseConfig",
    "DatabaseSource",
    "FolderConfig",
    "FolderSource",
    "FrameSource",
    "Mapped",
    "Reading",
    "Source",
    "Staged",
    "SyntheticConfig",
    "SyntheticSource",
    "TableReport",
    "read_tables",
]
