"""Regression, trees, their mean, and trees grown five times over: which ranks unseen rows best? See the README."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

import abm_ml

ROOT = Path(__file__).resolve().parents[2]
TELCO = Path(os.environ.get("ABM_ML_DATA", ROOT.parent / "shared" / "data")) / "telco_churn"
FOLDS, HALF = 3, 0.5
METHODS: dict[str, dict[str, Any]] = {
    "regression": {"rung": "logistic"},
    "trees": {"rung": "lightgbm"},
    "trees x 5": {"rung": "lightgbm", "bags": 5},
    "ladder": {"rung": "auto"},
}
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Rows that train and rows that test, with the dates and accounts of those that train, if they have any."""

    name: str
    train: pd.DataFrame
    answers: pd.Series
    test: pd.DataFrame
    happened: pd.Series
    known: dict[str, pd.Series]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=ROOT / "workspace" / "ladder", metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as a list of records")
    asked = parser.parse_args()
    rows = [row for cut in cuts(asked.workspace) for row in judged(cut)]
    show(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def cuts(workspace: Path) -> Iterator[Cut]:
    """The demo company's labels, split by time, and Telco in three folds where its file is there."""
    with abm_ml.open_workspace(ROOT / "configs" / "demo.yaml", workspace=workspace) as opened:
        for label in opened.config.labels:
            rows = abm_ml.training_set_of(opened, label)
            yield Cut(
                name=label,
                train=rows.train[rows.names],
                answers=rows.train["label"],
                test=rows.test[rows.names],
                happened=rows.test["label"],
                known={"time": rows.train["as_of"], "groups": rows.train["account_id"]},
            )
    for file in sorted(TELCO.glob("*.csv")):
        yield from folds_of(pd.read_csv(file))


def folds_of(telco: pd.DataFrame) -> Iterator[Cut]:
    """Telco's customers, each fold tested by what the others teach."""
    table = telco.drop(columns="customerID")
    table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")
    y = (table.pop("Churn") == "Yes").astype(int)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=1)
    for number, (teach, judge) in enumerate(folds.split(table, y), 1):
        yield Cut(
            name=f"Telco {number}",
            train=table.iloc[teach],
            answers=y.iloc[teach],
            test=table.iloc[judge],
            happened=y.iloc[judge],
            known={},
        )


def judged(cut: Cut) -> Iterator[Row]:
    """A line per method, and one per mean of the regression with trees."""
    margins = {}
    for name, how in METHODS.items():
        began = time.process_time()
        model = abm_ml.AccountClassifier(**how, rule_column="engagement_score_90d")
        model.fit(cut.train, cut.answers, **cut.known)
        margins[name] = model.margin(cut.test)
        line: Row = {"set": cut.name, "method": name, "rung": model.rung_, "AUC": auc(cut, margins[name])}
        loss = log_loss(cut.happened, model.predict_proba(cut.test)[:, 1])
        yield line | {"log loss": round(float(loss), 4), "CPU seconds": round(time.process_time() - began, 1)}
    for name in ("trees", "trees x 5"):
        mean = HALF * margins[name] + (1.0 - HALF) * margins["regression"]
        yield {"set": cut.name, "method": f"mean of regression and {name}", "AUC": auc(cut, mean)}


def auc(cut: Cut, margin: np.ndarray) -> float:
    return round(float(roc_auc_score(cut.happened, margin)), 4)


def show(rows: list[Row]) -> None:
    names = list(rows[0])
    table = Table(*names)
    for row in rows:
        table.add_row(*[str(row.get(name, "")) for name in names])
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
