"""What every method's process does: read the rows, fit, predict, and leave the probabilities with the time it took."""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")


@dataclass(frozen=True)
class Task:
    """The rows that train, with answers, groups and time where there are some; seconds to spend, threads, seed."""

    train: pd.DataFrame
    test: pd.DataFrame
    answers: np.ndarray
    groups: np.ndarray | None
    time: np.ndarray | None
    seconds: float
    threads: int
    seed: int
    monotone: dict[str, str]
    folder: Path

    @property
    def texts(self) -> list[str]:
        """The columns that hold text."""
        return [name for name in self.train if not pd.api.types.is_numeric_dtype(self.train[name])]


Method = Callable[[Task], np.ndarray]


def work(method: Method) -> None:
    """Runs a method on the folder that the command line names: the test rows' probabilities, and seconds."""
    folder = Path(sys.argv[1])
    said = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    train, test = (_plain(pd.read_parquet(folder / f"{part}.parquet")) for part in ("train", "test"))
    keys = pd.read_parquet(folder / "keys.parquet")
    task = Task(
        train=train,
        test=test,
        answers=keys["answer"].to_numpy(),
        groups=keys["group"].to_numpy() if "group" in keys else None,
        time=keys["time"].to_numpy() if "time" in keys else None,
        seconds=said["seconds"],
        threads=said["threads"],
        seed=said["seed"],
        monotone=said["monotone"],
        folder=folder,
    )
    begun, cpu = time.perf_counter(), time.process_time()
    probability = np.asarray(method(task), dtype=float)
    took = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - cpu}
    np.save(folder / "probability.npy", probability)
    (folder / "took.json").write_text(json.dumps(took), encoding="utf-8")


def _plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers and flags with gaps as doubles: not every method knows pandas' own missing value."""
    masked = [name for name in rows if isinstance(rows[name].dtype, (pd.BooleanDtype, pd.Int64Dtype, pd.Int32Dtype))]
    gaps = [name for name in rows if rows[name].dtype == object and rows[name].dropna().isin([True, False]).all()]
    return rows.astype(dict.fromkeys([*masked, *gaps], "float64"))


def as_categories(task: Task) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both parts with texts as pandas categories of the training rows."""
    train, test = task.train.copy(), task.test.copy()
    for name in task.texts:
        kinds = pd.CategoricalDtype(sorted(train[name].dropna().astype(str).unique()))
        train[name], test[name] = train[name].astype(kinds), test[name].astype(kinds)
    return train, test
