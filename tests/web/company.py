"""A company of a few accounts in two territories, as a published run with what the page reads."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import Any

from abm_ml.publishing.manifest import Manifest, ModelUsed, RunFacts, StoredFile, canonical, manifest_bytes, run_id_of
from abm_ml.publishing.pointer import CURRENT, RUNS
from abm_ml.publishing.storage import replace_bytes, sha256_of, write_bytes

AS_OF = dt.date(2026, 6, 30)
WEST, EAST, STRANGE = "W1", "E1", "W/3 ü?&"
HOSTILE = '"><script>alert(1)</script>{{7*7}}${7*7}\u202egpj.exe\r\n2026 ERROR \x1b[31m'
# account_id, name, owner, territory, parent, lifecycle
ACCOUNTS = (
    (WEST, "Acme", "S1", "West", None, "prospect"),
    ("W2", "Banyan", "S1", "West", WEST, "client"),
    (STRANGE, HOSTILE, "S1", "West", None, "prospect"),
    (EAST, "Zephyr Secret", "S2", "East", WEST, "prospect"),
    ("E2", "Yonder", "S2", "East", None, "client"),
    ("N1", "Nowhere", None, None, None, "prospect"),
)
LABELS = {"prospect": "win", "client": "churn"}


def publish(workspace: Path, *, as_of: dt.date = AS_OF, shift: float = 0.0, web: bool = True) -> str:
    """Publishes a run of the company; `shift` moves every probability, and names the run by it."""
    facts = _facts(as_of, f"{shift:.6f}")
    run_id = run_id_of(facts)
    folder = workspace / RUNS / run_id
    folder.mkdir(parents=True)
    files = {}
    if web:
        path = folder / "serving.sqlite"
        write_serving(path, run_id, as_of, shift)
        files[path.name] = StoredFile(path.stat().st_size, sha256_of(path), len(ACCOUNTS))
    write_bytes(folder / "manifest.json", manifest_bytes(Manifest(run_id, facts, files)))
    replace_bytes(workspace / RUNS / CURRENT, canonical({"run_id": run_id}))
    return run_id


def write_serving(path: Path, run_id: str, as_of: dt.date, shift: float) -> None:
    """What the page reads of a run."""
    schema = (resources.files("abm_ml.publishing.serving") / "schema.sql").read_text("utf-8")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(schema)
        for table, rows in _tables(run_id, as_of, shift).items():
            for row in rows:
                names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
                sql = f"insert into {table} ({names}) values ({marks})"  # noqa: S608  names of this file
                connection.execute(sql, tuple(row.values()))


def _facts(as_of: dt.date, config: str) -> RunFacts:
    return RunFacts(
        as_of=as_of, models={"win": ModelUsed("win/1", "0")}, data={}, config_sha256=config, definitions="", versions={}
    )


def _tables(run_id: str, as_of: dt.date, shift: float) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    scores = list(_scores(shift))
    first = {"account_id": WEST, "label": "win"}
    return {
        "run": [_run(run_id, as_of)],
        "models": [_model(place, label) for place, label in enumerate(("win", "churn"))],
        "accounts": list(_accounts()),
        "scores": scores,
        "reasons": [
            {**_key(row), "rank": 1, "feature": "meetings", "points": row["probability"] - 0.1, "controllable": 1}
            | {"text": "2 meetings"}
            for row in scores
        ],
        "changes": [{**first, "place": 1, "part": "time_passed", "points": 0.02, "text": "time passed"}],
        "what_if": [
            {**first, "place": 1, "scenario": "meeting", "text": "a meeting", "probability_without": 0.4, "inside": 0}
        ],
        "history": [
            {**_key(row), "as_of": as_of.isoformat(), "run_id": run_id, "model": row["model"], "grade": row["grade"]}
            | {name: row[name] for name in ("probability", "low", "high")}
            for row in scores
        ],
        "kpi_definitions": [_kpi()],
        "kpis": [{"account_id": row[0], "numbers": '{"win_rate": 0.5}', "goals": "{}"} for row in ACCOUNTS],
        "program_kpis": list(_program()),
        "timeline": [{"account_id": WEST, "place": 1, "happened_at": "2026-06-01T10:00:00", "kind": "meeting"}],
        "buying_group": [
            {"account_id": WEST, "role": "champion", "seniority": "vp", "known": 2, "engaged": 1, "key_people": 1}
        ],
        "deals": [{"account_id": WEST, "opportunity_id": "O1", "kind": "new", "opened_at": "2026-05-01"}],
        "sellers": [
            {"owner_id": "S1", "name": "Ada", "territory": "West", "capacity": 1},
            {"owner_id": "S2", "name": "Bob Hidden", "territory": "East", "capacity": 7},
        ],
    }


def _key(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"account_id": row["account_id"], "label": row["label"]}


def _run(run_id: str, as_of: dt.date) -> dict[str, Any]:
    return {
        "format": 1,
        "run_id": run_id,
        "as_of": as_of.isoformat(),
        "newest_event": as_of.isoformat(),
        "currency": "EUR",
        "funnel": json.dumps(["awareness", "evaluation"]),
        "grades": json.dumps({"A": 0.5, "B": 0.25, "C": 0.1}),
        "levels": json.dumps({"warm": 20, "hot": 50}),
        "window_days": 90,
        "widest_interval": 0.5,
    }


def _model(place: int, label: str) -> dict[str, Any]:
    told = {"question": f"Will it {label}?", "yes": "yes", "no": "no", "wanted": 1, "horizon_days": 90}
    kept = {"model": f"{label}/1", "sha256": "0", "rung": "rules", "word": "OK", "base_probability": 0.1}
    return {"label": label, "place": place, **told, **kept, "card": "# A card", "figures": "{}"}


def _accounts() -> Iterator[dict[str, Any]]:
    for place, (account_id, name, owner, territory, parent, lifecycle) in enumerate(ACCOUNTS, 1):
        yield {
            "account_id": account_id,
            "name": name,
            "domain": f"{account_id[0].lower()}{place}.example",
            "website": "javascript:alert(1)",
            "industry": f"industry of {territory}",
            "tier": str(1 + place % 2),
            "owner_id": owner,
            "seller_name": {"S1": "Ada", "S2": "Bob Hidden"}.get(owner or ""),
            "territory": territory,
            "parent_account_id": parent,
            "in_program": 1,
            "lifecycle": lifecycle,
            "stage": "evaluation",
            "stage_number": 2,
            "engagement_points": 10.0 * place,
            "engagement_level": "cold",
            "expected_value": 1000.0 * place if place != 2 else None,
            "lead_label": LABELS[lifecycle],
            "biggest_change": 0.01 * place,
            "first_reason": "2 meetings",
            "search": f"{account_id} {name}".casefold(),
        }


def _scores(shift: float) -> Iterator[dict[str, Any]]:
    for place, (account_id, *_, lifecycle) in enumerate(ACCOUNTS, 1):
        label, probability = LABELS[lifecycle], 0.1 * place + shift
        yield {
            "account_id": account_id,
            "label": label,
            "probability": probability,
            "low": probability - 0.05,
            "high": probability + 0.05,
            "base_probability": 0.1,
            "percentile": place / 10,
            "grade": "A" if probability >= 0.5 else "B",
            "rung": "rules",
            "model": f"{label}/1",
            "expected_value": 1000.0 * place,
            "agreement": "agree" if place % 2 else "model_higher",
            "holdout": 0,
            "enough": 1,
        }


def _kpi() -> dict[str, Any]:
    told = {"definition": "Wins.", "formula": "won", "unit": "share", "better": "higher", "family": "revenue"}
    rest = {"three_r": "revenue", "example": "", "reference": ""}
    return {"name": "win_rate", "place": 1, "title": "Win rate", **told, **rest}


def _program() -> Iterator[dict[str, Any]]:
    told = {"unit": "share", "better": "higher", "family": "revenue", "three_r": "revenue"}
    for cut in ("all", "owner=S2", "tier=1, owner=S2", "territory=East", "tier=1"):
        yield {"name": "win_rate", "measure": "value", "cut": cut, "value": 0.5, **told}
