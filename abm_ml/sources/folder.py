"""A folder of CSV and Parquet: `<table>.csv`, `<table>.csv.gz`, `<table>.parquet`, or a folder `<table>/` of them."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from abm_ml.errors import SourceError, did_you_mean, nearest
from abm_ml.sources.base import Mapped, Source, Staged
from abm_ml.sources.csv_text import stage_csv
from abm_ml.sources.parquet_file import verify_parquet
from abm_ml.tables import TABLES

_MISSPELT = 0.8
_ENDINGS = (".csv", ".csv.gz", ".parquet")


class FolderConfig(Mapped):
    """Where the folder is, and how its text is written."""

    kind: Literal["folder"]
    path: Path
    encoding: str = Field(default="utf-8-sig", description="of the CSV files; one that says so itself is read by that")

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise ValueError("Python knows no such encoding; cp932, latin-1 and utf-16 are some") from error
        return encoding


class FolderSource(Source):
    """The tables of a folder; a file that is none of the canonical tables is left alone."""

    def __init__(self, config: FolderConfig) -> None:
        self.mapped = config
        self._config = config

    def stage(self, folder: Path) -> Mapping[str, Sequence[Staged]]:
        """CSV becomes Parquet of text in `folder`; Parquet is read where it is, once with all its checksums."""
        root = self._config.path
        if not root.is_dir():
            raise SourceError(f"{root}: there is no such folder. Name the folder that holds accounts.csv or .parquet.")
        found = {table.name: _files(root, table.name) for table in TABLES}
        _refuse_misspelt(root, {name for name, files in found.items() if files})
        return {
            name: [self._staged(file, folder / f"{name}-{number}.parquet") for number, file in enumerate(files)]
            for name, files in found.items()
            if files
        }

    def _staged(self, file: Path, target: Path) -> Staged:
        origin = file.relative_to(self._config.path).as_posix()
        if file.suffix == ".parquet":
            verify_parquet(file, origin)
            return Staged(file, origin)
        return Staged(target, origin, stage_csv(file, target, encoding=self._config.encoding))


def _files(root: Path, table: str) -> list[Path]:
    """The files of one table, by name."""
    single = [root / f"{table}{ending}" for ending in _ENDINGS if (root / f"{table}{ending}").is_file()]
    parts = root / table
    if len(single) + parts.is_dir() > 1:
        names = ", ".join([*(file.name for file in single), *([f"{table}/"] if parts.is_dir() else [])])
        raise SourceError(f"{root}: the table {table} stands there more than once ({names}). Keep one of them.")
    if not parts.is_dir():
        return single
    inside = sorted(file for file in parts.iterdir() if file.name.endswith(_ENDINGS))
    if not inside:
        raise SourceError(f"{parts}: this folder holds no file that ends in {', '.join(_ENDINGS)}. Put the rows there.")
    return inside


def _refuse_misspelt(root: Path, present: set[str]) -> None:
    """Raises SourceError for a file that is called almost like an absent table: it would be missed in silence."""
    for file in sorted(root.iterdir()):
        stem = next((file.name.removesuffix(ending) for ending in _ENDINGS if file.name.endswith(ending)), None)
        if stem is None or stem in TABLES:
            continue
        table = nearest(stem, TABLES.names, likeness=_MISSPELT)
        if table is not None and table not in present:
            raise SourceError(
                f"{file}: no table is called '{stem}'. {did_you_mean(stem, TABLES.names)} Rename the file."
            )
