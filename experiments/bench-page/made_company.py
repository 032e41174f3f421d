"""A made-up company as a published run, by the page's own writer: hours of scoring are saved, every part adds up."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from made_accounts import FUNNEL, GRADES, LABELS, AccountRows, Company, Frames, seller

from abm_ml.publishing.manifest import Manifest, ModelUsed, RunFacts, StoredFile, canonical, manifest_bytes, run_id_of
from abm_ml.publishing.pointer import CURRENT, RUNS
from abm_ml.publishing.serving import FORMAT, SERVING
from abm_ml.publishing.serving.file import ServingFile
from abm_ml.publishing.storage import replace_bytes, sha256_of, write_bytes

BATCH = 5_000  # accounts that are made at once


def publish(workspace: Path, company: Company, *, after: Callable[[Path], None] | None = None) -> str:
    """Publishes the company's run, unless it is there already; returns its name. `after` may change the file first."""
    facts = RunFacts(
        as_of=company.as_of,
        models={label: ModelUsed(f"{label}/7", "0") for label in LABELS},
        data={},
        config_sha256=repr(company),
        definitions="",
        versions={},
    )
    run_id = run_id_of(facts)
    folder = workspace / RUNS / run_id
    if not (folder / "manifest.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / SERVING
        _write(path, company, run_id)
        if after is not None:
            after(path)
        stored = StoredFile(path.stat().st_size, sha256_of(path), company.accounts)
        write_bytes(folder / "manifest.json", manifest_bytes(Manifest(run_id, facts, {SERVING: stored})))
    replace_bytes(workspace / RUNS / CURRENT, canonical({"run_id": run_id}))
    return run_id


def _write(path: Path, company: Company, run_id: str) -> None:
    with closing(ServingFile(path)) as file:
        for table, rows in _tables(company, run_id):
            file.add(table, pa.Table.from_pandas(rows, preserve_index=False))
        file.finish()


def _tables(company: Company, run_id: str) -> Frames:
    """All rows of the run, table by table or part by part."""
    yield "run", pd.DataFrame([_run(company, run_id)])
    yield "models", pd.DataFrame([_model(place, label) for place, label in enumerate(LABELS)])
    yield "sellers", pd.DataFrame([_seller(number) for number in range(company.sellers)])
    yield from _report(company)
    for start in range(0, company.accounts, BATCH):
        yield from AccountRows(company, run_id, np.arange(start, min(start + BATCH, company.accounts))).tables()


def _run(company: Company, run_id: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run_id": run_id,
        "as_of": company.as_of,
        "previous_run_id": f"{company.as_of - dt.timedelta(7)}-0123456789ab",
        "previous_as_of": company.as_of - dt.timedelta(7),
        "newest_event": company.as_of - dt.timedelta(1),
        "currency": "EUR",
        "funnel": json.dumps(FUNNEL),
        "grades": json.dumps(GRADES),
        "levels": json.dumps({"warm": 20, "hot": 50, "red_hot": 100}),
        "window_days": 90,
        "widest_interval": 0.5,
    }


def _model(place: int, label: str) -> dict[str, Any]:
    asked = LABELS[label]
    calibration = [
        {"said": said, "happened": said * 0.95, "low": said * 0.8, "high": said * 1.1, "rows": 128}
        for said in (0.02, 0.08, 0.16, 0.28, 0.45, 0.7)
    ]
    figures = {
        "roc_auc": {"value": 0.781, "low": 0.752, "high": 0.811},
        "calibration_error": {"value": 0.027, "low": 0.014, "high": 0.043},
        "top_decile_lift": {"value": 2.553, "low": 2.143, "high": 3.051},
        "comparisons": [{"baseline": "engagement score", "auc": 0.72, "difference": 0.06, "low": 0.03, "high": 0.09}],
        "rows": 1279,
        "accounts": 355,
        "positives": 235,
        "calibration": calibration,
    }
    told = {"question": asked.question, "yes": asked.yes, "no": f"no {asked.yes}", "wanted": label != "churn"}
    kept = {"model": f"{label}/7", "sha256": "0", "rung": "lightgbm", "word": "OK" if label == "win" else "Ready"}
    rows = "| figure | value |\n| --- | --- |\n| AUC | 0.78 |"
    return {
        **told,
        **kept,
        "label": label,
        "place": place,
        "horizon_days": asked.days,
        "trained_as_of": dt.date(2026, 6, 1),
        "base_probability": asked.base,
        "card": f"# Model card: {label}\n\n**{kept['word']}.** {asked.question}\n\n{rows}\n",
        "figures": json.dumps(figures),
    }


def _seller(number: int) -> dict[str, Any]:
    return {"owner_id": seller(number), "name": f"Seller {number}", "territory": seller(number), "capacity": 25}


def _report(company: Company) -> Frames:
    """What the KPIs mean, and their report over eight quarters."""
    from abm_ml.kpis import KPIS
    from abm_ml.wording import title_of

    names = ("name", "definition", "formula", "unit", "better", "family", "three_r", "example", "reference")
    told = pd.DataFrame([{name: getattr(kpi, name) for name in names} for kpi in KPIS])
    titles = [title_of(kpi.name, kpi.definition) for kpi in KPIS]
    yield "kpi_definitions", told.assign(title=titles, place=range(1, len(told) + 1))
    begins = pd.date_range("2024-07-01", periods=8, freq="QS")
    periods = pd.DataFrame({"period_from": begins, "period_to": begins + pd.DateOffset(months=3)})
    cuts = ["all", "program=in", "program=out", *(f"owner={seller(number)}" for number in range(company.sellers))]
    rows = told[["name", "unit", "better", "family", "three_r"]].merge(periods, how="cross")
    rows = rows.merge(pd.DataFrame({"cut": cuts[: company.cuts]}), how="cross")
    value = 0.3 + 0.2 * np.random.default_rng(1).random(len(rows))
    goal = np.where((rows["name"] == "win_rate") & (rows["cut"] == "all"), 0.4, np.nan)
    rows = rows.assign(measure="value", value=value, low=value - 0.05, high=value + 0.05, of=100.0, goal=goal)
    yield "program_kpis", rows.assign(met=(rows["value"] >= 0.4).where(rows["goal"].notna()))
