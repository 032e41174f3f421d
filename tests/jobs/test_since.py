"""A week later: why scores changed, what scenarios say, and what the page reads of it."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from abm_ml.errors import ConfigError
from abm_ml.jobs.changes import change_parts
from abm_ml.jobs.explain import explain
from abm_ml.jobs.score import ScoreResult, champions, score, scoring_at
from abm_ml.jobs.scorer import Scorer
from abm_ml.jobs.scoring import Scoring
from abm_ml.jobs.workspace import Workspace, open_workspace
from abm_ml.publishing.runs import PublishedRun, read_run
from abm_ml.reasons.changes import PARTS
from abm_ml.web.store import Store
from tests.jobs.company import LABELS, Served, copied, linked, settings_of
from tests.web.adding_up import not_adding_up

WEEK = dt.datetime(2026, 7, 7)
MET = 5
COUNTED = {
    "scores": "SELECT count(*) FROM scores",
    "reasons": "SELECT count(*) FROM reasons",
    "changes": "SELECT count(*) FROM changes",
    "what_if": "SELECT count(*) FROM what_if",
    "program_kpis": "SELECT count(*) FROM program_kpis",
}
OFF = """
SELECT max(abs(change - moved)) FROM scores
JOIN (SELECT account_id, label, sum(points) AS moved FROM changes GROUP BY account_id, label) USING (account_id, label)
"""
GOALS = {"goals": {"penetration_rate": {"all": 0.4, "tier=1": 0.6}}}


class Week(NamedTuple):
    """The workspace a week later, with the run of then; some accounts were met in between."""

    workspace: Workspace
    result: ScoreResult
    run: PublishedRun
    met: list[str]

    def serving(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What serving.sqlite answers."""
        address = f"{(self.run.folder / 'serving.sqlite').as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as file:
            return file.execute(query, values).fetchall()


def meetings(tables: Path, accounts: list[str]) -> pd.DataFrame:
    """The log with three meetings more for each of some accounts."""
    log = pd.read_parquet(tables / "engagements.parquet")
    days = [WEEK - dt.timedelta(days=back) for back in (1, 2, 3)]
    new = pd.DataFrame([(account, day) for account in accounts for day in days], columns=["account_id", "happened_at"])
    new["engagement_id"] = [f"new {number}" for number in range(len(new))]
    new = new.assign(kind="meeting", channel="in_person", side="sales", known_at=new["happened_at"])
    new[["happened_at", "known_at"]] = new[["happened_at", "known_at"]].astype(log["happened_at"].dtype)
    return pd.concat([log, new.reindex(columns=log.columns)], ignore_index=True)


