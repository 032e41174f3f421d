"""Parquet files that are written and read in parts: page checksums, and the same rows give the same bytes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from abm_ml.publishing.storage import FILE_MODE, storing

GROUP_ROWS = 65_536


class TableWriter:
    """A new Parquet file, to which a table is added part by part; who makes it closes it.

    Row groups have GROUP_ROWS rows, however the parts are cut, so that only the rows of the table decide its bytes.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self._waiting = schema.empty_table()
        with storing(path):
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb")
            self._writer = pq.ParquetWriter(self._file, schema, compression="zstd", write_page_checksum=True)

    def add(self, rows: pa.Table) -> None:
        """Adds rows; whole groups of them are written."""
        self.rows += len(rows)
        waiting = pa.concat_tables([self._waiting, rows])
        whole = len(waiting) - len(waiting) % GROUP_ROWS
        for start in range(0, whole, GROUP_ROWS):
            self._write(waiting.slice(start, GROUP_ROWS))
        self._waiting = waiting.slice(whole)

    def _write(self, rows: pa.Table) -> None:
        # Chunks would decide where its pages end.
        with storing(self.path):
            self._writer.write_table(rows.combine_chunks(), row_group_size=GROUP_ROWS)

    def finish(self) -> None:
        """The rest of the rows, and all of it on the disk."""
        if len(self._waiting) or not self.rows:
            self._write(self._waiting)
        with storing(self.path):
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Lets go of the file, finished or not."""
        with suppress(OSError):
            self._writer.close()
        with suppress(OSError):
            self._file.close()


def read_parquet(
    path: Path, *, accounts: Collection[str] | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """A Parquet file, or only some of its columns, or only the rows of some accounts: groups without them are left out.

    Raises:
        OSError, ArrowInvalid: the file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        if accounts is None:
            return file.read(columns=columns)
        wanted = pa.array(sorted(accounts), pa.string())
        read = None if columns is None else list(dict.fromkeys(["account_id", *columns]))
        found = [file.schema_arrow.empty_table().select(read or file.schema_arrow.names)]
        for group in _groups_with(file, wanted.to_pylist()):
            rows = file.read_row_group(group, columns=read)
            found.append(rows.filter(pc.is_in(rows["account_id"], wanted)))
        return pa.concat_tables(found).select(columns or file.schema_arrow.names)


def read_groups(path: Path, *, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a Parquet file, or only some of its columns, a group of neighbouring rows at a time."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=columns)


def _groups_with(file: pq.ParquetFile, accounts: Sequence[str]) -> Iterator[int]:
    """The row groups that may hold one of the accounts, by the least and the greatest account that they hold."""
    place = file.schema_arrow.names.index("account_id")
    for group in range(file.num_row_groups):
        said = file.metadata.row_group(group).column(place).statistics
        if said is None or not said.has_min_max or any(said.min <= each <= said.max for each in accounts):
            yield group
