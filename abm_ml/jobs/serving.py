"""serving.sqlite of a run: its finished tables, and what the page shows of each account besides."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from abm_ml.jobs.account_rows import account_facts, buying_group, open_deals, sellers_of, timeline_rows
from abm_ml.jobs.model_rows import model_rows
from abm_ml.jobs.scoring import PART_ROWS, Scoring
from abm_ml.kpis import KPIS
from abm_ml.kpis.goals import goals_by_account
from abm_ml.kpis.joins import beside
from abm_ml.publishing.parquet import read_groups
from abm_ml.publishing.runs import PublishedRun
from abm_ml.publishing.serving import FORMAT, SERVING
from abm_ml.publishing.serving.file import ServingFile
from abm_ml.wording import title_of

_RATE = "penetration_rate"
_EFFECT = r" \([^()]*\)\.$"
_KPI_FACTS = ("name", "definition", "formula", "unit", "better", "family", "three_r", "example", "reference")
_HISTORY = ("account_id", "label", "as_of", "run_id", "probability", "low", "high", "grade", "model")

Rows = tuple[str, pa.Table]


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What serving.sqlite is made of: the scoring, the run's name, and the run before it, if there is one."""

    scoring: Scoring
    run_id: str
    previous: PublishedRun | None = None

    def write(self, path: Path) -> int:
        """Writes the file beside the finished tables of its run; returns how many accounts it serves."""
        runs = self.scoring.workspace.config.page.history
        advance = self.scoring.workspace.progress("Writing what the page reads", len(_WRITTEN))
        with closing(ServingFile(path)) as file:
            for what, rows in _WRITTEN.items():
                advance(what)
                for table, part in rows(self, path.parent):
                    file.add(table, part)
            if self.previous is not None and runs > 1:
                self._add_history(file, self.previous, runs - 1)
            return file.finish()

    def _add_history(self, file: ServingFile, before: PublishedRun, runs: int) -> None:
        """What the run before says of the past; one of an earlier version knows only its own scores."""
        if SERVING in before.manifest.files:
            file.add_history(before.folder / SERVING, runs=runs)
        else:
            file.add("history", before.scores(columns=_HISTORY))

    @property
    def spine(self) -> ir.Table:
        """The accounts that were scored, at the run's date."""
        told = self.scoring.accounts.beside
        return told.select("account_id", as_of=ibis.literal(self.scoring.as_of).cast("timestamp(6)"))


def _about_the_run(serving: Serving, folder: Path) -> Iterator[Rows]:
    """The run itself, its models, the sellers, and what the KPIs mean."""
    yield "run", pa.Table.from_pylist([_run(serving)])
    yield "models", pa.Table.from_pylist(model_rows(serving.scoring, folder))
    tables = serving.scoring.workspace.company.tables
    if "sellers" in tables:
        yield "sellers", serving.scoring.workspace.engine.compute(sellers_of(tables).order_by("owner_id"))
    report = pd.concat([part.to_pandas() for part in read_groups(folder / "program_kpis.parquet")])
    unknown = report[report["value"].isna() & report["period_from"].isna() & (report["cut"] == "all")]
    yield "kpi_definitions", pa.Table.from_pylist(_definitions(unknown.set_index("name")["note"].to_dict()))
    yield "program_kpis", pa.Table.from_pandas(report.drop(columns=["run_id", "as_of"]), preserve_index=False)


def _run(serving: Serving) -> dict[str, Any]:
    workspace, previous = serving.scoring.workspace, serving.previous
    config = workspace.config
    return {
        "format": FORMAT,
        "run_id": serving.run_id,
        "as_of": serving.scoring.as_of.date(),
        "previous_run_id": previous.run_id if previous else None,
        "previous_as_of": previous.as_of.date() if previous else None,
        "newest_event": min(workspace.company.end, serving.scoring.as_of),
        "currency": config.currency,
        "funnel": json.dumps(config.funnel, ensure_ascii=False),
        "grades": json.dumps(config.grades),
        "levels": json.dumps(config.engagement.levels, ensure_ascii=False),
        "window_days": config.engagement.window_days,
        "widest_interval": config.widest_interval,
        "what_if_accounts": None if config.what_if.accounts == "all" else config.what_if.accounts,
    }


def _definitions(unavailable: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            **{fact: getattr(kpi, fact) for fact in _KPI_FACTS},
            "title": title_of(kpi.name, kpi.definition),
            "place": place,
            "why": unavailable.get(kpi.name),
        }
        for place, kpi in enumerate(KPIS, 1)
    ]


def _of_accounts(serving: Serving, folder: Path) -> Iterator[Rows]:
    """Who each account is, with the score that leads; its KPIs with their goals."""
    workspace = serving.scoring.workspace
    kpis = _read(serving, folder, "kpis").drop("engagement_level")
    rows = beside(_leading(_scores(serving, folder)), account_facts(workspace, serving.spine), "account_id")
    rows = beside(rows, kpis, "account_id").order_by("account_id")
    names = [name for name in kpis.columns if name in KPIS]
    for batch in workspace.engine.batches(rows, PART_ROWS):
        frame = batch.to_pandas()
        goals = goals_by_account(_cuts(serving, frame), workspace.config.goals)
        yield "accounts", _accounts(serving, frame, names, goals)
        yield "kpis", _kpis(frame, names, goals)


