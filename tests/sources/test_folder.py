"""A folder of CSV or Parquet: the contract, which files are found, and what damage looks like."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from abm_ml.engines import DuckDbConfig, Engine, open_engine
from abm_ml.errors import AbmError, IntegrityError, SourceError
from abm_ml.sources import FolderConfig, FolderSource, Mapped, Reading, Source, read_tables
from tests.sources.contract import COMPANY, CarrierContract, Texts


def folder_source(folder: Path) -> Source:
    """The tables of a folder."""
    return FolderSource(FolderConfig(kind="folder", path=folder))


def as_text(table: Texts, name: str) -> pa.Table:
    """A table of text in Arrow."""
    return pa.table({column: pa.array(cells, pa.string()) for column, cells in table[name].items()})


class TestCsvFolder(CarrierContract):
    @staticmethod
    def carry(tables: Texts, folder: Path) -> Source:
        """One CSV file per table."""
        for name in tables:
            pa_csv.write_csv(as_text(tables, name), folder / f"{name}.csv")
        return folder_source(folder)


class TestGzippedParts(CarrierContract):
    @staticmethod
    def carry(tables: Texts, folder: Path) -> Source:
        """Several compressed files per table."""
        for name in tables:
            (folder / name).mkdir()
            rows = as_text(tables, name)
            for part, piece in enumerate((rows.slice(0, 20), rows.slice(20))):
                with gzip.open(folder / name / f"{name}-{part}.csv.gz", "wb") as stream:
                    pa_csv.write_csv(piece, stream)
        return folder_source(folder)


class TestParquetFolder(CarrierContract):
    @staticmethod
    def carry(tables: Texts, folder: Path) -> Source:
        """One Parquet file per table."""
        for name in tables:
            pq.write_table(as_text(tables, name), folder / f"{name}.parquet")
        return folder_source(folder)


def test_files_that_are_no_tables_are_left_alone(read_texts: Callable[..., Reading]) -> None:
    """A folder may hold other things beside the tables."""
    reading = read_texts({"notes.csv": "a;b\n", "README.md": "", "budget.parquet": b"no"})
    assert set(reading.tables) == {"accounts"}


def test_a_file_called_almost_like_a_table_is_refused(read_texts: Callable[..., Reading]) -> None:
    """Otherwise a table would be missing in silence."""
    with pytest.raises(
        SourceError, match=r"engagement.csv: no table is called 'engagement'. Did you mean 'engagements'"
    ):
        read_texts({"engagement.csv": "a\n1\n"})


def test_a_table_may_stand_there_once_only(read_texts: Callable[..., Reading]) -> None:
    """Two files of one table: nobody can say which one counts."""
    with pytest.raises(SourceError, match=r"orders stands there more than once \(orders.csv, orders/\)"):
        read_texts({"orders.csv": "a\n1\n", "orders/part.csv": "a\n1\n"})


def test_a_folder_without_rows_is_refused(read_texts: Callable[..., Reading]) -> None:
    """A table's folder that holds nothing readable is a mistake."""
    with pytest.raises(SourceError, match=r"orders: this folder holds no file that ends in .csv"):
        read_texts({"orders/part.xlsx": b""})


def test_accounts_are_needed(tmp_path: Path, engine: Engine) -> None:
    """A folder without accounts, and a folder that is not there."""
    for folder, words in ((tmp_path, "no table accounts"), (tmp_path / "none", "there is no such folder")):
        with pytest.raises(SourceError, match=words):
            read_tables(folder_source(folder), engine, staging=tmp_path, quarantine=tmp_path, progress=print)


def test_an_unknown_encoding_is_a_matter_of_configuration(tmp_path: Path) -> None:
    """It is refused before any file is read."""
    with pytest.raises(ValueError, match=r"Python knows no such encoding"):
        FolderConfig(kind="folder", path=tmp_path, encoding="utf-9")


@pytest.mark.parametrize(
    ("mapped", "message"),
    [
        ({"columns": {"account": {}}}, "no table is called 'account'. Did you mean 'accounts'"),
        ({"columns": {"accounts": {"acount_id": "Id"}}}, "no column of accounts is called 'acount_id'. Did you mean"),
        ({"custom": {"orders": {"rebate": "number"}}}, "table orders takes no custom columns"),
        ({"custom": {"accounts": {"tier": "text"}}}, "table accounts has a column 'tier' already"),
        ({"custom": {"accounts": {"segment": "string"}}}, "Input should be 'text', 'integer'"),
        ({"quarantine_limit": 5}, "less than or equal to 1"),
    ],
)
def test_a_mapping_speaks_of_tables_and_columns_that_exist(mapped: dict[str, object], message: str) -> None:
    """A typo in the mapping is found before any file is read."""
    with pytest.raises(ValueError, match=message):
        Mapped.model_validate(mapped)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder of Parquet with checksums, as abm_ml writes it."""
    folder = tmp_path / "stored"
    folder.mkdir()
    accounts = pa.concat_tables([as_text(COMPANY, "accounts")])
    pq.write_table(accounts, folder / "accounts.parquet", write_page_checksum=True)
    return folder


def outcome(folder: Path, staging: Path) -> object:
    """The accounts of a folder, or the error."""
    engine = open_engine(DuckDbConfig(threads=1))
    try:
        reading = read_tables(
            folder_source(folder), engine, staging=staging, quarantine=staging, progress=lambda t: None
        )
        return engine.compute(reading.tables["accounts"].order_by("account_id"))
    except AbmError as error:
        return error
    finally:
        engine.close()


@pytest.mark.parametrize("kept", [0, 3, 100, -100, -1])
def test_truncated_parquet_is_damage(stored: Path, tmp_path: Path, kept: int) -> None:
    """A Parquet file that ends too early is named, with exit code 6."""
    file = stored / "accounts.parquet"
    file.write_bytes(file.read_bytes()[:kept])
    error = outcome(stored, tmp_path)
    assert isinstance(error, IntegrityError)
    assert str(error).startswith("accounts.parquet: this is no readable Parquet file")
    assert error.exit_code == 6


def test_no_flipped_bit_stays_unseen(stored: Path, tmp_path: Path) -> None:
    """Of thirty files with one bit flipped, each is refused or gives the very same rows."""
    file, dice = stored / "accounts.parquet", np.random.default_rng(7)
    good, expected = file.read_bytes(), outcome(stored, tmp_path)
    outcomes = []
    for _ in range(30):
        damaged = bytearray(good)
        damaged[dice.integers(len(good))] ^= 1 << dice.integers(8)
        file.write_bytes(damaged)
        outcomes.append(outcome(stored, tmp_path))
    assert sum(isinstance(found, IntegrityError) for found in outcomes) > 12
    assert all(isinstance(found, AbmError) or expected.equals(found) for found in outcomes)
    assert all("accounts.parquet" in str(found) for found in outcomes if isinstance(found, AbmError))


def test_a_truncated_gzip_file_is_damage(read_texts: Callable[..., Reading]) -> None:
    """A compressed file that ends too early is named, with exit code 6."""
    whole = gzip.compress(b"account_id,is_target,in_program,created_at\n" + b"1,yes,no,2025-01-01\n" * 99)
    with pytest.raises(IntegrityError, match=r"accounts.csv.gz: this is no complete gzip file"):
        read_texts({"accounts.csv.gz": whole[:-20]})
