"""Bad input: one line that says where, the documented exit code, and the published run stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.command import Answer, call
from tests.jobs.company import Served, as_csv, fingerprints, linked, settings_of, written

Fault = Callable[[Path], object]
Told = Callable[[Fault], Answer]


@pytest.fixture
def told(company: Served, tmp_path: Path) -> Told:
    """What `abm-ml score` answers in the served workspace when its tables have a fault; nothing may be published."""

    def run(fault: Fault, *, command: str = "score") -> Answer:
        folder = linked(company.tables, tmp_path / "company")
        fault(folder)
        source = {"kind": "folder", "path": str(folder)}
        config = written(tmp_path / "faulty.yaml", {**settings_of(company.folder), "source": source})
        before = fingerprints(company.folder / "runs")
        answer = call(*command.split(), "-c", config)
        assert fingerprints(company.folder / "runs") == before
        return answer

    return run


def changed(folder: Path, table: str, change: Callable[[str], str]) -> None:
    """A table as CSV, with another text."""
    file = as_csv(folder, table)
    file.write_text(change(file.read_text()))


def cut_short(folder: Path, table: str) -> None:
    """A Parquet file of which the end is missing."""
    file = folder / f"{table}.parquet"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[:-100])


def doubled(folder: Path, table: str, share: float) -> None:
    """Some rows of a table stand there twice, with different names."""
    rows = pd.read_parquet(folder / f"{table}.parquet")
    twice = rows.head(int(share * len(rows))).assign(name="somebody else")
    as_csv(folder, table, pd.concat([rows, twice]))


FAULTS: dict[str, tuple[Fault, int, tuple[str, ...]]] = {
    "empty file": (lambda folder: changed(folder, "accounts", lambda text: ""), 3, ("accounts.csv", "empty")),
    "header only": (
        lambda folder: changed(folder, "engagements", lambda text: text.splitlines()[0]),
        3,
        ("engagements.csv", "empty"),
    ),
    "missing column": (
        lambda folder: changed(folder, "accounts", lambda text: text.replace("created_at", "creatd_at", 1)),
        3,
        ("accounts.csv", "'created_at'", "creatd_at"),
    ),
    "wrong delimiter": (
        lambda folder: changed(folder, "accounts", lambda text: text.replace(",", ";")),
        3,
        ("accounts.csv", ";"),
    ),
    "column twice": (
        lambda folder: changed(folder, "accounts", lambda text: text.replace("country", "industry", 1)),
        3,
        ("accounts.csv", "industry"),
    ),
    "duplicate keys": (
        lambda folder: doubled(folder, "accounts", 0.3),
        3,
        ("accounts.csv", "line 2", "'account_id'", "several rows"),
    ),
    "no accounts": (lambda folder: (folder / "accounts.parquet").unlink(), 3, ("accounts",)),
    "no folder": (lambda folder: folder.rename(folder.with_name("gone")), 3, ("company", "no such folder")),
    "damaged Parquet": (lambda folder: cut_short(folder, "contacts"), 6, ("contacts.parquet",)),
    "table taken away": (
        lambda folder: [(folder / f"{name}.parquet").unlink() for name in ("contacts", "surveys")],
        6,
        ("Model ", "Bring the table back"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(told: Told, name: str) -> None:
    """Each fault has its exit code and one line that names the place."""
    fault, code, words = FAULTS[name]
    answer = told(fault)
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert answer.err.startswith("Error: ")
    assert answer.err.count("\n") == 1
    assert [word for word in words if word not in answer.err] == []


def test_few_duplicate_keys_are_put_aside(told: Told) -> None:
    """A few rows that contradict each other do not stop the rest; they are counted and kept with line and reason."""
    answer = told(lambda folder: doubled(folder, "accounts", 0.02), command="check")
    assert answer.code == 0
    assert "accounts.csv, line 2, column 'account_id'" in " ".join(answer.out.split())
    assert "Each refused row stands with its line and reason in" in answer.out


def test_unknown_kinds_are_kept_and_reported(told: Told) -> None:
    """A kind of engagement that the configuration does not know is worth nothing, and said so with the nearest one."""

    def misspelt(folder: Path) -> None:
        changed(folder, "engagements", lambda text: text.replace(",meeting,", ",meetng,"))

    answer = told(misspelt, command="check")
    assert answer.code == 0
    assert "kind 'meetng': worth 0 points (did you mean 'meeting'?)." in answer.out
    assert "Note: engagements: " in answer.out


def test_columns_that_nobody_reads_are_reported(told: Told) -> None:
    """A column that no table has is left alone, and said so."""

    def extra(folder: Path) -> None:
        rows = pd.read_parquet(folder / "accounts.parquet")
        as_csv(folder, "accounts", rows.assign(revnue=1))

    answer = told(extra, command="check")
    assert answer.code == 0
    assert "accounts: the column revnue is not used" in answer.out


def test_what_never_happened_is_refused_by_name(told: Told) -> None:
    """A label with one class only cannot be learned: exit 4, and the label is named."""

    def never_won(folder: Path) -> None:
        deals = pd.read_parquet(folder / "opportunities.parquet")
        as_csv(folder, "opportunities", deals.assign(outcome=deals["outcome"].replace("won", "lost")))

    answer = told(never_won, command="train win")
    assert (answer.code, answer.out) == (4, "")
    assert answer.err.startswith("Error: Model win was not trained: ")
    assert "0 positives" in answer.err
