"""Spark does what DuckDB does: as an engine, and for a company's tables, standing, KPIs, features and scores.

All in one file, for pytest-xdist gives a file to one worker, and Spark should start in one only.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.base import clone

from abm_ml.engines import Engine, SparkConfig, open_engine
from abm_ml.errors import IntegrityError, NotReady, StorageError
from abm_ml.features import FeatureTable, feature_set, feature_table
from abm_ml.jobs.population import Accounts
from abm_ml.jobs.scorer import Scorer, asks
from abm_ml.jobs.scoring import Scoring, scores_of
from abm_ml.jobs.stakes import stakes_at
from abm_ml.jobs.workspace import Workspace
from abm_ml.kpis import KPIS, Measuring, Seen, kpi_report
from abm_ml.labels import LABELS
from abm_ml.labels.base import Outlook
from abm_ml.labels.build import eligible, outcomes, standing
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.sources import FolderConfig, FolderSource, Source
from abm_ml.tables import TABLES
from abm_ml.timeline import SPINE, calendar
from tests.spark.conftest import Both
from tests.spark.equality import RELATIVE, difference
from tests.spark.strange import STRANGE, surveys

pytestmark = pytest.mark.spark

ROWS = 1_000
AS_OF = dt.datetime(2026, 6, 30)
DATES = (dt.datetime(2025, 12, 1), dt.datetime(2026, 3, 1, 13, 30))
KPI_KEYS = ["name", "measure", "part", "cut", "period_from"]
PERIODS = calendar("quarter", dt.datetime(2026, 4, 1), AS_OF)


@pytest.fixture(scope="module")
def numbers(spark: Engine) -> ibis.expr.types.Table:
    """A thousand rows out of order."""
    return spark.register(pa.table({"n": [(each * 7_919) % ROWS for each in range(ROWS)]}))


def test_rows_have_their_numbers(spark: Engine, tmp_path: Path) -> None:
    """The number of a row within its file says where it stood; a name with marks is a name."""
    file = tmp_path / "x [1]*.parquet"
    pq.write_table(pa.table({"x": ["a", "b"]}), file)
    rows = spark.compute(spark.read_parquet([file]))
    assert rows.to_pylist() == [{"x": "a", "file_row_number": 0}, {"x": "b", "file_row_number": 1}]


def test_what_is_stored_outlives_its_file(spark: Engine, tmp_path: Path) -> None:
    """Stored rows are computed once and are gone after `release`."""
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), file)
    stored = spark.store(spark.read_parquet([file]))
    file.unlink()
    assert spark.compute(stored).num_rows == 2
    spark.release(stored)
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.compute(stored)


def test_files_that_are_gone_or_damaged_are_named(spark: Engine, tmp_path: Path) -> None:
    """In the words of every engine."""
    gone, damaged = tmp_path / "gone.parquet", tmp_path / "damaged.parquet"
    for file in (gone, damaged):
        pq.write_table(pa.table({"x": list(range(ROWS))}), file)
    rows, others = spark.read_parquet([gone]), spark.read_parquet([damaged])
    gone.unlink()
    with pytest.raises(StorageError, match=r"gone\.parquet"):
        spark.compute(rows)
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(IntegrityError, match=r"damaged\.parquet"):
        spark.compute(others)


def test_batches_come_in_order(spark: Engine, numbers: ibis.expr.types.Table) -> None:
    """Sorted rows stay sorted, in batches no larger than asked for, while another query runs between them."""
    found: list[int] = []
    for batch in spark.batches(numbers.order_by("n"), 300):
        assert batch.num_rows <= 300
        assert spark.compute(numbers.count().as_table()).num_rows == 1
        found += batch.column("n").to_pylist()
    assert found == list(range(ROWS))


def test_functions_run_where_the_rows_are(spark: Engine, engine: Engine, numbers: ibis.expr.types.Table) -> None:
    """The function sees the same rows on both engines, and what it makes of them comes back."""
    rename = methodcaller("rename_columns", ["m"])
    on_duckdb = engine.register(spark.compute(numbers))
    for each, rows in ((spark, numbers), (engine, on_duckdb)):
        made = pa.Table.from_batches(each.map_batches(rows.order_by("n"), rename, 300))
        assert made.to_pydict() == {"m": list(range(ROWS))}


def test_times_have_no_zone(spark: Engine) -> None:
    """They are in UTC, in microseconds, whether computed or streamed."""
    moment = dt.datetime(1890, 5, 17, 11, 30, 0, 123_456)
    rows = spark.store(spark.register(pa.table({"t": pa.array([moment], pa.timestamp("us"))})))
    (batch,) = spark.batches(rows, 10)
    for found in (spark.compute(rows), pa.Table.from_batches([batch])):
        assert found.schema.field("t").type == pa.timestamp("us")
        assert found["t"].to_pylist() == [moment]


def test_a_running_session_is_used_and_left_alone(spark: Engine) -> None:
    """An engine that found a session closes without stopping it, and leaves no view in it."""
    second = open_engine(SparkConfig())
    second.register(pa.table({"x": [1]}))
    second.close()
    assert spark.compute(spark.register(pa.table({"x": [1]}))).num_rows == 1


def test_java_speaks_into_a_file(spark: Engine) -> None:
    """What Java and Spark say of themselves does not reach the terminal."""
    assert len(list(spark.scratch.parent.glob("spark-*/messages.txt"))) == 1


def test_connect_is_refused(spark: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark Connect has no broadcasts; whoever asks for it is told."""
    monkeypatch.setenv("SPARK_REMOTE", "sc://somewhere")
    with pytest.raises(NotReady, match="Spark Connect"):
        open_engine(SparkConfig())


