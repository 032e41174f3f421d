"""Disagreements: accounts that the rule ranks high and the model low, or the reverse, and what pulls them apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abm_ml.errors import NotReady
from abm_ml.jobs.disagreements import COLUMNS, disagreements
from abm_ml.jobs.workspace import Workspace, open_workspace
from abm_ml.publishing.manifest import ModelUsed, RunFacts
from abm_ml.publishing.runs import Run, publish
from abm_ml.publishing.tables import PROGRAM_KPIS, RunTables
from abm_ml.reasons.rows import REASONS
from abm_ml.tables import TABLES
from tests.conftest import arrow_rows

AS_OF = dt.datetime(2026, 6, 30)
ACCOUNTS = ("busy", "calm", "even", "mild", "quiet")
POINTS = {"busy": 36.0, "calm": 5.0, "even": 3.0, "mild": 1.0, "quiet": 0.0}
# What the model says: of winning, and of churning.
PROBABILITY = {
    "win": {"busy": 0.1, "calm": 0.4, "even": 0.5, "mild": 0.6, "quiet": 0.8},
    "churn": {"busy": 0.7, "calm": 0.5, "even": 0.3, "mild": 0.25, "quiet": 0.2},
}
PERCENTILE = {
    label: {account: (sorted(said.values()).index(said[account]) + 0.5) / 5 for account in ACCOUNTS}
    for label, said in PROBABILITY.items()
}
AGREEMENT = {
    ("win", "busy"): "rule_higher", ("win", "quiet"): "model_higher",
    ("churn", "busy"): "model_higher", ("churn", "quiet"): "rule_higher",
}  # fmt: skip


def _did(account: str, kind: str, count: int, day: str = "2026-06-01") -> list[dict[str, Any]]:
    return [
        {"engagement_id": f"{account} {kind} {day} {n}", "account_id": account, "happened_at": day, "kind": kind,
         "channel": "web", "side": "marketing"} for n in range(count)
    ]  # fmt: skip


def _company(folder: Path) -> Path:
    """Busy met twice, replied once, clicked twice and visited five times; calm filled in a form; quiet got a mail."""
    did = [*_did("busy", "meeting", 2), *_did("busy", "email_click", 2), *_did("busy", "web_visit", 5)]
    did += [*_did("busy", "email_reply", 1), *_did("calm", "form_fill", 1), *_did("quiet", "email_sent", 3)]
    did += [*_did("busy", "demo_request", 9, "2026-06-30"), *_did("quiet", "demo_request", 9, "2026-03-31")]
    accounts = [
        {"account_id": name, "name": f"{name} Ltd", "is_target": True, "in_program": True, "created_at": "2024-01-01"}
        for name in ACCOUNTS
    ]
    folder.mkdir()
    for name, rows in (("accounts", accounts), ("engagements", did)):
        pq.write_table(arrow_rows(TABLES[name], rows), folder / f"{name}.parquet")
    return folder


def _scores() -> pa.Table:
    common = {"eligible": True, "base_probability": 0.3, "grade": "B", "rung": "lightgbm", "model": "win/1",
              "expected_value": None, "currency": None, "rule_level": "cold", "holdout": False}  # fmt: skip
    return pa.Table.from_pylist(
        [
            {**common, "account_id": account, "label": label, "probability": said, "low": said, "high": said,
             "percentile": PERCENTILE[label][account], "rule_score": POINTS[account],
             "agreement": AGREEMENT.get((label, account), "agree")}
            for label, each in PROBABILITY.items() for account, said in each.items()
        ]
    )  # fmt: skip


def _reasons() -> pa.Table:
    """Five reasons of every score, the second and the fourth down, and the rest."""
    pulls = {"calls": 0.09, "ties": -0.07, "visits": 0.05, "age": -0.04, "size": 0.02}
    rows = []
    for label, each in PROBABILITY.items():
        for account, said in each.items():
            points = {**pulls, "other": said - 0.3 - sum(pulls.values())}
            rows += [
                {"account_id": account, "label": label, "rank": rank, "feature": feature, "points": pull,
                 "controllable": False, "text": f"{feature} of {account}."}
                for rank, (feature, pull) in enumerate(points.items(), 1)
            ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=REASONS)


def _run(scores: pa.Table, day: dt.datetime = AS_OF) -> Run:
    """A run with these scores and the reasons of all."""
    models = {label: ModelUsed(f"{label}/1", "0" * 64) for label in PROBABILITY}
    facts = RunFacts(
        as_of=day.date(), models=models, data={}, config_sha256="c" * 64, definitions="d" * 64, versions={}
    )
    others = pa.table({"account_id": list(ACCOUNTS)})
    tables = RunTables(
        scores=scores, reasons=_reasons(), kpis=others, program_kpis=PROGRAM_KPIS.empty_table(), features=others
    )
    return Run(facts, tables)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A company of five accounts with a published run of two labels."""
    folder = tmp_path_factory.mktemp("disagreements")
    settings = {
        "workspace": str(folder / "results"),
        "source": {"kind": "folder", "path": str(_company(folder / "in"))},
    }
    with open_workspace(settings) as opened:
        with pytest.raises(NotReady, match="abm-ml score"):
            disagreements(opened)
        publish(opened.folder, _run(_scores()))
        yield opened


