"""One account, walked from its events to the words, equals its rows in the run."""

from __future__ import annotations

import pandas as pd
import pytest

from abm_ml.errors import NotReady, UnknownName
from abm_ml.jobs.explain import Explanation, explain
from abm_ml.jobs.workspace import Workspace
from tests.jobs.company import Served


def picked(company: Served) -> list[str]:
    """For each label the account that scores highest, and the most ordinary one of the run."""
    scores = company.run.scores().to_pandas().sort_values(["probability", "account_id"])
    return [*scores.groupby("label")["account_id"].last(), scores["account_id"].iloc[len(scores) // 2]]


@pytest.fixture(scope="module")
def explained(company: Served, workspace: Workspace) -> list[Explanation]:
    """Some accounts, explained."""
    return [explain(workspace, account) for account in picked(company)]


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


def test_begins_with_the_events(company: Served, explained: list[Explanation]) -> None:
    """The newest engagements known before the date, newest first, and how many there are."""
    rows = pd.read_parquet(company.tables / "engagements.parquet")
    known = rows[(rows["happened_at"] < "2026-06-30") & (rows["known_at"] < "2026-06-30")]
    for each in explained:
        mine = known[known["account_id"] == each.account_id]
        assert each.engagements == len(mine)
        newest = mine["happened_at"].sort_values(ascending=False).head(10).tolist()
        assert [row["happened_at"] for row in each.last_engagements] == newest


def test_another_date_is_not_published(company: Served, workspace: Workspace) -> None:
    """On another date there is nothing to compare with, and the models are the champions."""
    scores = company.run.scores().to_pandas()
    each = explain(workspace, scores["account_id"].iloc[0], as_of=workspace.as_of().replace(day=1))
    assert {one.as_published for one in each.scores} == {None}


def test_unknown_account(workspace: Workspace) -> None:
    """A slip of the pen is answered with the nearest id."""
    with pytest.raises(UnknownName, match="Did you mean 'A0000"):
        explain(workspace, "A00000I")


def test_account_that_no_label_asks_about(company: Served, workspace: Workspace) -> None:
    """An account outside every label has no score to explain, and is told so."""
    everyone = pd.read_parquet(company.tables / "accounts.parquet")["account_id"]
    others = sorted(set(everyone) - set(company.run.scores()["account_id"].to_pylist()))
    with pytest.raises(NotReady, match=f"no label asks about the account {others[0]}"):
        explain(workspace, others[0])
