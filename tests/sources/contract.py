"""What every source keeps: `SourceContract` for any source, `CarrierContract` for one that brings given tables."""

from __future__ import annotations

import csv
import shutil
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from abm_ml.engines import DuckDbConfig, Engine, open_engine
from abm_ml.errors import SourceError
from abm_ml.sources import Mapped, Reading, Source, read_tables
from abm_ml.tables import IBIS_TYPES, TABLES

Texts = Mapping[str, Mapping[str, list[str | None]]]

# A company whose every cell is text: ids with zeros in front, a country that is called `NA`.
COMPANY: Texts = {
    "accounts": {
        "account_id": [f"{n:04d}" for n in range(40)],
        "name": ["NA", "None", "null", "Müller, Søn", *["株式会社"] * 36],
        "country": ["NA", "DE", None, "JP", *["US"] * 36],
        "employees": ["10", None, "0", *["250"] * 37],
        "is_target": ["true"] * 40,
        "in_program": ["false"] * 40,
        "created_at": ["2025-01-01"] * 40,
    },
    "orders": {
        "order_id": [f"{n:03d}" for n in range(40)],
        "account_id": [f"{n:04d}" for n in range(40)],
        "happened_at": ["2025-03-01T10:30:00Z"] * 40,
        "known_at": [None] + ["2025-03-02"] * 39,
        "amount": ["12.50"] * 40,
        "currency": ["EUR"] * 40,
        "kind": ["new"] * 40,
    },
}


def changed(table: str, **columns: list[str | None] | None) -> Texts:
    """The company with other columns in one table; None takes a column out."""
    merged = {**COMPANY[table], **columns}
    return {**COMPANY, table: {name: cells for name, cells in merged.items() if cells is not None}}


def lengthened(table: str, *rows: Mapping[str, str | None]) -> Texts:
    """The company with more rows in a table, each like its first one but for some cells."""
    company = COMPANY[table]
    return {
        **COMPANY,
        table: {name: [*cells, *(row.get(name, cells[0]) for row in rows)] for name, cells in company.items()},
    }


# Cells of an order that break a rule, the column at fault, and how the reason begins.
BROKEN: tuple[tuple[Mapping[str, str | None], str, str], ...] = (
    ({"order_id": None}, "order_id", "is empty, and every row needs it"),
    ({"order_id": "a", "account_id": "  "}, "account_id", "is empty, and every row needs it"),
    ({"order_id": "b", "account_id": "40"}, "account_id", "names none of the accepted accounts"),
    ({"order_id": "c", "amount": "1,250"}, "amount", "is not a finite number"),
    ({"order_id": "d", "amount": "inf"}, "amount", "is not a finite number"),
    ({"order_id": "e", "amount": "1e999"}, "amount", "is not a finite number"),
    ({"order_id": "f", "kind": "renewel"}, "kind", "is none of new, renewal, upsell, cross_sell, credit"),
    ({"order_id": "g", "happened_at": "01/02/2026"}, "happened_at", "is not a time in ISO form"),
    ({"order_id": "h", "happened_at": "45000"}, "happened_at", "is not a time in ISO form"),
    ({"order_id": "i", "happened_at": "2026-02-30"}, "happened_at", "is not a time in ISO form"),
    ({"order_id": "j", "happened_at": "0001-01-01"}, "happened_at", "lies before 1900-01-01"),
    ({"order_id": "k", "happened_at": "9999-12-31"}, "happened_at", "does not lie before 2200-01-01"),
    ({"order_id": "l", "known_at": "soon"}, "known_at", "is not a time in ISO form"),
    ({"order_id": "m", "known_at": "2025-02-28"}, "known_at", "is before happened_at"),
)


