"""The commands for ready-made tables, and how a refusal with a table looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from abm_ml import terminal
from tests.cli.command import call
from tests.flat.rows import subscriptions


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A table's file, whose rows hold two columns that know the answer."""
    table = subscriptions(300)
    table["state"], table["lost_since"] = np.where(table["left"] == "yes", "b", "a"), 2.0 * (table["left"] == "yes")
    table.to_csv(tmp_path / "rows.csv", index=False)
    settings = {"table": tmp_path / "rows.csv", "workspace": tmp_path, "models": tmp_path, "as_of": "2026-06-30"}
    lines = [f"{key}: {value}" for key, value in {**settings, "name": "leaving", "id": "customer"}.items()]
    (tmp_path / "t.yaml").write_text("\n".join([*lines, "label: {column: left, positive: yes}"]), encoding="utf-8")
    return tmp_path / "t.yaml"


def test_leaks_end_a_training(file: Path) -> None:
    """Exit code 4, one line on what to do, and a row for every column that knows the answer."""
    answer = call("table", "train", file)
    assert answer.code == 4
    first, heads, *rows = answer.err.splitlines()
    assert first.startswith("Error: Label leaving: 'state' and 1 more column carry the outcome")
    assert heads.split() == ["column", "test", "figure", "why"]
    assert [row.split()[:2] for row in rows] == [["state", "alone"], ["lost_since", "name"]]


def test_a_column_that_is_not_there(file: Path) -> None:
    """Exit code 2 and the nearest name."""
    file.write_text(file.read_text(encoding="utf-8").replace("id: customer", "id: custom"), encoding="utf-8")
    answer = call("table", "train", file, "-q")
    assert answer.code == 2
    assert "id: no column is called 'custom'. Did you mean 'customer'?" in answer.err


def test_nothing_to_score_with(file: Path, tmp_path: Path) -> None:
    """Exit code 5 where no model was trained."""
    answer = call("table", "score", file, "--data", tmp_path / "rows.csv", "--out", tmp_path / "scores.csv")
    assert answer.code == 5
    assert not (tmp_path / "scores.csv").exists()


def test_rows_of_a_table_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a message of several lines only indented ones stay lines of their own, and what follows them."""
    terminal.complain("This\nis wrong:\n  a   b\n  c   \x1b\nAnd\tthis.")
    assert capsys.readouterr().err.splitlines() == [
        "Error: This is wrong:", "  a   b", "  c   \N{REPLACEMENT CHARACTER}", "And this.",
    ]  # fmt: skip
