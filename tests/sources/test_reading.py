"""Reading a company: what is counted, what is refused, and what each message names."""

from __future__ import annotations

import datetime as dt
import decimal
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abm_ml.engines import Engine
from abm_ml.errors import IntegrityError, SourceError
from abm_ml.sources import Reading, Source, Staged
from tests.sources.contract import quarantined

ReadTexts = Callable[..., Reading]
HEADER = "account_id,is_target,in_program,created_at,employees,name\n"
NOON = dt.datetime(2025, 7, 1, 12)


def accounts(reading: Reading, engine: Engine) -> list[dict[str, object]]:
    """The accepted accounts by id."""
    return list(engine.compute(reading.tables["accounts"].order_by("account_id")).to_pylist())


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"accounts.csv": HEADER}, "accounts.csv: this file is empty"),
        ({"accounts.csv": ""}, "accounts.csv: this file is empty"),
        ({"accounts.csv": HEADER.replace(",", ";")}, "accounts.csv, line 1: one column found"),
        (
            {"accounts.csv": "acount_id,in_program,created\n1,no,2025-01-01\n"},
            "accounts.csv, line 1: the table accounts lacks 3 columns. 'account_id': Did you mean 'acount_id'?",
        ),
        (
            {"accounts.csv": HEADER + "1,yes,no,2025-01-01,ten,Acme\n2,yes,no,2025-01-01,5,Bolt\n"},
            "accounts.csv, line 2, column 'employees': is not a whole number: 1 of 2 rows of accounts were refused",
        ),
        (
            {"accounts.csv": HEADER + "1,perhaps,no,2025-01-01,1,Acme\n"},
            "accounts.csv, line 2, column 'is_target': is not true or false: 1 of 1 rows of accounts were refused",
        ),
    ],
)
def test_one_line_names_file_line_and_column(files: dict[str, str], message: str, read_texts: ReadTexts) -> None:
    """Exit code 3, and a message in one line that says where and what."""
    with pytest.raises(SourceError) as found:
        read_texts(files, quarantine_limit=0.05)
    assert str(found.value).startswith(message)
    assert "\n" not in str(found.value)
    assert found.value.exit_code == 3


def test_the_quarantine_file(read_texts: ReadTexts, tmp_path: Path) -> None:
    """Lines that are no rows and rows that break a rule stand in one file by line, for the owner's eyes only."""
    body = '1,yes,no,2025-01-01,1,"Acme,\nInc"\n\n2,yes\n3,maybe,no,2025-01-01,1,"Bolt, ""B"""\n4,yes,no,2025-01-01,,\n'
    reading = read_texts({"accounts.csv": HEADER + body})
    assert [tuple(bad.values()) for bad in quarantined(tmp_path, "accounts")] == [
        ("accounts.csv", "5", "", "has 2 cells where the header has 6", "2,yes"),
        ("accounts.csv", "6", "is_target", "is not true or false", '3,maybe,no,2025-01-01,1,"Bolt, ""B"""'),
    ]
    assert stat.S_IMODE((tmp_path / "quarantine" / "accounts.csv").stat().st_mode) == 0o600
    report = reading.reports[0]
    assert (report.read, report.accepted, report.quarantined) == (4, 2, 2)
    assert [str(finding) for finding in report.findings] == [
        "accounts.csv, line 6, column 'is_target': is not true or false",
        "accounts.csv, line 5: has 2 cells where the header has 6",
    ]


def test_an_old_quarantine_file_is_removed(read_texts: ReadTexts, tmp_path: Path) -> None:
    """After the cause is removed nothing reminds of it."""
    good = HEADER + "1,yes,no,2025-01-01,1,Acme\n"
    read_texts({"accounts.csv": good + "2,maybe,no,2025-01-01,1,Bolt\n"})
    assert len(quarantined(tmp_path, "accounts")) == 1
    read_texts({"accounts.csv": good})
    assert not (tmp_path / "quarantine" / "accounts.csv").exists()


def test_orphans_follow_the_fate_of_their_account(read_texts: ReadTexts, tmp_path: Path) -> None:
    """A row of an account that was refused is refused, too: no row is left without its account."""
    orders = "order_id,account_id,happened_at,amount,currency,kind\n"
    rows = "".join(f"{n},{account},2025-01-02,1,EUR,new\n" for n, account in enumerate(("1", "2", "9", "")))
    bad = "1,yes,no,2025-01-01,1,Acme\n2,maybe,no,2025-01-01,1,Bolt\n"
    reading = read_texts({"accounts.csv": HEADER + bad, "orders.csv": orders + rows})
    assert reading.reports[1].accepted == 1
    assert [row["line"] for row in quarantined(tmp_path, "orders")] == ["3", "4", "5"]


def test_ids_that_differ_only_in_capitals_are_two(read_texts: ReadTexts, engine: Engine) -> None:
    """Salesforce tells ids apart by capitals; zeros in front and exponents are part of an id."""
    ids = ["001A", "001a", "1E5", "1e5", "01", "1"]
    body = "".join(f"{name},yes,no,2025-01-01,1,x\n" for name in ids)
    assert {row["account_id"] for row in accounts(read_texts({"accounts.csv": HEADER + body}), engine)} == set(ids)


