"""What does each feature give to a model, and what does it cost to compute? The README holds the answer."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

STUDY = Path(__file__).resolve().parent
sys.path.append(str(STUDY))  # where cost.py lies: a study is a folder, not a package
sys.path.append(str(STUDY.parent / "2026-11-loan-funnel"))  # the other company

from cost import NEW, costs_of_families, costs_of_rows, family_of  # noqa: E402 - beside this file

import abm_ml  # noqa: E402 - sorted behind the one above
from abm_ml.jobs.training_sets import training_sets  # noqa: E402 - sorted behind the one above
from abm_ml.labels import LABELS  # noqa: E402 - sorted behind the one above
from abm_ml.modelling.evaluation import compare  # noqa: E402 - sorted behind the one above
from abm_ml.training_set import TrainingSet  # noqa: E402 - sorted behind the one above

ROOT = STUDY.parents[1]
LOANS = STUDY.parent / "2026-11-loan-funnel" / "config.yaml"
STRONGEST = 15
CHANCE = "nothing (another seed)"  # what chance in training alone does to the AUC
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_500, help="of the synthetic company")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workspace", type=Path, default=ROOT / "workspace" / "feature-value", metavar="DIR")
    parser.add_argument("--part", type=float, default=1.0, metavar="SHARE", help="of the loan applications; 0: none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all tables, every feature's gain among them")
    asked = parser.parse_args()
    began = time.perf_counter()
    tables: dict[str, list[Row]] = {"gain of features": [], "families": []}
    with synthetic(asked) as workspace:
        learned(workspace, tables)
        tables["cost of rows"] = costs_of_rows(workspace)
        tables["cost of families"] = costs_of_families(workspace)
    if asked.part and (folder := loans()).is_dir():
        with applications(asked, folder) as workspace:
            learned(workspace, tables)
    show(tables)
    print(f"{time.perf_counter() - began:.0f} seconds")
    if asked.json:
        asked.json.write_text(json.dumps(tables, indent=2) + "\n", encoding="utf-8")


def synthetic(asked: argparse.Namespace) -> abm_ml.Workspace:
    """The synthetic company's workspace, of the size that is asked for."""
    with abm_ml.open_workspace(STUDY / "config.yaml", workspace=asked.workspace) as opened:
        source = opened.config.source.model_copy(update={"accounts": asked.accounts, "seed": asked.seed})
        config = opened.config.model_copy(update={"source": source})
    return abm_ml.open_workspace(config.model_dump())


def loans() -> Path:
    """The folder of the bank's loan applications; it is no part of the repository."""
    return Path(os.environ.get("ABM_ML_DATA", ROOT.parent / "shared" / "data")) / "loan_funnel"


def applications(asked: argparse.Namespace, folder: Path) -> abm_ml.Workspace:
    """The workspace of the study of loan applications."""
    import yaml
    from source import LoanFunnel

    values = yaml.safe_load(LOANS.read_text(encoding="utf-8"))
    values["engine"] = {"kind": "duckdb", "memory_limit": "4GB", "threads": 2}
    source = LoanFunnel(folder, part=asked.part)
    return abm_ml.open_workspace(
        {**values, "models": LOANS.parent / "models"}, workspace=asked.workspace / "loans", source=source
    )


def learned(workspace: abm_ml.Workspace, tables: dict[str, list[Row]]) -> None:
    """Adds what the models of a company have of each feature, and what they lose without each family."""
    labels = [LABELS[name] for name in workspace.config.labels]
    for rows in training_sets(workspace, labels, workspace.as_of()):
        model = fitted(rows, rows.names)
        gains = gain_shares(rows, model)
        tables["gain of features"] += [
            {"label": rows.label.name, "company": company(workspace), "feature": name, "gain": round(gain, 5)}
            for name, gain in sorted(gains.items(), key=lambda item: -item[1])
        ]
        for each in without_each(rows, model, gains):
            tables["families"].append({"company": company(workspace), **each})


def company(workspace: abm_ml.Workspace) -> str:
    """What a company is called in the tables."""
    return "synthetic" if workspace.config.source.kind == "synthetic" else "loans"


def fitted(rows: TrainingSet, names: Sequence[str], seed: int = 7) -> abm_ml.AccountClassifier:
    """A classifier with default settings but twice the learning rate, for time."""
    model = abm_ml.AccountClassifier(rung="lightgbm", num_threads=2, learning_rate=0.08, seed=seed)
    train = rows.train
    return model.fit(train[list(names)], train["label"], time=train["as_of"], groups=train["account_id"])


def gain_shares(rows: TrainingSet, model: abm_ml.AccountClassifier) -> dict[str, float]:
    """By feature, all of its windows together: its share of what all splits of the trees gain."""
    feature_of = {column.name: column.feature for column in rows.columns}
    gains: dict[str, float] = dict.fromkeys(feature_of.values(), 0.0)
    split = model.model_.booster.feature_importance(importance_type="gain")
    for feature, gain in zip(model.features_, split, strict=True):
        gains[feature_of[feature.name]] += float(gain) / float(split.sum())
    return gains


def without_each(rows: TrainingSet, model: abm_ml.AccountClassifier, gains: dict[str, float]) -> Iterator[Row]:
    """Per family its gain share, and the test AUC that is lost without any of its columns, with a 90 % interval.

    The interval draws whole accounts anew, the same ones for both models.
    """
    test, families = rows.test, {column.name: family_of(column.feature) for column in rows.columns}
    whole = model.predict_proba(test[rows.names])[:, 1]
    parts = {family: {family} for family in dict.fromkeys(families.values())}
    for title, gone in {CHANCE: set(), **parts, "all new ones": set(NEW)}.items():
        kept = [name for name in rows.names if families[name] not in gone]
        rest = fitted(rows, kept, seed=7 if gone else 8).predict_proba(test[kept])[:, 1]
        found = compare(test["label"], whole, baseline=title, score=rest, groups=test["account_id"])
        yield {
            "label": rows.label.name,
            "family": title,
            "columns": len(rows.names) - len(kept),
            "gain": round(sum(gain for name, gain in gains.items() if family_of(name) in gone), 4),
            "AUC without": round(found.baseline_auc.value, 4),
            "lost": round(found.difference.value, 4),
            "low": round(found.difference.low, 4),
            "high": round(found.difference.high, 4),
        }


def show(tables: dict[str, list[Row]]) -> None:
    """Every table; of the gains only the strongest per label."""
    for title, rows in tables.items():
        shown = rows
        if title == "gain of features":
            shown = [
                row
                for label in dict.fromkeys((row["company"], row["label"]) for row in rows)
                for row in [row for row in rows if (row["company"], row["label"]) == label][:STRONGEST]
            ]
        table = Table(*(shown[0] if shown else ()), title=title)
        for row in shown:
            table.add_row(*[str(value) for value in row.values()])
        Console(width=120).print(table)


if __name__ == "__main__":
    main()
