"""The wholesale study, on a small slice of the customers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

STUDY = Path(__file__).resolve().parents[2] / "experiments/2026-11-wholesale"
pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def answered(tmp_path_factory, shared_data):
    """The study's table and its workspace, from five customers in a hundred."""
    folder = tmp_path_factory.mktemp("wholesale")
    command = [sys.executable, str(STUDY / "run.py"), "--part", "0.05", "--workspace", str(folder / "here")]
    environment = {**os.environ, "ABM_ML_DATA": str(shared_data)}
    subprocess.run([*command, "--json", str(folder / "table.json")], check=True, env=environment, capture_output=True)
    return json.loads((folder / "table.json").read_text()), folder / "here"


def test_table(answered):
    """One line for churn: it ranks better than chance and the rule, never too well, beside DATA's plain figures."""
    ((line,), _) = answered
    assert (line["label"], line["plain AUC"]) == ("churn", 0.771)
    assert 0.65 < line["AUC"] < 0.9
    assert line["AUC"] > line["rule's AUC"]
    assert line["AUC low"] <= line["AUC"] <= line["AUC high"]
    assert 0.35 < line["base rate"] < 0.55


def test_reasons_add_up(answered):
    """What the study publishes meets the contract: base and points of every score are its probability."""
    _, folder = answered
    (run,) = folder.glob("runs/2011-12-10-*")
    scores, reasons = (pq.read_table(run / f"{name}.parquet").to_pandas() for name in ("scores", "reasons"))
    said = scores["account_id"].map(reasons.groupby("account_id")["points"].sum()) + scores["base_probability"]
    assert (said - scores["probability"]).abs().max() < 1e-9


def test_slice_leaves_the_card(answered):
    """A slice writes its card into its own workspace, and the study's card speaks of all customers."""
    _, folder = answered
    assert "10,974 rows" in (STUDY / "models/churn/CARD.md").read_text()
    assert "10,974 rows" not in (folder / "models/churn/CARD.md").read_text()