def test_tables(both: Both) -> None:
    """Every table has the same rows, cell by cell, with the same types."""
    for name, rows in both.duckdb.company.tables.items():
        found = both.spark.company.tables[name]
        right, its = both.duckdb.engine.compute(rows), both.spark.engine.compute(found)
        keys = list(TABLES[name].key or TABLES[name].names)
        assert difference(right, its, keys) == "", name


def test_counts(both: Both) -> None:
    """The report on every table is the same."""
    assert both.spark.company.reading.reports == both.duckdb.company.reading.reports


def test_strange_cells(on_both: Callable[[Source | None], Both], tmp_path: Path) -> None:
    """Blanks, numbers, times and doubles mean the same, and a bad row is put into quarantine with the same reason."""
    (tmp_path / "accounts.csv").write_text(STRANGE)
    pq.write_table(surveys(), tmp_path / "surveys.parquet")
    read = on_both(FolderSource(FolderConfig(kind="folder", path=tmp_path, quarantine_limit=1.0)))
    for name in ("accounts", "surveys"):
        right, found = read.computed(lambda each, name=name: each.engine.compute(each.company.tables[name]))
        assert difference(right, found, ["account_id"]) == ""
    assert read.spark.company.reading.reports == read.duckdb.company.reading.reports
    quarantined = [(each.folder / "quarantine" / "accounts.csv").read_text() for each in (read.duckdb, read.spark)]
    assert quarantined[0] == quarantined[1]


def test_standing_and_labels(both: Both) -> None:
    """Who each account was at each date, and the answers of every label, are the same."""

    def made(read: Workspace) -> dict[str, pa.Table]:
        engine, tables = read.engine, read.company.tables
        who = engine.store(standing(tables, read.terms, read.spine(DATES)))
        answers = {"standing": engine.compute(who)}
        for label in LABELS:
            asked = engine.store(eligible(label, read.terms, who))
            outlook = Outlook(tables=tables, terms=read.terms, standing=asked, horizon_days=60, until=AS_OF)
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