def test_copies_of_a_clash(read_texts: ReadTexts) -> None:
    """Of two equal rows and a third one that contradicts them, one is merged and two are refused."""
    one, other = "1,yes,no,2025-01-01,1,Acme\n", "1,yes,no,2025-01-01,2,Acme\n"
    report = read_texts({"accounts.csv": HEADER + one + one + other + "2,yes,no,2025-01-01,1,B\n"}).reports[0]
    assert (report.read, report.accepted, report.quarantined, report.merged) == (4, 1, 2, 1)


def test_a_table_without_key_merges_equal_rows(read_texts: ReadTexts) -> None:
    """Two stage changes that say the same are one, also where cells are empty."""
    rows = (
        "account_id,opportunity_id,stage,happened_at\n"
        + "001,,decision,2025-02-01\n" * 2
        + "001,,decision,2025-02-02\n"
    )
    report = read_texts({"stage_changes.csv": rows}).reports[1]
    assert (report.read, report.accepted, report.merged) == (3, 2, 1)


def test_files_of_one_table_are_one_table(read_texts: ReadTexts) -> None:
    """Parts may order their columns differently; a double is found across parts; messages name the part."""
    first = (
        "order_id,account_id,happened_at,amount,currency,kind\n1,001,2025-01-02,1,EUR,new\n2,001,2025-01-02,x,EUR,new\n"
    )
    second = (
        "kind,currency,amount,happened_at,account_id,order_id\nnew,EUR,1,2025-01-02,001,1\nnew,EUR,2,2025-01-02,002,3\n"
    )
    report = read_texts({"orders/a.csv": first, "orders/b.csv": second}).reports[1]
    assert (report.read, report.accepted, report.quarantined, report.merged) == (4, 2, 1, 1)
    assert report.findings[0].file == "orders/a.csv"


def test_a_custom_column_that_never_comes_is_refused(read_texts: ReadTexts) -> None:
    """Otherwise a typo would make a feature of nothing."""
    content = HEADER.replace("name", "segmnt") + "1,yes,no,2025-01-01,1,a\n"
    with pytest.raises(SourceError, match=r"there is no custom column 'segment'. Did you mean 'segmnt'"):
        read_texts({"accounts.csv": content}, custom={"accounts": {"segment": "text"}})


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pa.array(["1", "2"], pa.large_string()), "1"),
        (pa.array(["1", "2"]).dictionary_encode(), "1"),
        (pa.array([1, 2], pa.uint8()), "1"),
        (pa.array([1.0, 2.0]), "1"),
        (pa.array([2.0**60, 2.0]), "1.152921504606847e+18"),
        (pa.array([decimal.Decimal("1.50"), None]), "1.50"),
        (pa.array([True, False]), "true"),
        (pa.array([dt.date(2025, 1, 2)] * 2), "2025-01-02"),
        (pa.array([None, None]), None),
    ],
)
def test_parquet_types_become_text(
    cells: pa.Array, expected: str | None, read_parquet: ReadTexts, engine: Engine
) -> None:
    """Whatever type a file has, text is what a person would write."""
    assert accounts(read_parquet(name=cells), engine)[0]["name"] == expected


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([NOON] * 2, pa.timestamp("s")),
        pa.array([NOON] * 2, pa.timestamp("ns")),
        pa.array([NOON] * 2, pa.timestamp("us", tz="UTC")),
        pa.array([NOON] * 2, pa.timestamp("ms", tz="Asia/Tokyo")),
        pa.array(["2025-07-01T14:00:00+02:00"] * 2),
    ],
)
def test_parquet_types_become_times(cells: pa.Array, read_parquet: ReadTexts, engine: Engine) -> None:
    """Any unit and any zone is UTC to the microsecond."""
    assert accounts(read_parquet(created_at=cells), engine)[0]["created_at"] == NOON


@pytest.mark.parametrize(
    ("column", "cells", "reason"),
    [
        ("employees", pa.array([1.5, 2.0]), "is not a whole number"),
        ("employees", pa.array([decimal.Decimal("1.5"), decimal.Decimal("2.0")]), "is not a whole number"),
        ("employees", pa.array([2**63, 1], pa.uint64()), "is not a whole number"),
        ("employees", pa.array(["9223372036854775808", "1"]), "is not a whole number"),
        ("annual_revenue", pa.array([float("nan"), 1.0]), "is not a finite number"),
        ("annual_revenue", pa.array([1e308, 1.0]), "is not a finite number"),
        ("annual_revenue", pa.array([-1.0, 1.0]), "is less than 0"),
        ("is_target", pa.array([2, 1]), "is not true or false"),
        ("name", pa.array([[1], None]), "is not text"),
    ],
)
def test_parquet_values_of_another_type(column: str, cells: pa.Array, reason: str, read_parquet: ReadTexts) -> None:
    """A value is never bent into another one: it goes to quarantine."""
    (finding, *_) = read_parquet(**{column: cells}).reports[0].findings
    assert (finding.column, finding.line) == (column, 1)
    assert finding.reason.startswith(reason)


