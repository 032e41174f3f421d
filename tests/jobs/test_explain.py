"""One account, walked from its events to the words, equals its rows in the run."""

from __future__ import annotations

import pandas as pd
import pytest

from abm_ml.errors import NotReady, UnknownName
from abm_ml.jobs.explain import TRACES, Explanation, explain
from abm_ml.jobs.workspace import Workspace
from abm_ml.tables import TABLES
from tests.jobs.company import LABELS, Served


def picked(company: Served) -> list[str]:
    """The likeliest win that may also progress, and the client likeliest to be lost: together all labels."""
    scores = company.run.scores().to_pandas().sort_values(["probability", "account_id"])
    progressing = scores.loc[scores["label"] == "progression", "account_id"]
    wins = scores[(scores["label"] == "win") & scores["account_id"].isin(progressing)]
    return [wins["account_id"].iloc[-1], scores.loc[scores["label"] == "churn", "account_id"].iloc[-1]]


@pytest.fixture(scope="module")
def explained(company: Served, workspace: Workspace) -> list[Explanation]:
    """Some accounts, explained."""
    return [explain(workspace, account) for account in picked(company)]


def test_every_label_is_explained(explained: list[Explanation]) -> None:
    """The accounts explained here are asked about by every label."""
    assert {one.label for each in explained for one in each.scores} == set(LABELS)


def test_equals_the_batch_row(company: Served, explained: list[Explanation]) -> None:
    """Every figure of every label that asks about the account is the published one."""
    scores = company.run.scores().to_pandas()
    names = ["label", "model", "probability", "low", "high", "base_probability", "grade"]
    for each in explained:
        rows = scores[scores["account_id"] == each.account_id]
        mine = pd.DataFrame([{name: getattr(one, name) for name in names} for one in each.scores])
        pd.testing.assert_frame_equal(
            mine.sort_values("label", ignore_index=True), rows[names].reset_index(drop=True), rtol=0, atol=1e-9
        )
        assert all(one.as_published for one in each.scores)


def test_equals_the_batch_reasons(company: Served, explained: list[Explanation]) -> None:
    """The words are the published ones, in their order."""
    told = company.run.reasons().to_pandas()
    for each in explained:
        for one in each.scores:
            rows = told[(told["account_id"] == each.account_id) & (told["label"] == one.label)]
            assert [reason["text"] for reason in one.reasons] == rows["text"].tolist()
            total = one.base_probability + sum(reason["points"] for reason in one.reasons)
            assert total == pytest.approx(one.probability, abs=1e-9)


def test_equals_the_batch_features(company: Served, explained: list[Explanation]) -> None:
    """Every feature and KPI is what the run stored."""
    features = company.run.features().to_pandas().set_index("account_id").drop(columns="run_id")
    kpis = company.run.kpis().to_pandas().set_index("account_id").drop(columns="run_id")
    for each in explained:
        for mine, stored in ((each.features, features), (each.kpis, kpis)):
            row = {name: None if pd.isna(value) else value for name, value in stored.loc[each.account_id].items()}
            assert mine == row


def test_every_table_with_events_is_walked() -> None:
    """What happened to an account is shown whichever table holds it, with times and cells of that table."""
    owned = {table.name for table in TABLES for column in table.columns if column.references == "accounts"}
    assert {trace.table for trace in TRACES} == {name for name in owned if TABLES[name].happened_at}
    for trace in TRACES:
        assert {trace.at, *trace.cells} <= {"happened_at", *TABLES[trace.table].names}


def test_begins_with_the_events(company: Served, explained: list[Explanation]) -> None:
    """The newest ten events of all tables known before the date, newest first, and how many rows each table knows."""
    frames = {name: pd.read_parquet(company.tables / f"{name}.parquet") for name in explained[0].events}
    for each in explained:
        times = []
        for name, rows in frames.items():
            happened, known_at = TABLES[name].happened_at, TABLES[name].known_at
            mine = rows[(rows["account_id"] == each.account_id) & (rows[[happened, known_at]] < each.as_of).all(axis=1)]
            assert each.events[name] == len(mine)
            for at in {trace.at for trace in TRACES if trace.table == name}:
                column = mine[happened if at == "happened_at" else at]
                times += column[column < each.as_of].tolist()
        assert [event.when for event in each.last_events] == sorted(times, reverse=True)[:10]


def test_deals_and_engagements_stand_side_by_side(explained: list[Explanation]) -> None:
    """An account with deals has them counted beside its engagements."""
    assert all(each.events["engagements"] and each.last_events for each in explained)
    assert any(each.events["opportunities"] for each in explained)


def test_another_date_is_not_published(company: Served, workspace: Workspace) -> None:
    """On another date there is nothing to compare with, and the models are the champions."""
    scores = company.run.scores().to_pandas()
    each = explain(workspace, scores["account_id"].iloc[0], as_of=workspace.as_of().replace(day=1))
    assert {one.as_published for one in each.scores} == {None}


def test_unknown_account(workspace: Workspace) -> None:
    """A slip of the pen is answered with the nearest id."""
    with pytest.raises(UnknownName, match="Did you mean 'A00"):
        explain(workspace, "A00000I")


def test_account_that_no_label_asks_about(company: Served, workspace: Workspace) -> None:
    """An account outside every label has no score to explain, and is told so."""
    everyone = pd.read_parquet(company.tables / "accounts.parquet")["account_id"]
    others = sorted(set(everyone) - set(company.run.scores()["account_id"].to_pylist()))
    with pytest.raises(NotReady, match=f"no label asks about the account {others[0]}"):
        explain(workspace, others[0])
