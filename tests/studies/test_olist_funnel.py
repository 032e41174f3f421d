"""The study of a marketplace's leads, on a small slice of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = Path(__file__).resolve().parents[2] / "experiments/2026-11-olist-funnel"
pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def answered(tmp_path_factory, shared_data):
    """The study's table and its workspace, from every tenth lead."""
    folder = tmp_path_factory.mktemp("olist")
    command = [sys.executable, str(STUDY / "run.py"), "--part", "0.1", "--workspace", str(folder / "here")]
    environment = {**os.environ, "ABM_ML_DATA": str(shared_data)}
    subprocess.run([*command, "--json", str(folder / "table.json")], check=True, env=environment, capture_output=True)
    return json.loads((folder / "table.json").read_text()), folder / "here"


def test_table(answered):
    """A line per set-up; DATA's plain figure stands beside the one that splits as DATA does."""
    rows, _ = answered
    assert [(row["set-up"], row.get("plain AUC")) for row in rows] == [("gap", None), ("overlap", 0.652)]
    for row in rows:
        assert 0.03 < row["base rate"] < 0.2
        assert 0.4 < row["AUC"] < 0.9


def test_each_lead_is_asked_about_once(answered):
    """The day after its first contact: the gap's test rows are leads of May, the overlap's those of April, too."""
    rows, _ = answered
    gap, overlap = (row["test rows"] for row in rows)
    assert 80 < gap < overlap < 300


def test_overlap_is_said(answered):
    """The card of the set-up without a gap says so, and the honest one's does not."""
    said = {name: "overlap" in (STUDY / name / "win/CARD.md").read_text().lower() for name in ("models", "models-overlap")}
    assert said == {"models": False, "models-overlap": True}
