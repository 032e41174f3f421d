"""The run before: which one scores are compared with."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from abm_ml.publishing.manifest import read_manifest, run_id_of
from abm_ml.publishing.past import run_before
from abm_ml.publishing.runs import publish
from tests.publishing.scored import scored

MAY, JUNE = "2026-05-31", "2026-06-30"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two runs, of May and of June."""
    for date in (MAY, JUNE):
        publish(tmp_path, scored(date))
    return tmp_path


def test_the_latest_date_before(workspace: Path) -> None:
    """It is the run of the latest earlier date; one of the same date is none, and before the first there is none."""
    told = [run_before(workspace, dt.date(2026, month, day)) for month, day in ((7, 7), (6, 30), (5, 31))]
    assert [run.as_of.date().isoformat() if run else None for run in told] == [JUNE, MAY, None]


def test_a_damaged_run_is_passed_over(workspace: Path) -> None:
    """Nobody should do without today's scores because a run of last month is damaged."""
    june = run_id_of(scored(JUNE).facts)
    (workspace / "runs" / june / "scores.parquet").write_bytes(b"")
    found = run_before(workspace, dt.date(2026, 7, 7))
    assert found is not None
    assert found.run_id == run_id_of(scored(MAY).facts)


def test_the_run_before_is_a_fact(tmp_path: Path) -> None:
    """Compared with another run it is another run, for its changes differ; without one it keeps its name of before."""
    run = scored(JUNE)
    compared = replace(run, facts=replace(run.facts, previous="2026-05-31-0123456789ab"))
    assert run_id_of(compared.facts) != run_id_of(run.facts)
    assert read_manifest(publish(tmp_path, compared)).facts == compared.facts
    assert b"previous" not in (publish(tmp_path, run) / "manifest.json").read_bytes()
