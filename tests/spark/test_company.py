"""Spark and DuckDB give the same company: what is read, who its accounts were, what became of them, and all KPIs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.labels import LABELS
from abm_ml.labels.base import Outlook
from abm_ml.labels.build import eligible, outcomes, standing
from abm_ml.sources import FolderConfig, FolderSource, Source
from abm_ml.tables import TABLES, Terms
from abm_ml.timeline import SPINE, calendar, spine
from tests.spark.conftest import RELATIVE, Both, Read, difference

pytestmark = pytest.mark.spark

TERMS = Terms()
AS_OF = dt.datetime(2026, 6, 30)
DATES = (dt.datetime(2025, 12, 1), dt.datetime(2026, 3, 1, 13, 30))
KPI_KEYS = ["name", "measure", "part", "cut", "period_from"]
STRANGE = """account_id,name,employees,annual_revenue,is_target,in_program,created_at
 a1,false,12.000,1e3,yes,no,2025-01-01
a2, vif ,5.,.5,t,no,2025-01-01T12:00:00+02:00
a3,"\t\v\f",+7,1e400,FALSE,no,2025-01-01 12:00:00.123456789Z
a4,double,1,1,1,no,2025-01-01
a4,double,1,1,1,no,2025-01-01
a5,one,1,1,1,no,2025-01-01
a5,another,1,1,1,no,2025-01-01
a6,b,1.5,1,1,no,2025-01-01
a7,b,1,NaN,1,no,2025-01-01
a8,b,1,1,maybe,no,2025-01-01
a9,b,1,1,1,no,2025-02-30
b1,b,1,1,1,no,2025-01-01T12:00:00 +02:00
b2,b,-1,1,1,no,2025-01-01
b3,b,1,1,1,no,1850-01-01
,b,1,1,1,no,2025-01-01
b4,"a ""quoted"", long name",999999999999999999,-0.0,no,no,2025-01-01
"""


def test_tables(both: Both) -> None:
    """Every table has the same rows, cell by cell, with the same types."""
    for name, rows in both.duckdb.reading.tables.items():
        found = both.spark.reading.tables[name]
        right, its = both.duckdb.engine.compute(rows), both.spark.engine.compute(found)
        keys = list(TABLES[name].key or TABLES[name].names)
        assert difference(right, its, keys) == "", name


def test_counts(both: Both) -> None:
    """The report on every table is the same."""
    assert both.spark.reading.reports == both.duckdb.reading.reports


def test_strange_cells(on_both: Callable[[Source], Both], tmp_path: Path) -> None:
    """Blanks, numbers, times and doubles mean the same, and a bad row is put into quarantine with the same reason."""
    (tmp_path / "accounts.csv").write_text(STRANGE)
    pq.write_table(_surveys(), tmp_path / "surveys.parquet")
    read = on_both(FolderSource(FolderConfig(kind="folder", path=tmp_path, quarantine_limit=1.0)))
    for name in ("accounts", "surveys"):
        right, found = read.computed(lambda each, name=name: each.engine.compute(each.reading.tables[name]))
        assert difference(right, found, ["account_id"]) == ""
    assert read.spark.reading.reports == read.duckdb.reading.reports
    quarantined = [(each.quarantine / "accounts.csv").read_text() for each in (read.duckdb, read.spark)]
    assert quarantined[0] == quarantined[1]


def test_standing_and_labels(both: Both) -> None:
    """Who each account was at each date, and the answers of every label, are the same."""

    def made(read: Read) -> dict[str, pa.Table]:
        engine, tables = read.engine, read.reading.tables
        who = engine.store(standing(tables, TERMS, spine(tables, DATES, engine)))
        answers = {"standing": engine.compute(who)}
        for label in LABELS:
            asked = engine.store(eligible(label, TERMS, who))
            outlook = Outlook(tables=tables, terms=TERMS, standing=asked, horizon_days=60, until=AS_OF)
            answers[label.name] = engine.compute(outcomes(label, outlook))
        return answers

    right, found = made(both.duckdb), made(both.spark)
    for name, rows in right.items():
        assert len(rows)
        assert difference(rows, found[name], list(SPINE), relative=RELATIVE) == "", name


def test_kpis(both: Both) -> None:
    """Every KPI by tier and quarter is the same: counts and texts exactly, other numbers to nine digits."""
    right, found = both.computed(_kpis)
    assert set(right["name"].to_pylist()) == {kpi.name for kpi in KPIS}
    assert difference(right, found, KPI_KEYS, relative=RELATIVE) == ""


def _surveys() -> pa.Table:
    """Times in nanoseconds, with a zone and without."""
    zoned, without_zone = pa.timestamp("ns", "Europe/Berlin"), pa.timestamp("ns")
    nanoseconds = [1_767_222_000_123_456_789, 1_767_308_400_000_000_000, 1_767_308_400_000_000_001]
    columns = {
        "survey_id": ["s1", "s2", "s3"],
        "account_id": ["a2", "a4", "nobody"],
        "kind": ["nps", "brand", "nps"],
        "score": [1.0, float("nan"), None],
        "sent_at": pa.array([each - 86_400_000_000_000 for each in nanoseconds], without_zone),
        "answered_at": pa.array(nanoseconds, zoned),
    }
    return pa.table(columns)


def _kpis(read: Read) -> pa.Table:
    accounts = read.engine.compute(read.reading.tables["accounts"].select("account_id").order_by("account_id"))
    chances = [(id_, label.name) for label in LABELS for id_ in accounts["account_id"].to_pylist()]
    ids, labels = zip(*chances, strict=True)
    scores = pa.table({"account_id": ids, "label": labels, "probability": np.linspace(0, 1, len(ids))})
    periods = calendar("quarter", dt.datetime(2026, 1, 1), AS_OF)
    seen = Seen(read.reading.tables, TERMS, AS_OF, periods, read.engine, read.engine.register(scores))
    rows = kpi_report(Measuring(seen), tuple(KPIS), (("tier",),)).rows
    return pa.Table.from_pandas(rows, preserve_index=False)