def test_a_spreadsheet_s_day_numbers_are_no_times(read_parquet: ReadTexts) -> None:
    """45000 is a day in 2023 to a spreadsheet and a second in 1970 to others: refused."""
    with pytest.raises(SourceError, match=r"'created_at': is not a time in ISO form .* and none is left"):
        read_parquet(created_at=pa.array([45000, 45001]))


def test_damage_is_found_while_computing(engine: Engine, tmp_path: Path) -> None:
    """A file that breaks after it was opened raises IntegrityError when its rows are computed, naming the file."""
    file = tmp_path / "orders.parquet"
    pq.write_table(pa.table({"x": np.random.default_rng(1).random(50_000)}), file, compression="zstd")
    rows = engine.read_parquet([file])
    content = bytearray(file.read_bytes())
    content[1000:200_000] = bytes(199_000)
    file.write_bytes(content)
    for use in (engine.compute, engine.store):
        with pytest.raises(IntegrityError, match=r"orders.parquet: this is no readable Parquet file"):
            use(rows.aggregate(total=rows.x.sum()))


def test_a_damaged_file_of_any_source_is_named(read: Callable[[Source], Reading], tmp_path: Path) -> None:
    """What a source stages is read with the same care."""
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no PAR1")

    class Broken(Source):
        def stage(self, folder: Path) -> dict[str, list[Staged]]:
            return {"accounts": [Staged(tmp_path / "bad.parquet", "bad")]}

    with pytest.raises(IntegrityError, match=r"bad.parquet: this is no readable Parquet file"):
        read(Broken())


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.integers(0, 900), st.sampled_from(list('",\nx\0'))), min_size=1, max_size=12))
def test_damage_conserves_rows(damage: list[tuple[int, str]], read_texts: ReadTexts) -> None:
    """Whatever is typed into a file: read = accepted + quarantined + merged."""
    body = "".join(f"{n:03d},yes,no,2025-01-01,{n},Acme\n" for n in range(30))
    for place, typed in damage:
        body = body[:place] + typed + body[place:]
    report = read_texts({"accounts.csv": HEADER + body}, quarantine_limit=1).reports[0]
    assert report.read == report.accepted + report.quarantined + report.merged
    assert sum(finding.rows for finding in report.findings) == report.quarantined
    assert report.read + body.count('"') * 200 >= 30


@pytest.fixture
def read_parquet(read_texts: ReadTexts, tmp_path: Path) -> ReadTexts:
    """Reads two accounts from Parquet, with some columns of other cells."""

    def reading(**columns: pa.Array) -> Reading:
        good = {
            "account_id": pa.array(["a", "b"]),
            "is_target": pa.array([1, 0]),
            "in_program": pa.array([1.0, 0.0]),
            "created_at": pa.array([dt.date(2025, 1, 1)] * 2),
        }
        pq.write_table(pa.table({**good, **columns}), tmp_path / "accounts.parquet")
        return read_texts({"accounts.parquet": (tmp_path / "accounts.parquet").read_bytes()})

    return reading


DEALS = "opportunity_id,account_id,kind,opened_at,closed_at,outcome\n1,001,new,2025-03-01,2025-03-01,won\n"
CONTRACTS = (
    "contract_id,account_id,total_value,currency,started_at,ends_at,cancelled_at\n"
    "1,001,9,EUR,2025-03-01,2025-03-01,2025-03-01\n"
)
SURVEYS = "survey_id,account_id,kind,sent_at,answered_at\n1,001,nps,2025-03-01,2025-03-01\n"
CONTRADICTIONS = {
    "outcome: needs closed_at": DEALS + "2,001,new,2025-03-01,,lost\n",
    "closed_at: is before opened_at": DEALS + "2,001,new,2025-03-01,2025-02-28,won\n",
    "ends_at: is before started_at": CONTRACTS + "2,001,9,EUR,2025-03-01,2025-02-28,\n",
    "cancelled_at: is before started_at": CONTRACTS + "2,001,9,EUR,2025-03-01,2026-03-01,2025-02-28\n",
    "answered_at: is before sent_at": SURVEYS + "2,001,nps,2025-03-01,2025-02-28\n",
}


@pytest.mark.parametrize("finding", CONTRADICTIONS)
def test_cells_that_contradict_each_other(finding: str, read_texts: ReadTexts, tmp_path: Path) -> None:
    """An outcome has its time, and nothing ends before it begins; at the same moment it may."""
    text = CONTRADICTIONS[finding]
    table = {DEALS: "opportunities", CONTRACTS: "contracts", SURVEYS: "surveys"}["".join(text.splitlines(True)[:2])]
    read_texts({f"{table}.csv": text})
    assert [f"{row['column']}: {row['reason']}" for row in quarantined(tmp_path, table)] == [finding]
