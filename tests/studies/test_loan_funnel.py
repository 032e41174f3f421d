from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "experiments/2026-11-loan-funnel"
# The first counts are of events left out; the rest say how rows that stay were read.
RULES = 4

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """The workspace of the study, run on a tenth of the cases by the command that its README names."""
    folder = tmp_path_factory.mktemp("study")
    command = [
        sys.executable,
        STUDY / "run.py",
        "--part",
        "0.1",
        "--workspace",
        folder / "w",
        "--json",
        folder / "t.json",
    ]
    environment = {**os.environ, "ABM_ML_DATA": str(shared_data), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def table(study: Path) -> dict[str, dict[str, Any]]:
    """The study's table by label."""
    return {row["label"]: row for row in json.loads((study / "t.json").read_text())}


@pytest.mark.slow
def test_both_labels_are_judged_on_rows_like_those_of_the_whole(table: dict[str, dict[str, Any]]) -> None:
    """A tenth of the cases gives about a tenth of the 4,167 test rows, and about the same share of events."""
    assert set(table) == {"win", "progression"}
    assert all(300 < row["test rows"] < 550 for row in table.values())
    assert 0.2 < table["win"]["base rate"] < table["progression"]["base rate"] < 0.55


@pytest.mark.slow
def test_both_models_rank_better_than_chance_and_rule(table: dict[str, dict[str, Any]]) -> None:
    """Even a slice teaches something: the whole interval lies above a coin, and the rule is beaten."""
    assert all(row["AUC low"] > 0.5 and row["AUC"] > row["rule's AUC"] for row in table.values())


@pytest.mark.slow
def test_the_run_is_published_with_reasons_that_add_up(study: Path) -> None:
    """What a study leaves is a run like everybody's: base and points give the probability."""
    run = study / "w/runs" / json.loads((study / "w/runs/current.json").read_text())["run_id"]
    keys = ["account_id", "label"]
    scores = pd.read_parquet(run / "scores.parquet").set_index(keys)
    points = pd.read_parquet(run / "reasons.parquet").groupby(keys)["points"].sum()
    assert len(scores) > 20
    assert (scores["base_probability"] + points - scores["probability"]).abs().max() < 1e-9


def test_every_event_is_used_or_counted_as_left_out(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left-out events, engagements and the two moves that are no engagement add up to the log."""
    monkeypatch.syspath_prepend(STUDY)
    monkeypatch.delitem(sys.modules, "source", raising=False)
    from source import LoanFunnel

    source = LoanFunnel(shared_data / "loan_funnel", part=0.1)
    tables = source.frames()
    monkeypatch.delitem(sys.modules, "source")
    log = pd.read_csv(shared_data / "loan_funnel/events.csv.gz", dtype={"case_id": "str"})
    mine = log[log["case_id"].isin(tables["accounts"]["account_id"])]
    moves = mine["concept:name"].isin(["A_PREACCEPTED", "A_ACCEPTED"]).sum()
    left_out = sum(list(source.left_out.values())[:RULES])
    assert left_out + len(tables["engagements"]) + moves == len(mine)
