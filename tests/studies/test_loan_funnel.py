"""The study of a bank's loan applications, on a tenth of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from abm_ml.sources import Source
from tests.sources.contract import SourceContract
from tests.studies.slices import answered, source_module

STUDY = "2026-11-loan-funnel"
# The first counts are of events left out; the rest say how rows that stay were read.
RULES = 4

pytestmark = pytest.mark.shared_data


class TestLoanFunnel(SourceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, shared_data: Path) -> Source:
        """Two cases in a hundred."""
        return source_module(STUDY).LoanFunnel(shared_data / "loan_funnel", part=0.02)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the study leaves its table and its workspace."""
    return tmp_path_factory.mktemp("loan-funnel")


@pytest.fixture(scope="module")
def table(folder: Path, shared_data: Path) -> dict[str, dict[str, Any]]:
    """The study's table by label."""
    return {row["label"]: row for row in answered(STUDY, part=0.1, folder=folder, data=shared_data)}


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
def test_the_run_is_published_with_reasons_that_add_up(table: dict[str, dict[str, Any]], folder: Path) -> None:
    """What a study leaves is a run like everybody's: base and points give the probability."""
    runs = folder / "here/runs"
    run = runs / json.loads((runs / "current.json").read_text())["run_id"]
    keys = ["account_id", "label"]
    scores = pd.read_parquet(run / "scores.parquet").set_index(keys)
    points = pd.read_parquet(run / "reasons.parquet").groupby(keys)["points"].sum()
    assert len(scores) > 20
    assert (scores["base_probability"] + points - scores["probability"]).abs().max() < 1e-9


def test_every_event_is_used_or_counted_as_left_out(shared_data: Path) -> None:
    """Left-out events, engagements and the two moves that are no engagement add up to the log."""
    source = source_module(STUDY).LoanFunnel(shared_data / "loan_funnel", part=0.1)
    tables = source.frames()
    log = pd.read_csv(shared_data / "loan_funnel/events.csv.gz", dtype={"case_id": "str"})
    mine = log[log["case_id"].isin(tables["accounts"]["account_id"])]
    moves = mine["concept:name"].isin(["A_PREACCEPTED", "A_ACCEPTED"]).sum()
    left_out = sum(list(source.left_out.values())[:RULES])
    assert left_out + len(tables["engagements"]) + moves == len(mine)
