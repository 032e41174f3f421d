"""Explaining: one account walked from its events to the words, and held against what was published."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from abm_ml.errors import IntegrityError, NotReady, UnknownName, did_you_mean
from abm_ml.jobs.account_rows import deal_facts
from abm_ml.jobs.changes import change_parts
from abm_ml.jobs.grades import grades
from abm_ml.jobs.score import champions, ready, scoring_at
from abm_ml.jobs.scorer import numbers_of, reasons_of, scored, scores_in
from abm_ml.jobs.scoring import Scoring, kpi_parts
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling.registry import ModelVersion, Registry
from abm_ml.publishing.runs import PublishedRun, read_current, read_run
from abm_ml.tables import Tables
from abm_ml.timeline import Facts, facts_of, known

_EVENTS_SHOWN = 10
_SAME = 1e-9
_MONEY = ("amount", "total_value")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a row of a table shows of an account: in words, at which of its times, and with which of its cells."""

    table: str
    what: str
    cells: tuple[str, ...]
    at: str = "happened_at"


TRACES = (
    Trace(table="contacts", what="contact joined", cells=("contact_id", "role", "seniority", "buying_role")),
    Trace(table="contacts", what="contact left", cells=("contact_id", "role", "seniority"), at="left_at"),
    Trace(table="account_changes", what="account changed", cells=("column", "value")),
    Trace(table="engagements", what="engagement", cells=("kind", "channel", "side", "contact_id")),
    Trace(table="stage_changes", what="stage entered", cells=("stage", "opportunity_id")),
    Trace(table="opportunities", what="deal opened", cells=("kind", "opportunity_id")),
    Trace(table="opportunities", what="deal closed", cells=("outcome", "kind", "amount"), at="closed_at"),
    Trace(table="contracts", what="contract started", cells=("total_value", "contract_id")),
    Trace(table="contracts", what="contract cancelled", cells=("contract_id",), at="cancelled_at"),
    Trace(table="orders", what="order", cells=("kind", "amount")),
    Trace(table="surveys", what="survey sent", cells=("kind", "contact_id")),
    Trace(table="surveys", what="survey answered", cells=("kind", "score"), at="answered_at"),
)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing known of an account: when it was, what it was, and its particulars."""

    when: dt.datetime
    what: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One score of the account, and whether the published run says the same (None: it is of another date).

    Where the interval is wider than configured there are not `enough` data to say. `changes` are the parts of the
    difference to an earlier run, if one was asked about that has the score.
    """

    label: str
    model: str
    probability: float
    low: float
    high: float
    enough: bool = True
    base_probability: float
    grade: str
    reasons: tuple[dict[str, Any], ...]
    as_published: bool | None
    changes: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An account on a date: how many rows each table knows, the newest events, features, KPIs, scores and reasons.

    `since` is the date of the run that the scores are compared with.
    """

    account_id: str
    name: str
    as_of: dt.datetime
    events: dict[str, int]
    last_events: tuple[Event, ...]
    kpis: dict[str, Any]
    features: dict[str, Any]
    scores: tuple[Explained, ...]
    since: dt.datetime | None = None


def explain(
    workspace: Workspace, account_id: str, *, as_of: dt.datetime | None = None, since: str | None = None
) -> Explanation:
    """Computes an account's scores anew, from its events to the words; default date: that of the published run.

    On that date it takes the models of the run, on any other the champions. `since` names an earlier run: then it also
    says why the scores are others than those.

    Raises:
        UnknownName: there is no such account.
        ConfigError: the run is not earlier.
        NotReady: no label asks about the account on that date, or there is no model.
        IntegrityError: a model is not the one that was trained, or no longer the one that the run was scored with.
    """
    published = _published(workspace)
    date = workspace.as_of(as_of or (published.as_of if published else None))
    earlier = read_run(workspace.folder, since) if since is not None else None
    before = published if published and published.as_of == date else None
    name = _name_of(workspace, account_id)
    scoring = scoring_at(workspace, _models(workspace, before), date)
    features = scoring.accounts.rows
    mine = workspace.engine.compute(features.filter(features.account_id == account_id))
    if not len(mine):
        raise NotReady(
            f"On {date:%Y-%m-%d} no label asks about the account {account_id}: it is no target, prospect or client "
            "then, or not yet known."
        )
    batch = mine.combine_chunks().to_batches()[0]
    found = scores_in(scored(batch, scorers=scoring.scorers, schema=mine.schema))
    rows = _known_rows(workspace, account_id, date)
    kpis = pa.concat_tables(kpi_parts(scoring, numbers_of(found), account_id=account_id))
    return Explanation(
        account_id=account_id,
        name=name,
        as_of=date,
        events={name: len(known_rows) for name, known_rows in rows.items()},
        last_events=_newest(rows),
        kpis=_first(kpis),
        features=_first(mine.select([column.name for column in scoring.accounts.columns])),
        scores=_with_changes(_explained(scoring, found, before), scoring, numbers_of(found), earlier),
        since=earlier.as_of if earlier else None,
    )


def _with_changes(
    told: tuple[Explained, ...], scoring: Scoring, numbers: pa.Table, earlier: PublishedRun | None
) -> tuple[Explained, ...]:
    """The scores with why they changed since an earlier run."""
    if earlier is None:
        return told
    beside = scoring.accounts.beside
    one = beside.filter(beside.account_id == numbers["account_id"][0].as_py())
    alone = replace(scoring, accounts=replace(scoring.accounts, beside=one))
    parts = pa.concat_tables(change_parts(alone, earlier, numbers)).to_pandas()
    return tuple(replace(each, changes=tuple(_records(parts[parts["label"] == each.label]))) for each in told)


def _explained(scoring: Scoring, found: pa.Table, before: PublishedRun | None) -> tuple[Explained, ...]:
    """Every score of the account, in the order of the labels."""
    scores, reasons = numbers_of(found).to_pandas().set_index("label"), reasons_of(found).to_pandas()
    told = []
    for scorer in scoring.scorers:
        if scorer.label not in scores.index:
            continue
        row, mine = scores.loc[scorer.label], reasons[reasons["label"] == scorer.label]
        told.append(
            Explained(
                label=scorer.label,
                model=scoring.names[scorer.label],
                probability=float(row["probability"]),
                low=float(row["low"]),
                high=float(row["high"]),
                enough=bool(row["high"] - row["low"] <= scoring.workspace.config.widest_interval),
                base_probability=scorer.classifier.base_probability_,
                grade=str(grades(np.array([row["probability"]]), scoring.workspace.config.grades)[0]),
                reasons=tuple(_records(mine)),
                as_published=_same(scorer.label, row, mine, before) if before else None,
            )
        )
    return tuple(told)


def _models(workspace: Workspace, run: PublishedRun | None) -> dict[str, ModelVersion]:
    """The models that a run was scored with, for what is explained is what was served; without a run the champions."""
    if run is None:
        return champions(workspace, ready(workspace) or list(workspace.config.labels))
    registry = Registry(workspace.config.tracking, workspace.folder)
    found = {}
    for label, used in run.manifest.facts.models.items():
        there = {version.name: version for version in registry.versions(label)}
        if used.id not in there or there[used.id].sha256 != used.sha256:
            raise IntegrityError(
                f"Model {used.id}: run {run.run_id} was scored with it, and the registry does not hold it any more. "
                "Score again: abm-ml score."
            )
        found[label] = there[used.id]
    return found


def _same(label: str, row: pd.Series[Any], reasons: pd.DataFrame, before: PublishedRun) -> bool:
    """Whether the published run holds this score with these reasons."""
    accounts = [str(row["account_id"])]
    scores, told = before.scores(accounts=accounts).to_pandas(), before.reasons(accounts=accounts).to_pandas()
    score, words = scores[scores["label"] == label], told[told["label"] == label]
    return (
        len(score) == 1
        and abs(score["probability"].iloc[0] - row["probability"]) <= _SAME
        and words["text"].tolist() == reasons["text"].tolist()
        and bool((abs(words["points"].to_numpy() - reasons["points"].to_numpy()) <= _SAME).all())
    )


def _published(workspace: Workspace) -> PublishedRun | None:
    try:
        return read_current(workspace.folder)
    except NotReady:
        return None


def _name_of(workspace: Workspace, account_id: str) -> str:
    accounts = workspace.company.tables["accounts"]
    found = workspace.engine.compute(accounts.filter(accounts.account_id == account_id).select("name")).to_pylist()
    if not found:
        ids = workspace.engine.compute(accounts.select("account_id"))["account_id"].to_pylist()
        raise UnknownName(f"No account has the id '{account_id}'. {did_you_mean(account_id, ids[:100_000])}")
    return found[0]["name"] or ""


def _known_rows(workspace: Workspace, account_id: str, date: dt.datetime) -> dict[str, list[dict[str, Any]]]:
    """The account's rows known before the date, per table that the company has."""
    tables, spine = workspace.company.tables, workspace.spine((date,))
    mine = spine.filter(spine.account_id == account_id)
    names = dict.fromkeys(trace.table for trace in TRACES if trace.table in tables)
    return {name: _computed(workspace, known(_facts(tables, name), mine)) for name in names}


