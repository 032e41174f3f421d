"""Feedback: kept beside the runs as it was said, and never changed."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from abm_ml.errors import ConfigError
from abm_ml.publishing.feedback import FEEDBACK, Feedback, read_feedback, write_feedback

SAID = Feedback(
    at="2026-07-01T09:00:00.000",
    user="ada",
    run_id="2026-06-30-0123456789ab",
    as_of="2026-06-30",
    account_id="A1",
    label="win",
    model="win/1",
    probability=0.4,
    verdict="disagree",
    because="they merge next month",
    estimate=0.9,
)


def test_both_numbers_are_kept_in_order(tmp_path: Path) -> None:
    """What was shown and what was said stand side by side; a second note is a second row."""
    later = replace(SAID, at="2026-07-02T09:00:00.000", verdict="agree", because=None, estimate=None)
    write_feedback(tmp_path, later)
    write_feedback(tmp_path, SAID)
    assert read_feedback(tmp_path) == (SAID, later)
    assert read_feedback(tmp_path, ["A2"]) == ()


def test_nothing_was_said_yet(tmp_path: Path) -> None:
    """A workspace without feedback has none, and asking makes no file."""
    assert read_feedback(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sql", ["update feedback set probability = 1", "delete from feedback"])
def test_what_was_said_stays(tmp_path: Path, sql: str) -> None:
    """The file itself refuses to change or lose a row, and only its owner may read it."""
    write_feedback(tmp_path, SAID)
    with closing(sqlite3.connect(tmp_path / FEEDBACK)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(sql)
    assert stat.S_IMODE((tmp_path / FEEDBACK).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "maybe"},
        {"estimate": 1.01},
        {"estimate": float("nan")},
        {"because": "x" * 501},
        {"because": None, "estimate": None},
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    """Verdicts are two, estimates probabilities, reasons short; who disagrees says more than that."""
    with pytest.raises(ConfigError):
        write_feedback(tmp_path, replace(SAID, **wrong))  # type: ignore[arg-type]  # wrong on purpose
    assert read_feedback(tmp_path) == ()
