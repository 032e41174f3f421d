"""What experiments of a workspace found, as a part of a model's card."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from abm_ml.modelling.card import Sections
from abm_ml.modelling.markdown import table

TITLE = "What experiments found"
HEADS = (
    "experiment",
    "variants",
    "chosen",
    "AUC, later training dates",
    "AUC, test dates",
    "log loss against the first",
)


def experiment_sections(folder: Path, label: str) -> Sections:
    """A row per experiment of this label in a workspace's folder; no section where there was none."""
    files = sorted(folder.glob("experiments/*/report/results.csv"))
    # All cells as text: a variant may be called "None" or "6".
    found = [(file.parents[1].name, pd.read_csv(file, dtype=str, keep_default_na=False)) for file in files]
    rows = [_row(name, results[results["label"] == label]) for name, results in found if label in set(results["label"])]
    if not rows:
        return ()
    note = (
        "Variants were compared within the training dates; the first and the chosen one were judged on the test dates."
    )
    return ((TITLE, [*table(HEADS, rows), "", note]),)


def _row(name: str, results: pd.DataFrame) -> list[object]:
    """An experiment's row: the chosen variant is the last one that was tested."""
    training, test = (results[results["dates"] == dates].set_index("variant") for dates in ("training", "test"))
    chosen = str(test.index[-1])
    gap = "" if len(test) == 1 else _interval(test.loc[chosen], "log_loss_gap", sign="+")
    aucs = [_interval(part.loc[chosen], "roc_auc") for part in (training, test)]
    return [name, len(training), chosen, *aucs, gap]


def _interval(row: pd.Series, figure: str, *, sign: str = "") -> str:
    value, low, high = (f"{float(row[f'{figure}{end}']):{sign}.3f}" for end in ("", "_low", "_high"))
    return f"{value} ({low} to {high})"
