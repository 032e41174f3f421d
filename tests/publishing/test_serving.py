"""serving.sqlite: the same rows give the same bytes, nothing is NaN, and history goes on from run to run."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from abm_ml.errors import StorageError
from abm_ml.publishing.serving import FORMAT
from abm_ml.publishing.serving.file import ServingFile
from abm_ml.publishing.serving.movers import Mover, movers

DATES = [dt.date(2026, 6, day) for day in (2, 9, 16, 23, 30)]


def account(account_id: str) -> dict[str, Any]:
    """What every account has."""
    return {"account_id": account_id, "in_program": True, "lifecycle": "prospect", "lead_label": "win", "search": "a"}


def score(account_id: str, *, change: float | None = None, value: float | None = None) -> dict[str, Any]:
    """A score with its change and expected value."""
    words = {"label": "win", "grade": "A", "rung": "lightgbm", "model": "win/1"}
    numbers = dict.fromkeys(("probability", "low", "high", "base_probability", "percentile"), 0.5)
    told = {"holdout": False, "enough": True, "change": change, "expected_value": value}
    return {"account_id": account_id, **words, **numbers, **told}


def point(account_id: str, as_of: dt.date) -> dict[str, Any]:
    """A score of the past."""
    words = {"label": "win", "run_id": f"{as_of}-x", "grade": "A", "model": "win/1"}
    return {"account_id": account_id, "as_of": as_of, **words, "probability": 0.5, "low": 0.4, "high": 0.6}


def written(path: Path, *, as_of: dt.date = DATES[-1], before: Path | None = None, runs: int = 3) -> Path:
    """A small file of two accounts, with the history of another one."""
    with closing(ServingFile(path)) as file:
        file.add("accounts", pa.Table.from_pylist([account("a"), account("b")]))
        rows = [score("a", change=0.1, value=1.0), score("b", change=-0.2, value=float("nan"))]
        file.add("scores", pa.Table.from_pylist(rows))
        file.add("history", pa.Table.from_pylist([point(name, as_of) for name in ("a", "b", "gone")]))
        if before is not None:
            file.add_history(before, runs=runs)
        assert file.finish() == 2
    return path


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as the page opens it."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        yield file


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    """A run that is published again has the same file, so that its hash can be held against it."""
    first = written(tmp_path / "first.sqlite")
    second = written(tmp_path / "second.sqlite")
    assert first.read_bytes() == second.read_bytes()


def test_cells_are_plain(tmp_path: Path) -> None:
    """Times are ISO texts, flags 0 and 1, and what is no number is null."""
    with opened(written(tmp_path / "serving.sqlite")) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (FORMAT,)
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT in_program FROM accounts").fetchall() == [(1,), (1,)]
        assert file.execute("SELECT expected_value FROM scores ORDER BY account_id").fetchall() == [(1.0,), (None,)]
        assert file.execute("SELECT DISTINCT as_of FROM history").fetchall() == [("2026-06-30",)]


def test_history_goes_on(tmp_path: Path) -> None:
    """Each file takes over what the one before knew of its accounts, up to so many dates."""
    before = None
    for number, date in enumerate(DATES):
        before = written(tmp_path / f"{number}.sqlite", as_of=date, before=before, runs=2)
    assert before is not None
    with opened(before) as file:
        told = file.execute("SELECT account_id, as_of FROM history WHERE account_id != 'gone' ORDER BY 1, 2").fetchall()
    assert told == [(name, str(date)) for name in ("a", "b") for date in DATES[2:]]


def test_movers(tmp_path: Path) -> None:
    """Those that rose most come first, then those that fell most."""
    written(tmp_path / "serving.sqlite")
    assert movers(tmp_path, "win", 1) == (Mover("a", None, "win", 0.5, 0.1), Mover("b", None, "win", 0.5, -0.2))
    assert movers(tmp_path, "churn", 1) == ()
    assert movers(tmp_path / "old run", "win", 1) == ()


def test_a_list_needs_no_scan(tmp_path: Path) -> None:
    """A seller's accounts by expected value, and the movers, come from an index."""
    queries = (
        "SELECT * FROM accounts WHERE owner_id = 'S' ORDER BY expected_value DESC LIMIT 25",
        "SELECT * FROM accounts WHERE territory = 'T' ORDER BY expected_value DESC LIMIT 25",
        "SELECT * FROM scores WHERE label = 'win' ORDER BY change DESC LIMIT 25",
        "SELECT * FROM reasons WHERE account_id = 'a' AND label = 'win' ORDER BY rank",
        "SELECT * FROM timeline WHERE account_id = 'a' ORDER BY place",
    )
    with opened(written(tmp_path / "serving.sqlite")) as file:
        for query in queries:
            plan = " ".join(str(row[3]) for row in file.execute(f"EXPLAIN QUERY PLAN {query}"))
            assert "SEARCH" in plan
            assert "TEMP B-TREE" not in plan


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is not there is said so, in one line."""
    with pytest.raises(StorageError, match=r"serving\.sqlite"):
        ServingFile(tmp_path / "nowhere" / "serving.sqlite")
