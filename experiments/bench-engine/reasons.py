"""Exact reasons: the kernel against LightGBM's own contributions, a prediction, shap and woodelf.

`python experiments/bench-engine/reasons.py --json FILE`

The model: 100 features, a third of them with gaps, 300 trees of 31 leaves, grown without a limit to their depth; once
with 3 categories among the features and once without, because woodelf refuses them. Every method runs in a process of
its own on one thread, warmed up with a few rows; what it finds is compared with LightGBM's own. A record's `ratio` is
its rows per CPU second over those of `pred_contrib` on the same model.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from environments import WORKSPACE, environment
from measure import cpu_seconds, peak
from numpy.typing import NDArray

# Idle threads that spin cost more than they give where cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

Floats = NDArray[np.float64]
Row = dict[str, Any]
Explain = Callable[[Floats], Floats]

FOLDER = WORKSPACE / "reasons"
ROWS, COLUMNS, CATEGORIES, GAPS_EVERY = 100_000, 100, 3, 3
TREES, LEAVES, LEARNED_FROM = 300, 31, 20_000
COMPARED, WARM_UP = 2_000, 256
CLOSE_ENOUGH = 1e-9
REFERENCE = "LightGBM pred_contrib"
WOODELF = ("woodelf_explainer==0.4.8", "lightgbm==4.7.0", "numpy", "pandas", "scipy")


@dataclass(frozen=True)
class Method:
    """A way to explain rows, and how many of them are enough to measure it."""

    title: str
    explain: Callable[[Any], Explain]
    rows: int
    packages: tuple[str, ...] = ()


def kernel(booster: Any, threads: int = 1) -> Explain:
    from abm_ml.reasons.kernel import kernel_of

    found = kernel_of(booster.dump_model())
    if found is None:
        raise SystemExit("The kernel does not know the benchmark's model.")
    return lambda rows: found.contributions(rows, threads=threads)


def predict(booster: Any) -> Explain:
    return lambda rows: np.asarray(booster.predict(rows, raw_score=True, num_threads=1))


def pred_contrib(booster: Any) -> Explain:
    return lambda rows: np.asarray(booster.predict(rows, pred_contrib=True, num_threads=1))[:, :-1]


def shap(booster: Any) -> Explain:
    from shap import TreeExplainer

    booster.params["num_threads"] = 1
    explainer = TreeExplainer(booster, feature_perturbation="tree_path_dependent")
    return lambda rows: np.asarray(explainer(rows, check_additivity=False).values)


def woodelf(booster: Any) -> Explain:
    import pandas as pd
    from woodelf import WoodelfExplainer

    explainer = WoodelfExplainer(booster)
    return lambda rows: np.asarray(explainer.shap_values(pd.DataFrame(rows, columns=booster.feature_name())))


METHODS = {
    "kernel": Method("abm_ml kernel", kernel, ROWS),
    "kernel2": Method("abm_ml kernel, 2 threads", lambda booster: kernel(booster, 2), ROWS),
    "predict": Method("LightGBM predict", predict, ROWS),
    "pred_contrib": Method(REFERENCE, pred_contrib, COMPARED),
    "shap": Method("shap.TreeExplainer", shap, COMPARED),
    "woodelf": Method("woodelf 0.4.8", woodelf, 20_000, WOODELF),
}
MODELS = {"3 categories": ("pred_contrib", "kernel", "kernel2", "predict", "shap", "woodelf"),
          "no categories": ("pred_contrib", "kernel", "woodelf")}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as a list of records")
    parser.add_argument("--step", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--model", choices=MODELS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        print(json.dumps(measured(asked.step, asked.model)))
        return
    rows = [row for model, methods in MODELS.items() for row in reasons_cost(model, methods)]
    for row in rows:
        print(*(f"{key}={value}" for key, value in row.items()), sep="  ")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def reasons_cost(model: str, methods: Sequence[str]) -> list[Row]:
    """The figures of some methods on one model; asserts that abm_ml's and shap's numbers are LightGBM's own."""
    prepare(model)
    rows = [_in_own_process(method, model) for method in methods]
    reference = np.load(_found(model, "pred_contrib"))
    speed = next(row["rows_per_cpu_s"] for row in rows if row["method"] == REFERENCE)
    for name, row in zip(methods, rows, strict=True):
        row |= {"ratio": None, "equal": None, "difference": None}
        if "refused" in row:
            continue
        row["ratio"] = row["rows_per_cpu_s"] / speed
        if name != "predict":
            row["difference"] = float(np.abs(np.load(_found(model, name)) - reference).max())
            row["equal"] = row["difference"] <= CLOSE_ENOUGH
        if row["equal"] is False and name != "woodelf":
            raise AssertionError(f"{row['method']} is off by {row['difference']:.1e} on the model with {model}.")
    return rows


