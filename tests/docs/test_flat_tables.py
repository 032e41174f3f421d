"""What docs/flat-tables.md shows works, as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abm_ml import cli
from abm_ml.jobs.flat import TableConfig
from tests.flat.rows import subscriptions

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "flat-tables.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    """The first block of a kind; that of no kind holds commands."""
    begin = kind or r"\n(?=abm-ml)"
    return re.search(rf"```{begin}(.*?)```", PAGE, re.DOTALL)[1].strip()


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has the page's columns; its YAML and its commands do what the page says, the Python after them, too."""
    monkeypatch.chdir(tmp_path)
    table = subscriptions(600)
    table.insert(0, "row", [f"r{number}" for number in range(600)])
    assert ",".join(table.columns) == block("csv").splitlines()[0]
    table.to_csv("subscriptions.csv", index=False)
    Path("leaving.yaml").write_text(block("yaml"), encoding="utf-8")
    for command in block("").splitlines():
        done = CliRunner().invoke(cli.app, shlex.split(command)[1:], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert "leaving/1" in done.output
    assert Path("scores-reasons.csv").is_file()
    exec(block("python").replace('abm_ml.train_table("leaving.yaml")\n', ""), {})  # noqa: S102 - the page's own words


def test_every_key_is_there() -> None:
    """The table of keys lists what the configuration knows, and nothing else."""
    rows = PAGE.split("| key |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])} == set(TableConfig.model_fields)
