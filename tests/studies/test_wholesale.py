"""The wholesale study, on five customers in a hundred."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from abm_ml.sources import Source
from tests.sources.contract import SourceContract
from tests.studies.slices import EXPERIMENTS, answered, source_module

STUDY = "2026-11-wholesale"
pytestmark = pytest.mark.shared_data


class TestWholesale(SourceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, shared_data: Path) -> Source:
        """One customer in a hundred."""
        return source_module(STUDY).WholesaleOrders(shared_data / "wholesale_orders", part=0.01)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the study leaves its table and its workspace."""
    return tmp_path_factory.mktemp("wholesale")


@pytest.fixture(scope="module")
def line(folder: Path, shared_data: Path) -> dict[str, Any]:
    """The one line of the study's table."""
    (row,) = answered(STUDY, part=0.05, folder=folder, data=shared_data)
    return row


@pytest.mark.slow
def test_table(line: dict[str, Any]) -> None:
    """Churn is ranked better than by chance and by the rule, never too well, beside DATA's plain figures."""
    assert (line["label"], line["plain AUC"]) == ("churn", 0.771)
    assert 0.65 < line["AUC"] < 0.9
    assert line["AUC"] > line["rule's AUC"]
    assert line["AUC low"] <= line["AUC"] <= line["AUC high"]
    assert 0.35 < line["base rate"] < 0.55


@pytest.mark.slow
def test_reasons_add_up(line: dict[str, Any], folder: Path) -> None:
    """What the study publishes meets the contract: base and points of every score are its probability."""
    (run,) = folder.glob("here/runs/2011-12-10-*")
    scores, reasons = (pq.read_table(run / f"{name}.parquet").to_pandas() for name in ("scores", "reasons"))
    said = scores["account_id"].map(reasons.groupby("account_id")["points"].sum()) + scores["base_probability"]
    assert (said - scores["probability"]).abs().max() < 1e-9


@pytest.mark.slow
def test_slice_leaves_the_card(line: dict[str, Any], folder: Path) -> None:
    """A slice writes its card into its own workspace, and the study's card speaks of all customers."""
    assert "10,974 rows" in (EXPERIMENTS / STUDY / "models/churn/CARD.md").read_text()
    assert "10,974 rows" not in (folder / "here/models/churn/CARD.md").read_text()