def _accounts(serving: Serving, frame: pd.DataFrame, kpis: list[str], goals: list[dict[str, float]]) -> pa.Table:
    told = frame.drop(columns=[*kpis, "engagement_score"], errors="ignore").assign(
        stage=_stage(serving, frame),
        penetration=frame[_RATE],
        penetration_goal=[goal.get(_RATE) for goal in goals],
        search=[_searched(*texts) for texts in zip(frame["account_id"], frame["name"], frame["domain"], strict=True)],
    )
    return pa.Table.from_pandas(told, preserve_index=False)


def _cuts(serving: Serving, frame: pd.DataFrame) -> pd.DataFrame:
    """The accounts with what a goal may be cut by."""
    program = frame["in_program"].map({True: "in", False: "out"})
    return frame.assign(stage=_stage(serving, frame), owner=frame["owner_id"], program=program)


def _stage(serving: Serving, frame: pd.DataFrame) -> pd.Series:
    return frame["stage_number"].map(dict(enumerate(serving.scoring.workspace.terms.funnel, 1)))


def _searched(*texts: str | None) -> str:
    """What is searched in: every text in one form, whatever its script and case."""
    return unicodedata.normalize("NFKC", "\n".join(text for text in texts if isinstance(text, str))).casefold()


def _kpis(frame: pd.DataFrame, names: list[str], goals: list[dict[str, float]]) -> pa.Table:
    columns = [frame[name].tolist() for name in names]
    numbers = [
        json.dumps({name: value for name, value in zip(names, values, strict=True) if not math.isnan(value)})
        for values in zip(*columns, strict=True)
    ]
    told = [json.dumps(goal) for goal in goals]
    return pa.table({"account_id": frame["account_id"].tolist(), "numbers": numbers, "goals": told})


def _of_scores(serving: Serving, folder: Path) -> Iterator[Rows]:
    """The scores with their change and first reason; reasons, parts of changes, scenarios; and this run's history."""
    engine = serving.scoring.workspace.engine
    for batch in engine.batches(_scores(serving, folder).order_by(["account_id", "label"]), PART_ROWS):
        yield "scores", pa.Table.from_batches([batch])
    for name, left_out in _AS_PUBLISHED.items():
        for part in read_groups(folder / f"{name}.parquet"):
            yield name, part.drop_columns(["run_id", *left_out])
    for part in read_groups(folder / "scores.parquet", columns=_HISTORY):
        yield "history", part


_AS_PUBLISHED = {"reasons": ("value", "typical"), "changes": ("before",), "what_if": ()}


def _of_what_happened(serving: Serving, _folder: Path) -> Iterator[Rows]:
    """The timeline, the buying group and the open deals of every account."""
    workspace, spine = serving.scoring.workspace, serving.spine
    tables = workspace.company.tables
    yield from _streamed(serving, "timeline", timeline_rows(workspace, spine, most=workspace.config.page.timeline))
    if "contacts" in tables:
        yield from _streamed(serving, "buying_group", buying_group(workspace, spine))
    if "opportunities" in tables:
        yield from _streamed(serving, "deals", open_deals(workspace, spine))


def _streamed(serving: Serving, table: str, rows: ir.Table) -> Iterator[Rows]:
    keys = {"timeline": ["place"], "buying_group": ["role", "seniority"], "deals": ["opportunity_id"]}[table]
    for batch in serving.scoring.workspace.engine.batches(rows.order_by(["account_id", *keys]), PART_ROWS):
        yield table, pa.Table.from_batches([batch])


def _read(serving: Serving, folder: Path, table: str) -> ir.Table:
    rows = serving.scoring.workspace.engine.read_parquet([folder / f"{table}.parquet"])
    return rows.drop("file_row_number", "run_id")


def _scores(serving: Serving, folder: Path) -> ir.Table:
    """The published scores with the first reason, whether there are data enough, and the change."""
    scores = _read(serving, folder, "scores").drop("as_of", "eligible")
    reasons = _read(serving, folder, "reasons")
    first = reasons.filter(reasons["rank"] == 1)
    first = first.select("account_id", "label", first_reason=first.text.re_replace(_EFFECT, ""))
    rows = beside(scores, first, ("account_id", "label"))
    changes = _read(serving, folder, "changes")
    before = changes.filter(changes.place == 1).select("account_id", "label", "before")
    rows = beside(rows, before, ("account_id", "label"))
    widest = serving.scoring.workspace.config.widest_interval
    return rows.mutate(enough=rows.high - rows.low <= widest, change=rows.probability - rows.before).drop("before")


def _leading(scores: ir.Table) -> ir.Table:
    """Per account the score of the largest expected value, else of the highest percentile; and its biggest change."""
    order = [ibis.desc(scores.expected_value.fill_null(-1.0)), ibis.desc(scores.percentile), scores.label]
    place = ibis.row_number().over(ibis.window(group_by="account_id", order_by=order))
    lead = scores.mutate(_place=place).filter(lambda rows: rows["_place"] == 0)
    lead = lead.select(
        "account_id", "expected_value", "change", "first_reason",
        lead_label="label", engagement_points="rule_score", engagement_level="rule_level",
    )  # fmt: skip
    most, least = scores.change.max(), scores.change.min()
    biggest = scores.group_by("account_id").aggregate(biggest_change=(most >= -least).ifelse(most, least))
    return beside(lead, biggest, "account_id")


_WRITTEN = {
    "the run": _about_the_run,
    "accounts": _of_accounts,
    "scores": _of_scores,
    "what happened": _of_what_happened,
}