class SourceContract:
    """The laws of any source; a subclass gives the fixture `source`."""

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[Engine]:
        """One engine for all laws."""
        engine = open_engine(DuckDbConfig(threads=2))
        yield engine
        engine.close()

    @pytest.fixture(scope="class")
    @classmethod
    def reading(cls, source: Source, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Reading:
        """The source, read once."""
        return read_in(source, engine, tmp_path_factory.mktemp("reading"))

    def test_it_has_the_required_tables(self, reading: Reading) -> None:
        """Without accounts nothing can be scored."""
        assert {table.name for table in TABLES if table.required} <= set(reading.tables)

    def test_every_row_is_accounted_for(self, reading: Reading, engine: Engine) -> None:
        """Read = accepted + quarantined + merged, and the tables hold what was accepted."""
        for report in reading.reports:
            assert report.read == report.accepted + report.quarantined + report.merged > 0
            assert engine.compute(reading.tables[report.table]).num_rows == report.accepted

    def test_keys_are_unique(self, reading: Reading, engine: Engine) -> None:
        """No accepted table holds a key twice."""
        for name, rows in reading.tables.items():
            if TABLES[name].key:
                doubled = rows.group_by(list(TABLES[name].key)).having(lambda group: group.count() > 1).aggregate()
                assert engine.compute(doubled).num_rows == 0

    def test_nothing_is_known_before_it_happened(self, reading: Reading, engine: Engine) -> None:
        """`known_at` is never before the time of the row, and never empty."""
        for name, rows in reading.tables.items():
            if TABLES[name].known_at == "known_at":
                early = rows.filter((rows.known_at < rows[str(TABLES[name].happened_at)]) | rows.known_at.isnull())
                assert engine.compute(early).num_rows == 0

    def test_columns_have_their_types(self, reading: Reading) -> None:
        """Each canonical column is there with its type: ids are text, times are UTC without zone."""
        for name, rows in reading.tables.items():
            types = {column.name: str(rows[column.name].type()) for column in TABLES[name].columns}
            assert types == {column.name: IBIS_TYPES[column.type] for column in TABLES[name].columns}

    def test_the_same_twice_is_the_same(self, source: Source, reading: Reading, engine: Engine, tmp_path: Path) -> None:
        """A second reading counts the same, and gives the same rows."""
        again = read_in(source, engine, tmp_path)
        assert again.reports == reading.reports
        for name, rows in reading.tables.items():
            first, second = (engine.compute(table.order_by(rows.columns)) for table in (rows, again.tables[name]))
            assert first.equals(second)


class CarrierContract(SourceContract):
    """The laws of a source that brings tables given as text; a subclass says how they are put into its store."""

    @staticmethod
    @abstractmethod
    def carry(tables: Texts, folder: Path) -> Source:
        """A source of these tables, kept in a folder."""

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, tmp_path_factory: pytest.TempPathFactory) -> Source:
        """The company, as this source brings it."""
        return cls.carry(COMPANY, tmp_path_factory.mktemp("store"))

    def read(self, tables: Texts, engine: Engine, tmp_path: Path, **mapped: object) -> Reading:
        """The tables as read through this source; up to half of the rows may be bad."""
        source = self.carry(tables, fresh(tmp_path / "store"))
        settings = {"quarantine_limit": 0.5, **mapped}
        source.mapped = Mapped.model_validate(
            {**source.mapped.model_dump(include=set(Mapped.model_fields)), **settings}
        )
        return read_in(source, engine, tmp_path)

    def test_text_stays_as_it_is(self, reading: Reading, engine: Engine) -> None:
        """Ids keep their zeros; `NA`, `None` and `null` are text; no script is lost; an empty cell is empty."""
        accounts = engine.compute(reading.tables["accounts"].order_by("account_id"))
        assert accounts["account_id"].to_pylist() == COMPANY["accounts"]["account_id"]
        assert accounts["name"].to_pylist() == COMPANY["accounts"]["name"]
        assert accounts["country"].to_pylist()[:4] == ["NA", "DE", None, "JP"]

    def test_a_missing_time_of_knowing_is_the_time_it_happened(self, reading: Reading, engine: Engine) -> None:
        """An empty `known_at` takes `happened_at`; one that is given stays."""
        orders = engine.compute(reading.tables["orders"].order_by("order_id"))
        assert [str(time) for time in orders["known_at"].to_pylist()[:2]] == [
            "2025-03-01 10:30:00",
            "2025-03-02 00:00:00",
        ]

    def test_an_unknown_column_is_ignored_and_reported(self, engine: Engine, tmp_path: Path) -> None:
        """A column that is neither canonical nor mapped changes nothing, and the report names it."""
        reading = self.read(changed("accounts", segment=["x"] * 40), engine, tmp_path)
        assert reading.reports[0].ignored_columns == ("segment",)
        assert "segment" not in reading.tables["accounts"].columns

    def test_a_custom_column_is_kept(self, engine: Engine, tmp_path: Path) -> None:
        """A column that the configuration calls custom comes through with its type."""
        tables = changed("accounts", segment=["07"] * 40)
        reading = self.read(tables, engine, tmp_path, custom={"accounts": {"segment": "text"}})
        assert engine.compute(reading.tables["accounts"])["segment"].to_pylist() == ["07"] * 40

    def test_a_column_of_another_name_is_mapped(self, engine: Engine, tmp_path: Path) -> None:
        """The configuration says what a source calls a column."""
        tables = changed("orders", amount=None, Betrag=["3"] * 40)
        reading = self.read(tables, engine, tmp_path, columns={"orders": {"amount": "Betrag"}})
        assert engine.compute(reading.tables["orders"])["amount"].to_pylist() == [3.0] * 40

    def test_a_missing_column_is_named(self, engine: Engine, tmp_path: Path) -> None:
        """The error names the table, the column and what may have been meant."""
        tables = changed("orders", amount=None, amout=["3"] * 40)
        with pytest.raises(SourceError, match=r"the table orders lacks a column. 'amount': Did you mean 'amout'"):
            self.read(tables, engine, tmp_path)

    def test_an_empty_table_is_refused(self, engine: Engine, tmp_path: Path) -> None:
        """A table without a single row is a mistake, not a company without customers."""
        empty = {**COMPANY, "orders": {name: [] for name in COMPANY["orders"]}}
        with pytest.raises(SourceError, match=r"orders.*this file is empty"):
            self.read(empty, engine, tmp_path)

    def test_a_row_that_breaks_a_rule_goes_to_quarantine(self, engine: Engine, tmp_path: Path) -> None:
        """The quarantine file names file, line, column and reason, and holds the row; all others are accepted."""
        report = self.read(lengthened("orders", *(cells for cells, _, _ in BROKEN)), engine, tmp_path).reports[1]
        assert (report.read, report.accepted, report.quarantined) == (40 + len(BROKEN), 40, len(BROKEN))
        bad = quarantined(tmp_path, "orders")
        assert [row["column"] for row in bad] == [column for _, column, _ in BROKEN]
        assert all(row["reason"].startswith(reason) for row, (_, _, reason) in zip(bad, BROKEN, strict=True))
        assert all("orders" in row["file"] and "EUR" in row["row"] for row in bad)
        lines = [int(row["line"]) for row in bad]
        assert lines == list(range(lines[0], lines[0] + len(BROKEN)))
        assert {finding.line for finding in report.findings} <= set(lines)

    def test_equal_rows_are_merged(self, engine: Engine, tmp_path: Path) -> None:
        """A row that stands twice, word for word, counts once."""
        report = self.read(lengthened("orders", {}), engine, tmp_path).reports[1]
        assert (report.read, report.accepted, report.quarantined, report.merged) == (41, 40, 0, 1)

    def test_rows_that_share_a_key_and_differ_are_refused(self, engine: Engine, tmp_path: Path) -> None:
        """Nobody can say which of them is true, so neither is used."""
        report = self.read(lengthened("orders", {"amount": "99"}), engine, tmp_path).reports[1]
        assert (report.read, report.accepted, report.quarantined, report.merged) == (41, 39, 2, 0)
        assert {bad["column"] for bad in quarantined(tmp_path, "orders")} == {"order_id"}

    def test_too_many_bad_rows_refuse_the_table(self, engine: Engine, tmp_path: Path) -> None:
        """The error names the worst rule with file, line and column, and where all bad rows are listed."""
        tables = changed("orders", amount=["much"] * 3 + ["1"] * 37)
        with pytest.raises(
            SourceError, match=r"'amount': is not a finite number \(3 rows in all\): 3 of 40 rows"
        ) as found:
            self.read(tables, engine, tmp_path, quarantine_limit=0.05)
        assert found.value.exit_code == 3
        assert len(quarantined(tmp_path, "orders")) == 3


def read_in(source: Source, engine: Engine, folder: Path) -> Reading:
    """The source, staged and put into quarantine below a folder."""
    staging = fresh(folder / "staging")
    return read_tables(source, engine, staging=staging, quarantine=folder / "quarantine", progress=lambda table: None)


def quarantined(folder: Path, table: str) -> list[dict[str, str]]:
    """The lines of a quarantine file."""
    with (folder / "quarantine" / f"{table}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def fresh(folder: Path) -> Path:
    """The folder, new and empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
