"""A scored company to publish; run as a program, it publishes: `python -m tests.publishing.scored WORKSPACE AS_OF`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.publishing.manifest import ModelUsed, RunFacts
from abm_ml.publishing.runs import Run, publish
from abm_ml.publishing.tables import PROGRAM_KPIS, Part, RunTables
from abm_ml.reasons.rows import REASONS

LABELS = ("churn", "win")


def scored(as_of: str = "2026-06-30", *, accounts: int = 120) -> Run:
    """The run of a company with two labels; the date decides the scores."""
    day = dt.date.fromisoformat(as_of)
    random = np.random.default_rng(day.toordinal())
    ids = [f"a{number:04d}" for number in range(accounts)]
    probability = random.uniform(0.1, 0.9, (accounts, len(LABELS)))
    rows = [(account, label, probability[n, k]) for n, account in enumerate(ids) for k, label in enumerate(LABELS)]
    models = {label: ModelUsed(f"{label}/7", f"{k:064d}") for k, label in enumerate(LABELS)}
    facts = RunFacts(as_of=day, models=models, data={"accounts": "a" * 64}, config_sha256="c" * 64,
                     definitions="d" * 64, versions={"python": "3.11"})  # fmt: skip
    kpis = pa.table({"account_id": ids, "engagement_score": random.poisson(20.0, accounts).astype(float)})
    features = pa.table(
        {"account_id": ids, "industry": [None, "製造業"] * (accounts // 2), "x": random.random(accounts)}
    )
    return Run(facts, RunTables(_scores(rows), _reasons(rows), kpis, _report(), features))


def in_parts(tables: RunTables, *, accounts: int) -> Iterator[Part]:
    """The same tables as a job computes them: features and reasons of some accounts, then of others, then the rest."""
    everyone = sorted(set(tables.reasons["account_id"].to_pylist()))
    for names in ("features", "reasons"), ("scores",), ("kpis",):
        for start in range(0, len(everyone), accounts):
            mine = pa.array(everyone[start : start + accounts])
            yield from ((name, _of(getattr(tables, name), mine)) for name in names)
    yield "program_kpis", tables.program_kpis


def _of(table: pa.Table, accounts: pa.Array) -> pa.Table:
    if "account_id" not in table.column_names:
        return table
    return table.filter(pc.is_in(table["account_id"], accounts))


def _report() -> pa.Table:
    """A KPI report of one row."""
    words = {"name": "tam", "measure": "value", "cut": "all", "unit": "money", "better": "higher", "family": "coverage"}
    row = {**dict.fromkeys(PROGRAM_KPIS.names), **words, "three_r": "revenue", "value": 1.0}
    return pa.Table.from_pylist(
        [row], schema=pa.schema([field.with_nullable(True) for field in PROGRAM_KPIS])
    ).drop_columns(["run_id", "as_of"])


def _scores(rows: list[tuple[str, str, float]]) -> pa.Table:
    return pa.table({
        "account_id": [row[0] for row in rows],
        "label": [row[1] for row in rows],
        "probability": [row[2] for row in rows],
        "low": [row[2] - 0.05 for row in rows],
        "high": [row[2] + 0.05 for row in rows],
        **{name: pa.repeat(value, len(rows)) for name, value in {
            "eligible": True, "base_probability": 0.2, "percentile": 50.0, "grade": "B", "rung": "lightgbm",
            "model": "win/7", "expected_value": 1000.0, "currency": "EUR", "rule_score": 12.0, "rule_level": "warm",
            "agreement": "agree", "holdout": False,
        }.items()},
    })  # fmt: skip


def _reasons(rows: list[tuple[str, str, float]]) -> pa.Table:
    common = {"group": None, "value": None, "typical": None, "controllable": False}
    found = []
    for account, label, probability in rows:
        whose = {"account_id": account, "label": label, **common}
        found.append(
            {**whose, "rank": 1, "feature": "calls", "group": "engagement", "points": 0.01, "text": "3 calls."}
        )
        found.append({**whose, "rank": 2, "feature": "other", "points": probability - 0.21, "text": "The rest."})
    return pa.Table.from_pylist(found, schema=REASONS)


if __name__ == "__main__":
    run = scored(sys.argv[2])
    publish(Path(sys.argv[1]), Run(run.facts, in_parts(run.tables, accounts=50)))
