"""Files written in parts: only the rows decide their bytes, and who asks for few accounts reads few rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abm_ml.errors import StorageError
from abm_ml.publishing import parquet
from abm_ml.publishing.parquet import TableWriter, read_parquet


@pytest.fixture
def rows() -> pa.Table:
    """A thousand accounts with numbers, texts and gaps."""
    dice = np.random.default_rng(5)
    ids = [f"A{number:05d}" for number in range(1000)]
    texts = [None if number % 7 == 0 else f"text {number % 31}" for number in range(1000)]
    return pa.table({"account_id": ids, "x": dice.random(1000), "text": texts})


def written(path: Path, parts: list[pa.Table]) -> Path:
    """The parts as one file."""
    writer = TableWriter(path, parts[0].schema)
    for part in parts:
        writer.add(part)
    writer.finish()
    writer.close()
    return path


def test_the_cuts_change_no_byte(tmp_path: Path, rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the rows arrive, the file is the same: groups, pages and all."""
    monkeypatch.setattr(parquet, "GROUP_ROWS", 300)
    whole = written(tmp_path / "whole", [rows])
    for size in (1, 7, 299, 300, 301, 999):
        cut = [rows.slice(start, size) for start in range(0, len(rows), size)]
        assert written(tmp_path / "cut", cut).read_bytes() == whole.read_bytes()
    groups = pq.ParquetFile(whole).metadata
    assert [groups.row_group(place).num_rows for place in range(groups.num_row_groups)] == [300, 300, 300, 100]


def test_an_empty_table_is_a_file(tmp_path: Path, rows: pa.Table) -> None:
    """A table without rows still has its columns."""
    path = written(tmp_path / "empty", [rows.slice(0, 0)])
    assert read_parquet(path).equals(rows.slice(0, 0))
    assert read_parquet(path, accounts=["A00001"]).equals(rows.slice(0, 0))


def test_only_some_accounts(tmp_path: Path, rows: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of the accounts asked for, in their order, and no group is read that cannot hold one."""
    monkeypatch.setattr(parquet, "GROUP_ROWS", 100)
    path = written(tmp_path / "file", [rows])
    read: list[int] = []
    reading = pq.ParquetFile.read_row_group

    def counted(file: pq.ParquetFile, group: int, **options: object) -> pa.Table:
        read.append(group)
        return reading(file, group, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    found = read_parquet(path, accounts=["A00742", "A00003", "nobody"])
    assert found.equals(pa.concat_tables([rows.slice(3, 1), rows.slice(742, 1)]))
    assert read == [0, 7]
    assert read_parquet(path, accounts=["A00003"], columns=["x"]).equals(rows.slice(3, 1).select(["x"]))
    assert read_parquet(path, columns=["text"]).equals(rows.select(["text"]))


def test_a_place_that_is_no_folder(tmp_path: Path, rows: pa.Table) -> None:
    """A file that cannot be made is named."""
    with pytest.raises(StorageError, match="nowhere"):
        TableWriter(tmp_path / "nowhere" / "file", rows.schema)
