"""Companies with tables: our features of the training set's rows, and featuretools' features of the same rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pandas as pd
from contest import HERE, ROOT, WORKSPACE
from environment import environment
from sets import Split

import abm_ml
from abm_ml.labels import LABELS

FEATURETOOLS = (
    "featuretools==1.31.0",
    "pandas<2.3",
    "numpy<2",
    "pyarrow==19.0.1",
    "setuptools<80",
)
KEYS = ["account_id", "as_of"]
EXPORTED = ("accounts", "engagements", "opportunities", "stage_changes", "orders", "contracts")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A label of a company: `config` is its configuration, `source` makes the source that stands in its place."""

    title: str
    label: str
    config: Path
    source: Callable[[], Any] | None = None
    plain: float | None = None


def _source(study: str, name: str) -> Callable[[], Any]:
    """The source of a study beside this one."""

    def made() -> Any:
        file = HERE.parent / study / "source.py"
        module = SourceFileLoader(f"{name}_source", str(file)).load_module()
        return getattr(module, name)()

    return made


_LOANS, _ORDERS = HERE.parent / "2026-11-loan-funnel", HERE.parent / "2026-11-wholesale"
_DEMO = ROOT / "configs" / "demo.yaml"
PIPELINES = {
    "loan_win": Pipeline(
        title="loan funnel, win", label="win", config=_LOANS / "config.yaml",
        source=_source(_LOANS.name, "LoanFunnel"), plain=0.774,
    ),
    "loan_progression": Pipeline(
        title="loan funnel, progression", label="progression", config=_LOANS / "config.yaml",
        source=_source(_LOANS.name, "LoanFunnel"), plain=0.728,
    ),
    "wholesale_churn": Pipeline(
        title="wholesale, churn", label="churn", config=_ORDERS / "config.yaml",
        source=_source(_ORDERS.name, "WholesaleOrders"), plain=0.771,
    ),
    **{
        f"synthetic_{label}": Pipeline(title=f"synthetic company, {label}", label=label, config=_DEMO)
        for label in LABELS.names
    },
}  # fmt: skip


def split(name: str) -> Split:
    """The training and test rows of a label with our features, and beside them with featuretools' own."""
    folder = WORKSPACE / "snapshots" / name
    if not (folder / "featuretools.parquet").is_file():
        _made(PIPELINES[name], folder)
    parts = [pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test")]
    theirs = pd.read_parquet(folder / "featuretools.parquet")
    others = [part[KEYS].merge(theirs, on=KEYS, how="left", validate="one_to_one").drop(columns=KEYS) for part in parts]
    monotone = pd.read_json(folder / "monotone.json", typ="series", dtype=False).to_dict()
    train, test = (part.drop(columns=[*KEYS, "label"]) for part in parts)
    return Split(
        train=train,
        test=test,
        answers=(parts[0]["label"], parts[1]["label"]),
        groups=(parts[0]["account_id"], parts[1]["account_id"]),
        time=(parts[0]["as_of"], parts[1]["as_of"]),
        others=(others[0], others[1]),
        monotone=monotone,
    )


def _made(pipeline: Pipeline, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    source = pipeline.source() if pipeline.source else None
    with abm_ml.open_workspace(pipeline.config, workspace=folder / "workspace", source=source) as workspace:
        rows = abm_ml.training_set_of(workspace, pipeline.label)
        for part, frame in (("train", rows.train), ("test", rows.test)):
            frame[[*KEYS, "label", *rows.names]].to_parquet(folder / f"{part}.parquet")
        pd.Series(_directions(rows), dtype=object).to_json(folder / "monotone.json")
        keys = pd.concat([rows.train[KEYS], rows.test[KEYS]]).sort_values(KEYS[::-1], ignore_index=True)
        keys.to_parquet(folder / "keys.parquet")
        for name in EXPORTED:
            if name in workspace.company.tables:
                table = workspace.engine.compute(workspace.company.tables[name])
                table.to_pandas().to_parquet(folder / f"{name}.parquet")
    python = environment(WORKSPACE / "envs" / "featuretools", FEATURETOOLS)
    subprocess.run(  # noqa: S603 - the script of this folder
        [str(python), str(HERE / "methods" / "featuretools_way.py"), str(folder)], check=True, stdout=sys.stderr
    )


def _directions(rows: Any) -> dict[str, str]:
    """What the features promise, turned round where the outcome is not wanted."""
    turned = {"increasing": "decreasing", "decreasing": "increasing"}
    promised = {column.name: column.monotone for column in rows.columns if column.monotone}
    return promised if rows.label.wanted else {name: turned[direction] for name, direction in promised.items()}
