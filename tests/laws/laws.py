"""What the laws of features compare: feature tables of the same accounts under different circumstances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml import timeline
from abm_ml.engines import Engine
from abm_ml.features import feature_table
from abm_ml.tables import TABLES, Engagement, Tables, Terms
from tests.conftest import Build
from tests.laws.company import CUSTOM, DATES, Frames

TERMS = Terms(
    engagement=Engagement(points={"own_kind": 2}),
    fixed={"contracts": ("seats",), "accounts": ("segment",)},
)
Worlds = Mapping[dt.datetime, Frames]
IDS = {key for table in TABLES for key in table.key if key.endswith("_id")} - {"content_id", "owner_id"}


def table_of(tables: Tables, dates: ir.Table, engine: Engine) -> pa.Table:
    """The computed feature table, sorted by account and date."""
    table = feature_table(tables, TERMS, dates, engine, progress=lambda name: None)
    return engine.compute(table.rows.order_by(list(timeline.SPINE)))


def at_all_dates(frames: Frames, tiny: Build, engine: Engine) -> pa.Table:
    """The features of a company at all scoring dates."""
    tables = tiny(frames, custom=CUSTOM, on=engine)
    return table_of(tables, timeline.spine(tables, DATES, engine), engine)


def in_other_worlds(worlds: Worlds, tiny: Build, engine: Engine) -> pa.Table:
    """The features of each world at its own date, computed together: they share no id, no date and no currency."""
    frames = {
        name: pd.concat([_renamed(world[name], f"{as_of:%Y-%m-%d} ") for as_of, world in worlds.items()])
        for name in next(iter(worlds.values()))
    }
    if "contents" in frames:  # without time, so the same in every world
        frames["contents"] = frames["contents"].drop_duplicates()
    tables = tiny(frames, custom=CUSTOM, on=engine)
    everywhere = timeline.spine(tables, list(worlds), engine)
    own = everywhere.filter(everywhere.account_id.startswith(everywhere.as_of.strftime("%Y-%m-%d ")))
    table = table_of(tables, engine.store(own), engine).to_pandas()
    table["account_id"] = table["account_id"].str.slice(len("2024-01-01 "))
    return pa.Table.from_pandas(table, preserve_index=False)


def _renamed(rows: pd.DataFrame, prefix: str) -> pd.DataFrame:
    rows = rows.assign(**{name: prefix + rows[name] for name in IDS & set(rows.columns)})
    if "currency" in rows:
        rows["currency"] = rows["currency"].where(rows["currency"] == "EUR", prefix + rows["currency"])
    return rows


def differing(one: pa.Table, other: pa.Table) -> list[str]:
    """The columns in which two feature tables are not equal to the last bit."""
    keys = [("as_of", "ascending"), ("account_id", "ascending")]
    one, other = one.sort_by(keys), other.sort_by(keys)
    assert one.column_names == other.column_names
    return [name for name in one.column_names if _exact(one[name]) != _exact(other[name])]


def _exact(column: pa.ChunkedArray) -> list[str]:
    return [repr(value) for value in column.to_pylist()]


def changed_by_future(
    frames: Frames, future: Callable[[Frames, dt.datetime], Frames], tiny: Build, engine: Engine
) -> list[str]:
    """The feature columns that change when the company has another future; there must be none."""
    worlds = {as_of: future(frames, as_of) for as_of in DATES}
    return differing(at_all_dates(frames, tiny, engine), in_other_worlds(worlds, tiny, engine))


def bytes_of(table: pa.Table) -> bytes:
    """A table as the bytes of the Parquet file that a run leaves."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def of_names(names: Sequence[str], table: pa.Table) -> pa.Table:
    """The keys and some columns."""
    return table.select(["account_id", "as_of", *names])
