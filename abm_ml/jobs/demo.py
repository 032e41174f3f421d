"""The demo: the whole way from tables to published, explained scores."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from abm_ml.errors import GateRefused
from abm_ml.jobs.champions import is_approved, throne
from abm_ml.jobs.check import CheckResult, check
from abm_ml.jobs.report_kpis import KpiQuestion, report_kpis
from abm_ml.jobs.score import ScoreResult, score
from abm_ml.jobs.train import TrainResult, train
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.publishing.runs import read_current

WEEK = dt.timedelta(days=7)
_REASONS_SHOWN = 3


@dataclass(frozen=True)
class TopAccount:
    """An account that scores high: its score, its KPIs and its strongest reasons, and if its data are enough to say."""

    label: str
    account_id: str
    name: str
    probability: float
    low: float
    high: float
    grade: str
    engagement_score: float | None
    engagement_level: str | None
    penetration_rate: float | None
    reasons: tuple[str, ...]
    enough: bool = True


@dataclass(frozen=True)
class DemoResult:
    """Everything that the demo shows."""

    check: CheckResult
    train: TrainResult
    score: ScoreResult
    kpi_page: Path | None
    top: tuple[TopAccount, ...]


def demo(workspace: Workspace, *, top: int = 3) -> DemoResult:
    """Checks the tables, trains a model per label, scores, publishes, draws the KPIs, picks the top accounts per label.

    What the models say of a week before is published first, so that scores have something to be compared with.

    Raises:
        GateRefused: no model is good enough to score.
    """
    checked = check(workspace)
    trained = _shipped(workspace, train(workspace))
    labels = [each.version.label for each in trained.trained if each.may_score]
    with suppress(GateRefused):  # a company may be younger than that
        score(workspace, labels, as_of=workspace.as_of() - WEEK)
    scored = score(workspace, labels)
    return DemoResult(checked, trained, scored, _kpi_page(workspace), top_accounts(workspace, top))


def _kpi_page(workspace: Workspace) -> Path | None:
    """The KPI report as a page in the workspace; None where plotly is not installed."""
    if find_spec("plotly") is None:
        return None
    question = KpiQuestion(period="quarter", by=("tier", "program"))
    return report_kpis(workspace, question, out=workspace.folder / "reports" / "kpis.html").file


def _shipped(workspace: Workspace, result: TrainResult) -> TrainResult:
    """The demo scores with what it has just trained: a champion of other data, from a demo before, makes way.

    Raises:
        GateRefused: no model is good enough to score.
    """
    if not any(each.may_score for each in result.trained):
        told = "; ".join(f"{each.version.name}: see {each.card}" for each in result.trained)
        raise GateRefused(f"No model is good enough to score ({told}). Take a longer history or more accounts.")
    seat = throne(workspace)
    trained = []
    for each in result.trained:
        holder = seat.registry.holder(each.version.label, "champion")
        stays = holder and holder.sha256 == each.version.sha256 and is_approved(seat.trail.entries(), holder)
        if each.may_score and not stays:
            seat.crown(each.version, action="promote", reason="the demo scores with what it has just trained")
            trained.append(replace(each, alias="champion"))
        else:
            trained.append(each)
    return replace(result, trained=tuple(trained))


def top_accounts(workspace: Workspace, count: int) -> tuple[TopAccount, ...]:
    """The accounts of the published run with the highest probability of each label, with reasons and KPIs."""
    run = read_current(workspace.folder)
    scores = run.scores().to_pandas()
    scores["enough"] = scores["high"] - scores["low"] <= workspace.config.widest_interval
    scores["place"] = scores["label"].map(LABELS.names.index)
    scores = scores.sort_values(["place", "probability", "account_id"], ascending=[True, False, True])
    best = scores.groupby("label", sort=False).head(count)
    shown = best["account_id"].drop_duplicates().tolist()
    best = best.merge(run.kpis(accounts=shown).to_pandas(), on="account_id")
    accounts = workspace.company.tables["accounts"]
    names = workspace.engine.compute(
        accounts.filter(accounts.account_id.isin(shown)).select("account_id", "name")
    ).to_pandas()
    reasons = run.reasons(accounts=shown).to_pandas()
    reasons = reasons[(reasons["feature"] != "other") & (reasons["points"] > 0)].sort_values("rank")
    named = dict(zip(names["account_id"], names["name"].fillna(""), strict=True))
    return tuple(_top(row, named, reasons) for row in best.to_dict("records"))


def _top(row: dict[str, Any], names: dict[str, str], reasons: Any) -> TopAccount:
    mine = reasons[(reasons["account_id"] == row["account_id"]) & (reasons["label"] == row["label"])]
    shown: dict[str, Any] = {field.name: row[field.name] for field in fields(TopAccount) if field.name in row}
    known: dict[str, Any] = {name: None if pd.isna(value) else value for name, value in shown.items()}
    return TopAccount(
        **known,
        name=names[row["account_id"]],
        reasons=tuple(mine["text"].head(_REASONS_SHOWN)),
    )
