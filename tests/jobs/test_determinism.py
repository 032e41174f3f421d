"""The same facts give the same scores, however they are told and whoever computes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm_ml.publishing.runs import PublishedRun, read_current
from tests.cli.command import Answer, call
from tests.jobs.company import Served, fingerprints, settings_of, written

NAME = '[red]株式会社\u3000東京[/red] :rocket: \u202e\x1b[31mExample, "Ltd"'


def told_otherwise(tables: Path, folder: Path) -> Path:
    """The same company as CSV, rows and columns in another order, and every account under another name."""
    folder.mkdir()
    dice = np.random.default_rng(11)
    for file in sorted(tables.glob("*.parquet")):
        rows = pd.read_parquet(file).sample(frac=1, random_state=dice)
        if file.stem == "accounts":
            rows["name"] = [f"{NAME} {number}" for number in range(len(rows))]
        rows[dice.permutation(rows.columns)].to_csv(folder / f"{file.stem}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def demo(company: Served, tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, PublishedRun]:
    """`abm-ml demo --data FOLDER` on that folder with two threads, in a workspace of its own."""
    folder = tmp_path_factory.mktemp("told")
    told = told_otherwise(company.tables, folder / "company")
    config = written(folder / "config.yaml", {**settings_of(folder / "workspace"), "engine": {"threads": 2}})
    answer = call("demo", "--data", told, "-c", config)
    assert answer.code == 0, answer.err
    return answer, read_current(folder / "workspace")


def test_the_same_company_told_otherwise_gets_the_same_scores(
    company: Served, demo: tuple[Answer, PublishedRun]
) -> None:
    """Row order, column order, CSV instead of Parquet, names of accounts and threads change no score and no reason."""
    mine, other = company.run, demo[1]
    assert mine.scores().drop_columns("run_id").equals(other.scores().drop_columns("run_id"))
    assert mine.reasons().drop_columns("run_id").equals(other.reasons().drop_columns("run_id"))


def test_two_trainings_give_the_same_models(company: Served, demo: tuple[Answer, PublishedRun]) -> None:
    """Trained on the same facts, two models are the same, byte by byte."""
    assert company.run.manifest.facts.models == demo[1].manifest.facts.models


def test_the_demo_says_what_changed(demo: tuple[Answer, PublishedRun]) -> None:
    """The demo has a run of a week before to compare with, by the same models."""
    out, run = demo[0].out, demo[1]
    assert run.manifest.facts.previous
    assert run.manifest.facts.previous.startswith("2026-06-23-")
    assert run.manifest.facts.previous in out
    assert set(run.changes()["part"].to_pylist()) >= {"new_activity", "time_passed"}


def test_the_demo_shows_the_top_accounts_of_each_label(demo: tuple[Answer, PublishedRun]) -> None:
    """The demo ends with the accounts to look at first, with reasons and KPIs, and says how to go on."""
    out = demo[0].out
    for words in ("Top accounts for churn", "Top accounts for progression", "Top accounts for win", "abm-ml explain A"):
        assert words in out
    assert out.count("penetration") >= 9
    assert demo[1].run_id in out


def test_names_are_text(demo: tuple[Answer, PublishedRun]) -> None:
    """A name is shown as it is; what would steer the terminal is not, be it markup, emoji code or control character."""
    assert "[red]株式会社\u3000東京[/red] :rocket: \N{REPLACEMENT CHARACTER}" in demo[0].out
    assert not set("\x1b\u202e") & set(demo[0].out)


def test_without_a_terminal_there_is_no_progress(demo: tuple[Answer, PublishedRun]) -> None:
    """In a pipe nothing moves: the error stream stays empty."""
    assert demo[0].err == ""


def test_anywhere_else_the_same_bytes(company: Served) -> None:
    """Another hash seed, time zone, language and number of threads: `score --force` writes the very same files."""
    before = fingerprints(company.folder / "runs")
    config = written(
        company.config.with_name("elsewhere.yaml"), {**settings_of(company.folder), "engine": {"threads": 2}}
    )
    elsewhere = {**os.environ, "PYTHONHASHSEED": "123", "TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8"}
    program = [sys.executable, "-m", "abm_ml.cli", "score", "--force", "-c", str(config)]
    done = subprocess.run(program, env=elsewhere, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert fingerprints(company.folder / "runs") == before