@pytest.fixture(scope="module")
def week(company: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """A week in which nothing becomes known but a few meetings."""
    folder = tmp_path_factory.mktemp("week")
    house = copied(company, folder / "house")
    scores = company.run.scores().to_pandas()
    met = scores.loc[scores["label"] == "progression", "account_id"].head(MET).tolist()
    tables = linked(house.tables, folder / "tables")
    log = meetings(tables, met)
    (tables / "engagements.parquet").unlink()
    log.to_parquet(tables / "engagements.parquet")
    with open_workspace({**settings_of(house.folder), **GOALS}, data=tables) as workspace:
        result = score(workspace, as_of=WEEK)
        yield Week(workspace, result, read_run(house.folder, result.run_id), met)


@pytest.fixture(scope="module")
def changes(week: Week) -> pd.DataFrame:
    """The published parts, one column each, beside the scores."""
    rows = week.run.changes().to_pandas()
    parts = rows.pivot_table(index=["account_id", "label"], columns="part", values="points")
    before = rows[rows["place"] == 1].set_index(["account_id", "label"])["before"]
    return parts.join(before).join(week.run.scores().to_pandas().set_index(["account_id", "label"])["probability"])


def test_the_first_run_says_that_there_is_none_before(company: Served) -> None:
    """Without a run of an earlier date there are no changes, and the run says so; scenarios there are."""
    assert (company.scored.previous, company.scored.movers) == (None, ())
    assert len(company.run.changes()) == 0
    assert len(company.run.what_if()) > 0
    assert company.run.manifest.facts.previous is None


def test_the_parts_add_up_for_every_account(week: Week, company: Served, changes: pd.DataFrame) -> None:
    """For every score that both runs have, the old probability and the four parts are the new one."""
    off = changes["before"] + changes[list(PARTS)].sum(axis=1) - changes["probability"]
    assert off.abs().max() <= 1e-9
    earlier = company.run.scores().to_pandas().set_index(["account_id", "label"])["probability"]
    later = week.run.scores().to_pandas().set_index(["account_id", "label"])
    assert set(changes.index) == set(earlier.index) & set(later.index)
    assert np.array_equal(changes["before"], earlier[changes.index])
    assert week.result.previous == company.scored.run_id == week.run.manifest.facts.previous


def test_meetings_are_new_activity(week: Week, changes: pd.DataFrame) -> None:
    """What only became known for some accounts moves these; for the others time passes, and no model changed."""
    progression = changes.xs("progression", level="label")
    met = progression.index.isin(week.met)
    assert (progression.loc[met, "new_activity"] > 0.001).all()
    assert progression.loc[~met, "new_activity"].abs().median() < 1e-9
    assert progression["time_passed"].abs().median() > 0
    assert (changes[["model_changed", "calibration_changed"]] == 0).all(axis=None)


def test_another_model_is_told_from_its_calibration(week: Week, company: Served) -> None:
    """The same margins read off another curve: all of that is calibration, and the parts still add up."""
    scoring = scoring_at(week.workspace, champions(week.workspace, ["progression"]), WEEK)
    (old,) = scoring.scorers
    scores = week.run.scores(columns=["account_id", "label", "probability"])
    mine = scores.filter(pa.compute.equal(scores["label"], "progression"))
    renamed = Scoring(
        workspace=week.workspace,
        as_of=WEEK,
        accounts=scoring.accounts,
        scorers=(_read_otherwise(old),),
        names={"progression": "progression/2"},
    )
    rows = pa.concat_tables(change_parts(renamed, company.run, mine)).to_pandas()
    parts = rows.pivot_table(index="account_id", columns="part", values="points")
    assert parts["model_changed"].abs().max() < 1e-9
    assert parts["calibration_changed"].abs().min() > 0
    total = rows.groupby("account_id")["points"].sum() + rows.groupby("account_id")["before"].first()
    now = mine.to_pandas().set_index("account_id")["probability"]
    assert (total - now[total.index]).abs().max() < 1e-9
    assert rows["text"].str.startswith("The model is now progression/2, it was progression/1 (").any()
    with pytest.raises(ConfigError, match="is not before"):
        list(change_parts(renamed, week.run, mine))


def _read_otherwise(scorer: Scorer) -> Scorer:
    """A scorer whose model says the same, read off a calibration that is half a step higher."""
    classifier = scorer.classifier
    calibrator = classifier.calibrator_
    knots = tuple((at, height + 0.5) for at, height in calibrator.knots)
    classifier.calibrator_ = replace(calibrator, intercept=calibrator.intercept + 0.5, knots=knots)
    return scorer


def test_one_account_explained_since_a_run(week: Week, company: Served) -> None:
    """`explain --since RUN` tells the parts that were published."""
    told = explain(week.workspace, week.met[0], since=company.scored.run_id)
    assert told.since == company.run.as_of
    published = week.run.changes(accounts=[week.met[0]]).to_pandas()
    for each in told.scores:
        mine = published[published["label"] == each.label]
        assert [part["text"] for part in each.changes] == mine["text"].tolist()
        assert np.allclose([part["points"] for part in each.changes], mine["points"], atol=1e-9)
        assert each.as_published


def test_scenarios_start_from_the_score(week: Week) -> None:
    """Every scenario of every score says what the score is without it, and says nothing outside what training saw."""
    rows = week.run.what_if().to_pandas()
    scores = week.run.scores().to_pandas()[["account_id", "label", "probability"]]
    joined = rows.merge(scores, on=["account_id", "label"])
    assert len(joined) == len(rows)
    assert np.array_equal(joined["probability_without"], joined["probability"])
    assert (rows["probability_with"].notna() == rows["inside"]).all()
    assert rows["inside"].mean() > 0.5
    assert set(rows.loc[rows["scenario"] == "daily_use", "label"]) == {"churn"}
    assert set(rows["account_id"]) == set(scores["account_id"])


def test_the_page_reads_the_same(week: Week, changes: pd.DataFrame) -> None:
    """serving.sqlite holds the run's scores, changes, scenarios and reasons, and both dates of history."""
    assert dict(week.serving("SELECT run_id, previous_run_id FROM run")) == {week.run.run_id: week.result.previous}
    for table, query in COUNTED.items():
        assert week.serving(query) == [(len(getattr(week.run, table)()),)]
    assert week.serving(OFF)[0][0] < 1e-9
    assert week.serving("SELECT count(*) FROM scores WHERE change IS NOT NULL") == [(len(changes),)]
    assert week.serving("SELECT DISTINCT as_of FROM history ORDER BY 1") == [("2026-06-30",), ("2026-07-07",)]
    assert week.result.movers[0].change == week.serving(
        "SELECT max(change) FROM scores WHERE label = ?", week.result.movers[0].label
    )[0][0]  # fmt: skip


def test_what_is_shown_adds_up_for_every_account(week: Week) -> None:
    """Waterfalls, parts of changes, history and scenarios of every account add up to the shown numbers."""
    assert not_adding_up(Store.open(week.run.folder)) == []


def test_the_page_knows_who_an_account_is(week: Week) -> None:
    """An account's facts, goals, KPIs, events, people and deals are there; of people only role and seniority."""
    account = week.met[0]
    ((search, goal, level),) = week.serving(
        "SELECT search, penetration_goal, engagement_level FROM accounts WHERE account_id = ?", account
    )
    assert account.casefold() in search
    assert goal in (0.4, 0.6)
    assert level in {"cold", "warm", "hot", "red_hot"}
    assert ("meeting",) in week.serving("SELECT kind FROM timeline WHERE account_id = ? AND place <= 3", account)
    assert week.serving("SELECT max(place) FROM timeline")[0][0] <= 200
    assert week.serving("SELECT count(*) FROM account_kpis WHERE account_id = ? AND goal IS NOT NULL", account)
    assert week.serving("SELECT min(known - engaged) FROM buying_group")[0][0] >= 0
    columns = {row[1] for row in week.serving("PRAGMA table_info(buying_group)")}
    assert columns == {"account_id", "role", "seniority", "known", "engaged", "key_people"}
    names = {label for (label,) in week.serving("SELECT label FROM models")}
    assert names == set(LABELS)
    figures = json.loads(week.serving("SELECT figures FROM models LIMIT 1")[0][0])
    assert {"roc_auc", "calibration", "lift", "comparisons"} <= set(figures)


def test_the_page_knows_what_drifted(week: Week) -> None:
    """Each model's scores and strongest features were held against training; what drifted has words and shares."""
    told = {label: json.loads(figures) for label, figures in week.serving("SELECT label, figures FROM models")}
    scored = dict(week.serving("SELECT label, count(*) FROM scores GROUP BY label"))
    assert "references" not in told["win"]
    for label, figures in told.items():
        drift = figures["drift"]
        assert drift["judged"] <= 21
        assert len(drift["found"]) <= drift["judged"]
        assert bool(drift["judged"]) == (scored[label] >= 200), label
        for each in drift["found"]:
            assert each["level"] in {"watch", "large"}
            assert each["index"] > 0.1
            assert 0 <= min(each["then"], each["now"]) < max(each["then"], each["now"]) <= 1
            assert (each["text"] is None) == (each["feature"] == "probability")