def test_features(both: Both, people: tuple[Accounts, Accounts]) -> None:
    """Every feature of every account at every date: counts and texts exactly, other numbers to nine digits."""
    right, found = both.duckdb.engine.compute(people[0].beside), both.spark.engine.compute(people[1].beside)
    assert set(right["as_of"].to_pylist()) == set(DATES)
    assert difference(right, found, list(SPINE), relative=RELATIVE) == ""


def test_scores(both: Both, people: tuple[Accounts, Accounts]) -> None:
    """The same models give the same features, scores and reasons: texts exactly, other numbers to nine digits."""
    models = _models(both.duckdb, people[0])
    right, found = _scores(both.duckdb, people[0], models), _scores(both.spark, people[1], models)
    keys = {"features": ["account_id"], "reasons": ["account_id", "label", "rank"], "scores": ["account_id", "label"]}
    for name, rows in right.items():
        assert difference(rows, found[name], keys[name], relative=RELATIVE) == "", name
    assert set(right["scores"]["label"].to_pylist()) == set(models)


@pytest.fixture(scope="module")
def people(both: Both) -> tuple[Accounts, Accounts]:
    """Accounts that every label asks about on the last date, with their features; `beside` holds those of all dates."""
    return both.computed(_people)


def _kpis(read: Workspace) -> pa.Table:
    accounts = read.engine.compute(read.company.tables["accounts"].select("account_id").order_by("account_id"))
    chances = [(id_, label.name) for label in LABELS for id_ in accounts["account_id"].to_pylist()]
    ids, labels = zip(*chances, strict=True)
    scores = pa.table({"account_id": ids, "label": labels, "probability": np.linspace(0, 1, len(ids))})
    seen = Seen(read.company.tables, read.terms, AS_OF, PERIODS, read.engine, read.engine.register(scores))
    rows = kpi_report(Measuring(seen), tuple(KPIS), (("tier",),)).rows
    return pa.Table.from_pandas(rows, preserve_index=False)


def _people(read: Workspace) -> Accounts:
    tables, engine = read.company.tables, read.engine
    made = feature_table(tables, read.terms, read.spine(DATES), engine, progress=lambda _: None)
    features = engine.store(made.rows)
    rule = {"engagement_score": features["engagements_90d"], "engagement_level": ibis.literal("high")}
    asked = {asks(label.name): ibis.literal(True) for label in LABELS}
    rows = features.filter(features["as_of"] == DATES[-1]).drop("as_of").mutate(**rule, **asked)
    columns = feature_set(tables, read.terms).columns
    return Accounts(
        columns=columns,
        rows=rows,
        parts=(rows,),
        beside=features,
        features=FeatureTable(rows, (rows,), rows, {}),
    )


def _models(read: Workspace, people: Accounts) -> dict[str, AccountClassifier]:
    """A model per label, each with trees of its own."""
    rows = read.engine.compute(people.beside.order_by(list(SPINE))).to_pandas()
    chance = rows["engagements_90d"].rank(pct=True).to_numpy()
    random = np.random.default_rng(7)
    quick = AccountClassifier(learning_rate=0.3, max_trees=30, min_child_samples=3)
    names = [column.name for column in people.columns]
    return {label.name: clone(quick).fit(rows[names], random.random(len(rows)) < chance) for label in LABELS}


def _scores(read: Workspace, people: Accounts, models: dict[str, AccountClassifier]) -> dict[str, pa.Table]:
    stakes = stakes_at(read, DATES[-1])
    scorers = [
        Scorer(label=name, classifier=model, columns=people.columns, stake=stakes.get(name))
        for name, model in models.items()
    ]
    names = {name: f"{name}/1" for name in models}
    scoring = Scoring(workspace=read, as_of=DATES[-1], accounts=people, scorers=tuple(scorers), names=names)
    parts = defaultdict(list)
    for name, rows in scores_of(scoring):
        parts[name].append(rows)
    return {name: pa.concat_tables(found) for name, found in parts.items()}