@pytest.fixture(scope="module")
def rows(workspace: Workspace) -> pd.DataFrame:
    """The disagreements by label and account."""
    return disagreements(workspace).rows.set_index(["label", "account_id"], drop=False)


def test_who_disagrees(workspace: Workspace, rows: pd.DataFrame) -> None:
    """Only where the run says so, the furthest apart first, with the run they are of."""
    found = disagreements(workspace)
    assert found.as_of == AS_OF
    assert found.run_id.startswith("2026-06-30-")
    assert tuple(found.rows.columns) == COLUMNS
    assert rows.index.tolist() == [("churn", "busy"), ("win", "busy"), ("churn", "quiet"), ("win", "quiet")]
    assert rows["agreement"].to_dict() == {(label, who): what for (label, who), what in AGREEMENT.items()}
    assert rows["name"].tolist() == ["busy Ltd", "busy Ltd", "quiet Ltd", "quiet Ltd"]


def test_the_rule_ranks_by_how_likely(rows: pd.DataFrame) -> None:
    """Much engagement ranks an account high for a win and low for churn; the published percentile stands beside."""
    assert rows["rule_percentile"].to_dict() == pytest.approx(
        {("churn", "busy"): 0.1, ("win", "busy"): 0.9, ("churn", "quiet"): 0.9, ("win", "quiet"): 0.1}
    )
    assert rows.loc[("win", "quiet"), "percentile"] == pytest.approx(0.9)


def test_what_the_rule_counted(rows: pd.DataFrame) -> None:
    """The three kinds with the most points; what happened on the day or before the 90 days' window gives none."""
    assert rows.loc[("win", "busy"), "rule_because"] == "meeting 20, email_click 6, email_reply 5"
    assert rows.loc[("churn", "quiet"), "rule_because"] == "no engagement"


def test_what_pulls_the_model_away(rows: pd.DataFrame) -> None:
    """Reasons down where the rule ranks higher, up where the model does, the strongest three; never the rest."""
    assert rows.loc[("win", "busy"), "model_because"] == "ties of busy. age of busy."
    assert rows.loc[("win", "quiet"), "model_because"] == "calls of quiet. visits of quiet. size of quiet."
    assert rows.loc[("churn", "busy"), "model_because"] == "calls of busy. visits of busy. size of busy."
    assert rows.loc[("churn", "quiet"), "model_because"] == "ties of quiet. age of quiet."


def test_everybody_agrees(workspace: Workspace) -> None:
    """Where rule and model agree on every account the list is empty, with its columns."""
    scores = _scores().to_pandas().assign(agreement="agree")
    folder = workspace.folder / "agreeing"
    publish(folder, _run(pa.Table.from_pandas(scores, preserve_index=False)))
    with open_workspace(workspace.config.model_dump() | {"workspace": folder}) as opened:
        found = disagreements(opened).rows
    assert (len(found), tuple(found.columns)) == (0, COLUMNS)
