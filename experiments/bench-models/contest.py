"""Runs methods on splits, each in a process and an environment of its own; what was run once is not run again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sets import Split

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE.parent))  # where environment.py lies: a study is a folder, not a package

from environment import environment  # noqa: E402 - found by the path above

WORKSPACE = ROOT / "workspace" / "bench-models"
PATIENCE = 20  # times its seconds, and no less than ten minutes: then a method is told as not finished
BOOSTERS = (
    "catboost==1.2.10",
    "lightgbm==4.7.0",
    "xgboost-cpu==3.2.0",
    "scikit-learn==1.9.1",
    "pandas<3",
    "pyarrow<25",
)


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way from rows to probabilities; `packages` are those of its environment (none: abm_ml's own)."""

    title: str
    environment: str = ""
    packages: tuple[str, ...] = ()
    budgeted: bool = False  # spends the seconds that it is given
    seeded: bool = True  # its answer to the same rows depends on the seed


METHODS = {
    "ours_tuned": Method(title="abm_ml, tuned", budgeted=True),
    "ours": Method(title="abm_ml, defaults"),
    "autogluon_best": Method(
        title="AutoGluon 1.6 best",
        environment="autogluon",
        packages=("autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3",),
        budgeted=True,
    ),
    "autogluon_medium": Method(
        title="AutoGluon 1.6 medium",
        environment="autogluon",
        packages=("autogluon.tabular[lightgbm,catboost,xgboost]==1.6.3",),
        budgeted=True,
    ),
    "flaml_automl": Method(
        title="FLAML 2.7",
        environment="flaml",
        packages=("flaml[automl]>=2.7,<2.8", "lightgbm==4.7.0", "pandas<3", "pyarrow<25"),
        budgeted=True,
    ),
    "catboost_default": Method(title="CatBoost, defaults", environment="boosters", packages=BOOSTERS),
    "xgboost_default": Method(title="XGBoost, defaults", environment="boosters", packages=BOOSTERS),
    "lightgbm_plain": Method(title="LightGBM, plain", environment="boosters", packages=BOOSTERS, seeded=False),
    "logistic": Method(title="logistic regression", environment="boosters", packages=BOOSTERS, seeded=False),
}


OURS = ("ours_tuned", "ours")  # the first one is held against the others


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every method is given: seconds to spend and threads."""

    seconds: float
    threads: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a method said of the test rows and how long it took; `failed` where it said nothing."""

    method: str
    seed: int
    probability: np.ndarray | None = None
    seconds: float | None = None
    failed: str = ""


def ran(name: str, split: Split, *, table: str, seed: int, terms: Terms) -> Run:
    """A method's answer to a split: from the workspace if it was asked before, else from its own process."""
    method = METHODS[name]
    budget = f"-{terms.seconds:g}s" if method.budgeted else ""
    kept = WORKSPACE / "answers" / f"{table}-{seed}-{name}{budget}"
    if not (kept / "took.json").is_file():
        try:
            _answered(name, split, kept, seed=seed, terms=terms)
        except subprocess.CalledProcessError as error:
            return Run(method=name, seed=seed, failed=_last_line(error.stderr))
        except subprocess.TimeoutExpired:
            return Run(method=name, seed=seed, failed="not finished in time")
    took = json.loads((kept / "took.json").read_text(encoding="utf-8"))
    return Run(method=name, seed=seed, probability=np.load(kept / "probability.npy"), seconds=took["seconds"])


def _answered(name: str, split: Split, kept: Path, *, seed: int, terms: Terms) -> None:
    method = METHODS[name]
    python = (
        environment(WORKSPACE / "envs" / method.environment, method.packages) if method.packages else sys.executable
    )
    folder = kept.with_name(kept.name + ".partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    of_others = bool(method.packages) and split.others is not None
    _hand_over(split, split.others if of_others else (split.train, split.test), folder, seed=seed, terms=terms)
    subprocess.run(  # noqa: S603 - the scripts of this folder
        [str(python), str(HERE / "methods" / f"{name}.py"), str(folder)],
        check=True,
        capture_output=True,
        text=True,
        timeout=max(600.0, PATIENCE * terms.seconds),
    )
    for each in folder.iterdir():
        if each.name not in ("probability.npy", "took.json"):
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    shutil.rmtree(kept, ignore_errors=True)
    folder.rename(kept)


def _hand_over(split: Split, rows: tuple[pd.DataFrame, pd.DataFrame], folder: Path, *, seed: int, terms: Terms) -> None:
    """The rows as files that every environment reads; the answers of the test rows are not among them."""
    for part, frame in zip(("train", "test"), rows, strict=True):
        frame.to_parquet(folder / f"{part}.parquet")
    keys = {"answer": split.answers[0]}
    if split.groups is not None:
        keys["group"] = split.groups[0].astype(str)
    if split.time is not None:
        keys["time"] = split.time[0]
    pd.DataFrame(keys).to_parquet(folder / "keys.parquet")
    said = {"seconds": terms.seconds, "threads": terms.threads, "seed": seed, "monotone": dict(split.monotone)}
    (folder / "task.json").write_text(json.dumps(said), encoding="utf-8")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1][:200]


def prepare(names: Sequence[str]) -> None:
    """Makes the environments before the clock runs."""
    for name in names:
        _python(METHODS[name])


def _python(method: Method) -> Path:
    if not method.packages:
        return Path(sys.executable)
    return environment(WORKSPACE / "envs" / method.environment, method.packages)
