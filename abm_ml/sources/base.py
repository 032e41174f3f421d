"""A source: where a company's tables come from. Reading one checks every row and counts what becomes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, model_validator

from abm_ml.config import Strict
from abm_ml.errors import SourceError, did_you_mean
from abm_ml.sources.csv_text import Reject
from abm_ml.sources.header import refuse_names
from abm_ml.tables import TABLES, ColumnType


class Mapped(Strict):
    """What every source may be told: other names of columns, columns of the user's own, how many bad rows to bear."""

    columns: dict[str, dict[str, str]] = Field(default_factory=dict, description="table: {canonical: theirs}")
    custom: dict[str, dict[str, ColumnType]] = Field(default_factory=dict, description="table: {column: type}")
    quarantine_limit: float = Field(default=0.05, ge=0, le=1, description="share of bad rows above which to refuse")

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        for name in (*self.columns, *self.custom):
            _refuse_unknown("table", name, TABLES.names)
        for name, custom in self.custom.items():
            if not TABLES[name].custom:
                raise ValueError(f"table {name} takes no custom columns")
            if doubled := sorted(set(custom) & set(TABLES[name].names)):
                raise ValueError(f"table {name} has a column '{doubled[0]}' already; call the custom one otherwise")
        for name, columns in self.columns.items():
            for canonical in columns:
                _refuse_unknown(f"column of {name}", canonical, (*TABLES[name].names, *self.custom.get(name, ())))
        return self


def _refuse_unknown(kind: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ValueError(f"no {kind} is called '{name}'. {did_you_mean(name, known)}")


@dataclass(frozen=True)
class Staged:
    """One file of a table, ready to be checked: Parquet as the source has it, and the lines that were no rows."""

    file: Path
    origin: str
    rejects: tuple[Reject, ...] = ()


class Source(ABC):
    """Where a company's tables come from. A new source says one thing: how its tables become Parquet."""

    mapped: Mapped = Mapped()

    @abstractmethod
    def stage(self, folder: Path) -> Mapping[str, Sequence[Staged]]:
        """The files of each table that there is; what has to be written for it goes into `folder`."""


class FrameSource(Source):
    """A source written in pandas: the canonical tables as frames; times without a zone are UTC."""

    @abstractmethod
    def frames(self) -> Mapping[str, pd.DataFrame]:
        """The canonical tables that there are, by name."""

    def stage(self, folder: Path) -> Mapping[str, Sequence[Staged]]:
        """Each frame as one Parquet file; a row's line is its place in the frame."""
        staged = {}
        for name, frame in self.frames().items():
            file, origin = folder / f"{TABLES[name].name}.parquet", f"{type(self).__name__}.{name}"
            refuse_names(origin, [str(column) for column in frame.columns])
            try:
                rows = pa.Table.from_pandas(_in_utc(frame).reset_index(drop=True), preserve_index=False)
            except (pa.ArrowException, TypeError, ValueError) as error:
                raise SourceError(
                    f"{origin}: this frame has a column of mixed types ({'; '.join(map(str, error.args))}). Give each "
                    "column one type."
                ) from error
            pq.write_table(rows, file, coerce_timestamps="us", allow_truncated_timestamps=True)
            staged[name] = [Staged(file, origin)]
        return staged


def _in_utc(frame: pd.DataFrame) -> pd.DataFrame:
    zoned = frame.select_dtypes("datetimetz").columns
    return frame.assign(**{name: frame[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned})
