"""Scoring: published once, for a day, by what was known before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from abm_ml.errors import ConfigError, GateRefused, NotReady, UnknownName
from abm_ml.jobs import scoring
from abm_ml.jobs.score import champions, ready, score, scoring_at
from abm_ml.jobs.scoring import scores_of
from abm_ml.jobs.workspace import Workspace, open_workspace
from abm_ml.publishing.tables import Part
from abm_ml.tables import TABLES
from tests.jobs.company import LABELS, Served, fingerprints, settings_of

EARLIER = dt.datetime(2026, 3, 1)


def cut_off(tables: Path, folder: Path, end: dt.datetime) -> Path:
    """The tables as they stood at a date: no later row, and no cell that was filled in later."""
    folder.mkdir()
    for file in tables.glob("*.parquet"):
        table, rows = TABLES[file.stem], pd.read_parquet(file)
        for time in {table.happened_at, table.known_at} - {None}:
            rows = rows[rows[time] < end]
        later = {column.name: column.known_from for column in table.columns if column.known_from in rows}
        empty = {cell: rows[since] >= end for cell, since in later.items()}
        rows.assign(**{cell: rows[cell].mask(mask) for cell, mask in empty.items()}).to_parquet(folder / file.name)
    return folder


def scored_on(workspace: Workspace, date: dt.datetime) -> dict[str, pa.Table]:
    """Features, reasons and scores of a date as its champions would publish them."""
    return gathered(scores_of(scoring_at(workspace, champions(workspace, ready(workspace)), date)))


def gathered(parts: Iterable[Part]) -> dict[str, pa.Table]:
    """The tables whose parts these are."""
    tables: dict[str, list[pa.Table]] = {}
    for name, rows in parts:
        tables.setdefault(name, []).append(rows)
    return {name: pa.concat_tables(each) for name, each in tables.items()}


def test_a_second_score_finds_the_run_published(company: Served, workspace: Workspace) -> None:
    """The same date, models, data and configuration are the same run, which is not written again."""
    before = fingerprints(company.folder / "runs")
    again = score(workspace)
    assert (again.run_id, again.already_published) == (company.scored.run_id, True)
    assert again.scored == company.scored.scored
    assert fingerprints(company.folder / "runs") == before


@pytest.fixture(scope="module")
def earlier(workspace: Workspace) -> dict[str, pa.Table]:
    """Features, reasons and scores of a past date."""
    return scored_on(workspace, EARLIER)


def test_the_future_changes_no_score(company: Served, earlier: dict[str, pa.Table], tmp_path: Path) -> None:
    """Without all that happened, became known or was filled in later, a past date's scores are the same."""
    folder = cut_off(company.tables, tmp_path / "company", EARLIER)
    with open_workspace(settings_of(company.folder), data=folder) as past:
        then = scored_on(past, EARLIER)
        assert past.as_of() == EARLIER
    assert then == earlier
    assert set(earlier["scores"]["label"].to_pylist()) == set(LABELS)


def test_the_cuts_change_no_score(
    workspace: Workspace, earlier: dict[str, pa.Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts are scored one by one: dealt into parts of any size they get the same scores, reasons and features."""
    monkeypatch.setattr(scoring, "PART_ROWS", 97)
    cut = list(scores_of(scoring_at(workspace, champions(workspace, ready(workspace)), EARLIER)))
    assert len(cut) > 20
    assert gathered(cut) == earlier


def test_nobody_to_score(workspace: Workspace) -> None:
    """Before the company had accounts there is nothing to publish."""
    with pytest.raises(GateRefused, match="2001-01-01 there is nobody to score"):
        score(workspace, as_of=dt.datetime(2001, 1, 1))


@pytest.mark.parametrize("moment", ["2026-06-30T12:00:00", "2026-06-30T00:00:00+09:00"])
def test_a_scoring_date_is_a_day_in_utc(workspace: Workspace, moment: str) -> None:
    """A time of day, or of a zone, would be published under a date that it is not."""
    with pytest.raises(ConfigError, match="no day"):
        score(workspace, as_of=dt.datetime.fromisoformat(moment))


def test_only_the_labels_asked_for(workspace: Workspace) -> None:
    """A label that does not exist is refused with the nearest that does."""
    with pytest.raises(UnknownName, match="Did you mean 'churn'"):
        score(workspace, ["churned"])


def test_no_champion(company: Served, tmp_path: Path) -> None:
    """Without a trained model there is nothing to score with; the message says what to run."""
    with (
        open_workspace({**settings_of(tmp_path), "source": {"kind": "folder", "path": str(company.tables)}}) as fresh,
        pytest.raises(NotReady, match="abm-ml train progression"),
    ):
        score(fresh)
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
