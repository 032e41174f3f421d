"""A small company that is trained and scored once for all tests of the upper floors."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from abm_ml.jobs.learn import Judged, learn
from abm_ml.jobs.score import ScoreResult, score
from abm_ml.jobs.train import TrainResult, train
from abm_ml.jobs.workspace import Workspace, open_workspace
from abm_ml.publishing.runs import PublishedRun, read_current
from abm_ml.training_set import TrainingSet

AS_OF = "2026-06-30"
LABELS = ("churn", "progression", "win")


@dataclass(frozen=True)
class Served:
    """A workspace in which three models were trained and a run was published."""

    config: Path
    folder: Path
    trained: TrainResult
    scored: ScoreResult
    sets: Mapping[str, TrainingSet]

    @property
    def tables(self) -> Path:
        """The folder of the company's tables."""
        return self.folder / "company"

    @property
    def truth(self) -> pd.DataFrame:
        """The true chance of every label at every snapshot."""
        return pd.read_parquet(self.folder / "truth.parquet")

    @property
    def run(self) -> PublishedRun:
        """The published run."""
        return read_current(self.folder)

    @cached_property
    def read(self) -> Workspace:
        """The workspace, opened once, its tables read; it is closed with `close`."""
        return self.opened()

    def close(self) -> None:
        """Lets go of the tables."""
        if "read" in self.__dict__:
            self.read.close()

    def model_file(self, label: str, name: str) -> Path:
        """A file of a label's champion, where MLflow keeps it."""
        (found,) = (self.folder / "mlartifacts" / label).rglob(f"bundle/{name}")
        return found

    def opened(self, **settings: Any) -> Workspace:
        """The same workspace, with other settings."""
        return open_workspace({**settings_of(self.folder), **settings})


def settings_of(folder: Path) -> dict[str, Any]:
    """The configuration of the small company, with results in a folder."""
    return {
        "workspace": str(folder),
        "models": str(quick_models(folder / "models")),
        "source": {"kind": "synthetic", "accounts": 1000, "seed": 7, "engagements_per_account": 40},
        "engine": {"threads": 1},
        "as_of": AS_OF,
    }


def quick_models(folder: Path) -> Path:
    """Models that learn in larger steps than the default ones, for the tests' sake."""
    for label in LABELS:
        written(folder / label / "model.yaml", {"label": label, "lightgbm": {"learning_rate": 0.12, "patience": 30}})
    return folder


def written(file: Path, settings: Mapping[str, Any]) -> Path:
    """A configuration as a file; JSON is YAML."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(settings))
    return file


@cache
def served(base: Path) -> Served:
    """The small company, trained and scored; the same one for every test of a session."""
    folder = base / "served"
    config = written(base / "served.yaml", settings_of(folder))
    sets: dict[str, TrainingSet] = {}

    def remembered(workspace: Workspace, rows: TrainingSet) -> Judged:
        sets[rows.label.name] = rows
        return learn(workspace, rows)

    with open_workspace(config) as workspace, pytest.MonkeyPatch.context() as patch:
        patch.setattr("abm_ml.jobs.train.learn", remembered)
        trained = train(workspace)
        return Served(config, folder, trained, score(workspace), sets)


@contextmanager
def tables_at_hand(company: Served) -> Iterator[None]:
    """Whoever opens the company's workspace meanwhile finds its tables read: reading them costs two seconds."""
    there, enter, close = company.read, Workspace.__enter__, Workspace.close
    ours = {"company": there.company, "engine": there.engine}

    def entered(opened: Workspace) -> Workspace:
        same = (opened.config.source, opened.folder) == (there.config.source, there.folder)
        opened.__dict__ |= ours if same else {}
        return enter(opened)

    def closed(opened: Workspace) -> None:
        for name, kept in ours.items():
            if opened.__dict__.get(name) is kept:
                del opened.__dict__[name]
        close(opened)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workspace, "__enter__", entered)
        patch.setattr(Workspace, "close", closed)
        yield


def fingerprints(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file under a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@contextmanager
def replaced(file: Path, change: Callable[[bytes], bytes | None]) -> Iterator[None]:
    """A file with other content, or gone, for as long as the block runs."""
    before = file.read_bytes()
    after = change(before)
    try:
        if after is None:
            file.unlink()
        else:
            file.write_bytes(after)
        yield
    finally:
        file.write_bytes(before)


def linked(source: Path, target: Path) -> Path:
    """A folder with the same tables, any of which may be replaced."""
    target.mkdir(parents=True)
    for file in source.glob("*.parquet"):
        (target / file.name).symlink_to(file)
    return target


def as_csv(folder: Path, table: str, rows: pd.DataFrame | None = None) -> Path:
    """A table of a folder as CSV instead of Parquet, with other rows if some are given."""
    stored = folder / f"{table}.parquet"
    rows = pd.read_parquet(stored) if rows is None else rows
    stored.unlink()
    file = folder / f"{table}.csv"
    rows.to_csv(file, index=False)
    return file


def copied(company: Served, folder: Path) -> Served:
    """The workspace in another folder, its model store included: what happens there leaves the first one alone."""
    shutil.copytree(company.folder, folder)
    moved = (str(company.folder), str(folder))
    with closing(sqlite3.connect(folder / "mlflow.db")) as store, store:
        store.execute("UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)", moved)
        store.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", moved)
        store.execute("UPDATE model_versions SET source = replace(source, ?, ?)", moved)
        store.execute("UPDATE model_versions SET storage_location = replace(storage_location, ?, ?)", moved)
    config = written(folder.with_name(f"{folder.name}.yaml"), settings_of(folder))
    return replace(company, config=config, folder=folder)