def _facts(tables: Tables, name: str) -> Facts:
    return deal_facts(tables) if name == "opportunities" else facts_of(tables, name)


def _computed(workspace: Workspace, rows: ir.Table) -> list[dict[str, Any]]:
    return list(workspace.engine.compute(rows).to_pylist())


def _newest(rows: dict[str, list[dict[str, Any]]]) -> tuple[Event, ...]:
    """The newest events of all tables, the newest first; those of one moment by their words."""
    events = [
        Event(when=row[trace.at], what=trace.what, detail=_detail(row, trace.cells))
        for trace in TRACES
        for row in rows.get(trace.table, ())
        if row[trace.at] is not None
    ]
    by_words = sorted(events, key=lambda event: (event.what, event.detail))
    return tuple(sorted(by_words, key=lambda event: event.when, reverse=True)[:_EVENTS_SHOWN])


def _detail(row: dict[str, Any], cells: tuple[str, ...]) -> str:
    return ", ".join(_told(row, cell) for cell in cells if row[cell] is not None)


def _told(row: dict[str, Any], cell: str) -> str:
    if cell in _MONEY:
        return f"{row[cell]:,.2f} {row['currency'] or ''}".rstrip()
    return f"{row[cell]:g}" if isinstance(row[cell], float) else str(row[cell])


def _first(rows: pa.Table) -> dict[str, Any]:
    """The values of the first row, without the account's id."""
    return _records(rows.slice(0, 1).to_pandas().drop(columns="account_id", errors="ignore"))[0]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