def prepare(model: str) -> None:
    """The rows to explain and the model, made once."""
    import lightgbm as lgb

    FOLDER.mkdir(parents=True, exist_ok=True)
    if _model(model).exists() and _rows(model).exists():
        return
    dice = np.random.default_rng(7)
    coded = list(range(COLUMNS - CATEGORIES, COLUMNS)) if model == "3 categories" else []
    matrix = dice.normal(size=(ROWS, COLUMNS))
    for column in range(0, COLUMNS - CATEGORIES, GAPS_EVERY):
        matrix[dice.random(ROWS) < 0.3, column] = np.nan
    for column in coded:
        matrix[:, column] = dice.integers(0, 20, ROWS)
    pull = dice.normal(size=COLUMNS) * (dice.random(COLUMNS) < 0.4) * 0.4
    known = np.nan_to_num(matrix)
    drive = (
        known[:, :-CATEGORIES] @ pull[:-CATEGORIES] + 0.5 * known[:, 0] * known[:, 1] + np.isin(known[:, -1], [1, 5, 7])
    )
    happened = (dice.random(ROWS) < 1.0 / (1.0 + np.exp(1.0 - drive))).astype(int)
    how = {
        "objective": "binary",
        "num_leaves": LEAVES,
        "learning_rate": 0.05,
        "verbosity": -1,
        "seed": 1,
        "num_threads": 1,
    }
    taught = lgb.Dataset(matrix[:LEARNED_FROM], happened[:LEARNED_FROM], categorical_feature=coded)
    trained = lgb.train(how, taught, TREES)
    np.save(_rows(model), matrix)
    trained.save_model(_model(model))


def measured(method: str, model: str) -> Row:
    """The figures of one method, by itself in this process; what it found is left in a file."""
    import lightgbm as lgb

    row: Row = {"what": f"reasons, {COLUMNS} features, {TREES} trees x {LEAVES} leaves, {model}"}
    row |= {"method": METHODS[method].title, "rows": METHODS[method].rows}
    matrix = np.load(_rows(model))[: row["rows"]]
    try:
        explain = METHODS[method].explain(lgb.Booster(model_file=_model(model)))
        explain(matrix[:WARM_UP])
    except Exception as error:  # noqa: BLE001 - whatever a rival raises is how it refuses
        return row | {"refused": f"{type(error).__name__}: {error}"[:200]}
    cpu, wall = cpu_seconds(), time.perf_counter()
    found = explain(matrix)
    cpu, wall = cpu_seconds() - cpu, time.perf_counter() - wall
    np.save(_found(model, method), found[:COMPARED])
    return row | {"cpu_s": cpu, "wall_s": wall, "rows_per_cpu_s": row["rows"] / cpu, "peak_gib": peak()}


def _in_own_process(method: str, model: str) -> Row:
    packages = METHODS[method].packages
    python = environment(method, packages) if packages else Path(sys.executable)
    command = [str(python), __file__, "--step", method, "--model", model]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - it is this very file
    row: Row = json.loads(said.splitlines()[-1])
    return row


def _model(model: str) -> Path:
    return FOLDER / f"{model.replace(' ', '-')}.txt"


def _rows(model: str) -> Path:
    return FOLDER / f"{model.replace(' ', '-')}.npy"


def _found(model: str, method: str) -> Path:
    return FOLDER / f"{model.replace(' ', '-')}-{method}.npy"


if __name__ == "__main__":
    main()
