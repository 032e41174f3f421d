"""A large company out of a small one: the tables of the synthetic company, multiplied, with thinner engagement."""

from __future__ import annotations

import shutil
from pathlib import Path

import ibis
import ibis.expr.types as ir

from abm_ml.tables import TABLES

KEPT = 10  # one engagement in so many is kept: about ten per account
# What all copies share, and what bears the number of its copy besides the keys of the tables.
_SHARED = ("rates", "contents", "costs")
_IDS = ("account_id", "parent_account_id", "owner_id", "contact_id", "opportunity_id")


def write_large(small: Path, large: Path, accounts: int) -> None:
    """Writes the tables of `small` into the folder `large` as often as it takes for so many accounts.

    Every account, contact, deal, contract and seller of a copy bears its number, so copies share nothing but campaigns,
    contents, costs and rates of exchange.
    """
    beside = large.with_name(large.name + ".tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    engine = ibis.duckdb.connect(threads=2, memory_limit="2GB", preserve_insertion_order=False)
    copies = -(-accounts // engine.read_parquet(small / "accounts.parquet").count().execute())
    for file in sorted(small.glob("*.parquet")):
        rows = engine.read_parquet(file)
        if file.stem == "engagements":
            rows = rows.filter(rows.engagement_id.hash().abs() % KEPT == 0)
        engine.to_parquet(_copied(rows, file.stem, copies), beside / file.name)
    engine.disconnect()
    beside.rename(large)


def _copied(rows: ir.Table, name: str, copies: int) -> ir.Table:
    """The rows of a table, as often as there are copies; shared ones once, of the first copy's accounts."""
    shared = name in _SHARED
    numbers = ibis.range(1 if shared else copies).unnest().name("_copy").as_table()
    ids = {*_IDS, *(() if shared else TABLES[name].key)}
    copied = rows.cross_join(numbers)
    number = "-" + copied["_copy"].cast("string").lpad(3, "0")
    return copied.mutate(**{each: copied[each] + number for each in rows.columns if each in ids}).drop("_copy")
