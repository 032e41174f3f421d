"""The study of a marketplace's leads, on a tenth of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from abm_ml.sources import Source
from tests.sources.contract import SourceContract
from tests.studies.slices import EXPERIMENTS, answered, source_module

STUDY = "2026-11-olist-funnel"
pytestmark = pytest.mark.shared_data


class TestOlistFunnel(SourceContract):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, shared_data: Path) -> Source:
        """Five leads in a hundred."""
        return source_module(STUDY).OlistFunnel(shared_data / "olist_funnel", part=0.05)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> list[dict[str, Any]]:
    """The study's table: a line per set-up."""
    return answered(STUDY, part=0.1, folder=tmp_path_factory.mktemp("olist"), data=shared_data)


@pytest.mark.slow
def test_table(rows: list[dict[str, Any]]) -> None:
    """DATA's plain figure stands beside the set-up that splits as DATA does, and only there."""
    assert [(row["set-up"], row["plain AUC"]) for row in rows] == [("gap", None), ("overlap", 0.652)]
    assert all(0.03 < row["base rate"] < 0.2 and 0.4 < row["AUC"] < 0.9 for row in rows)


@pytest.mark.slow
def test_each_lead_is_asked_about_once(rows: list[dict[str, Any]]) -> None:
    """The day after its first contact: the gap's test rows are leads of May, the overlap's those of April, too."""
    gap, overlap = (row["test rows"] for row in rows)
    assert 80 < gap < overlap < 300


def test_overlap_is_said() -> None:
    """The card of the set-up without a gap says so, and the honest one's does not."""
    cards = {name: (EXPERIMENTS / STUDY / name / "win/CARD.md").read_text() for name in ("models", "models-overlap")}
    assert {name: "allow_overlap" in text for name, text in cards.items()} == {"models": False, "models-overlap": True}


def test_no_foreign_id_is_shipped(shared_data: Path) -> None:
    """No text of the study holds more of a lead's or page's id than its first six characters."""
    leads = pd.read_csv(shared_data / "olist_funnel/olist_marketing_qualified_leads_dataset.csv", dtype="str")
    begins = {value[:7] for column in ("mql_id", "landing_page_id") for value in leads[column]}
    texts = [file.read_text() for file in (EXPERIMENTS / STUDY).rglob("*") if file.suffix in {".md", ".py", ".yaml"}]
    said = {word for text in texts for word in re.findall(r"\b[0-9a-f]{7,63}\b", text)}
    assert not {word for word in said if word[:7] in begins}
