"""The calibrators on public data: which serves best, and whether the choice by held-out rows finds it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "experiments" / "bench-models"))  # where the public tables are cut: a study is a folder

from pipelines import KEYS, PIPELINES  # noqa: E402 - found by the path above
from sets import TABLES, Split  # noqa: E402 - found by the path above

import abm_ml  # noqa: E402 - sorted behind those above
from abm_ml.modelling.calibration import fit_calibrator  # noqa: E402 - as above
from abm_ml.modelling.evaluation import evaluate  # noqa: E402 - as above

METHODS = ("platt", "venn-abers", "isotonic", None)  # None: chosen
HELD = 0.25  # of the training accounts: they calibrate
NAMES = ("telco", "seller_churn", "ibm", "loan_win", "loan_progression")
Row = dict[str, str | float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, help=f"of {', '.join([*TABLES, *PIPELINES])}")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write every seed's figures as a list of records")
    asked = parser.parse_args()
    rows = [row for name in asked.names for seed in range(asked.seeds) for row in judged(name, seed)]
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n")
    show(pd.DataFrame(rows))


def judged(name: str, seed: int) -> Iterator[Row]:
    """Trees from three quarters of the training accounts, calibrators from the rest, figures from the test rows."""
    data = TABLES[name].split(seed) if name in TABLES else through_pipeline(name)
    owner = groups_of(data)
    names, place = np.unique(owner, return_inverse=True)
    held = np.random.default_rng(seed).random(len(names))[place] < HELD
    answers = data.answers[0].to_numpy()
    began = time.perf_counter()
    model = abm_ml.AccountClassifier(rung="lightgbm", monotone=data.monotone, seed=seed)
    time_of = None if data.time is None else data.time[0][~held]
    model.fit(data.train[~held], answers[~held], time=time_of, groups=owner[~held])
    seconds = time.perf_counter() - began
    margin, tested = model.margin(data.train[held]), model.margin(data.test)
    happened = data.answers[1].to_numpy()
    told = {"set": name, "seed": seed, "untaught": model.calibrator_.untaught, "fit seconds": round(seconds, 1)}
    for method in METHODS:
        calibrator = fit_calibrator(margin, answers[held], groups=owner[held], method=method)
        said = calibrator.calibrate(tested)
        yield {
            **told,
            "method": method or "chosen",
            "taken": calibrator.method,
            "Brier": float(brier_score_loss(happened, said)),
            "log loss": float(log_loss(happened, said)),
            "calibration error": evaluate(happened, said).calibration_error.value,
            "AUC lost": float(roc_auc_score(happened, tested) - roc_auc_score(happened, said)),
        }


@cache
def through_pipeline(name: str) -> Split:
    """The training and test rows of a label of a company's tables."""
    pipeline = PIPELINES[name]
    folder = ROOT / "workspace" / "calibration" / name
    source = pipeline.source() if pipeline.source else None
    with abm_ml.open_workspace(pipeline.config, workspace=folder, source=source) as workspace:
        rows = abm_ml.training_set_of(workspace, pipeline.label)
    parts = (rows.train, rows.test)
    groups, time_of, answers = ([part[key] for part in parts] for key in (*KEYS, "label"))
    train, test = (part[rows.names] for part in parts)
    return Split(train=train, test=test, answers=tuple(answers), groups=tuple(groups), time=tuple(time_of))


def groups_of(data: Split) -> np.ndarray:
    """The account of each training row; each row its own where there are none."""
    return np.arange(len(data.train)) if data.groups is None else data.groups[0].to_numpy()


def show(rows: pd.DataFrame) -> None:
    """The means over the seeds: a line per set and method."""
    figures = ["Brier", "log loss", "calibration error", "AUC lost", "untaught"]
    means = rows.groupby(["set", "method"], sort=False)[figures].mean()
    taken = (
        rows[rows["method"] == "chosen"]
        .groupby("set")["taken"]
        .agg(lambda names: ", ".join(names.value_counts().index))
    )
    table = Table("set", "method", *figures)
    for (name, method), line in means.iterrows():
        word = f"{method} ({taken[name]})" if method == "chosen" else method
        table.add_row(name, word, *[f"{value:.4f}" for value in line])
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
