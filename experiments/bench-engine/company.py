"""A large company out of a small one: the tables of the synthetic company, multiplied, with thinner engagement."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from abm_ml.tables import TABLES

KEPT = 10  # one engagement in so many is kept: about ten per account
# Whose rows belong to nobody in particular; all copies share them.
_SHARED = ("rates", "contents", "costs")
_IDS = ("account_id", "parent_account_id", "owner_id", "contact_id", "opportunity_id")


def write_large(small: Path, large: Path, accounts: int) -> None:
    """Writes the tables of `small` into the folder `large` as often as it takes for so many accounts.

    Every account, contact, deal, contract and seller of a copy bears its number, so copies share nothing but campaigns,
    contents and rates of exchange.
    """
    beside = large.with_name(large.name + ".tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    with duckdb.connect() as reader:
        reader.execute("SET memory_limit = '2GB'; SET threads = 2; SET preserve_insertion_order = false")
        there = reader.execute("SELECT count(*) FROM read_parquet(?)", [str(small / "accounts.parquet")]).fetchall()
        copies = -(-accounts // there[0][0])
        for file in sorted(small.glob("*.parquet")):
            rows = _rows(reader, file, copies)
            reader.execute(f"COPY ({rows}) TO '{beside / file.name}' (FORMAT parquet, ROW_GROUP_SIZE 122880)")
    beside.rename(large)


def _rows(reader: duckdb.DuckDBPyConnection, file: Path, copies: int) -> str:
    """The query for the rows of a table, as often as there are copies; shared ones once."""
    columns = [name for name, *_ in reader.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]
    ids = {*_IDS, *TABLES[file.stem].key} if file.stem in TABLES else set(_IDS)
    numbered = ", ".join(f"{name} || '-' || lpad(copy::VARCHAR, 3, '0') AS {name}" for name in columns if name in ids)
    if file.stem in _SHARED or not numbered:
        copies, numbered = 1, numbered if file.stem == "costs" else ""
    kept = f"WHERE hash(engagement_id) % {KEPT} = 0" if file.stem == "engagements" else ""
    copied = f"SELECT * FROM '{file}' {kept}"
    replaced = f"* EXCLUDE (copy) REPLACE ({numbered})" if numbered else "* EXCLUDE (copy)"
    return f"SELECT {replaced} FROM ({copied}) CROSS JOIN (SELECT unnest(range({copies})) AS copy)"
