"""What the studies have in common: their options, the jobs one after the other, the table, two accounts explained."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml
from rich.console import Console
from rich.table import Table

import abm_ml
from abm_ml import terminal
from abm_ml.jobs.promote import promote
from abm_ml.jobs.register import Trained
from abm_ml.jobs.score import ready
from abm_ml.modelling.pictures import save_picture
from abm_ml.reasons.pictures import waterfall

ROOT = Path(__file__).resolve().parents[1]
# What DATA.md knows of an untuned LightGBM, where it says it.
PLAIN = ("AUC", "PR AUC", "Brier")
# Foreign ids of 32 hexadecimal digits: a picture, which may be shown, needs no more than tells them apart.
_LONG_ID = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{26}\b")
Row = dict[str, Any]


class Counting(Protocol):
    """A source of foreign data says how many rows each of its rules left out."""

    left_out: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Study:
    """A question put to real data: its configuration, and by label what an untuned LightGBM reached (DATA.md).

    Two accounts are explained for the first of the labels. `score_on` is the date whose scores are published, where
    it is not the configured one.
    """

    config: Path
    plain: Mapping[str, Mapping[str, float]]
    name: str = ""
    score_on: dt.datetime | None = None


def options(question: str | None, *, workspace: str) -> argparse.ArgumentParser:
    """The options that every study has."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--workspace", type=Path, default=ROOT / "workspace" / workspace, metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as a list of records")
    parser.add_argument("--part", type=float, default=1.0, metavar="SHARE", help="only this share of the accounts")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw calibration and the two explained accounts")
    return parser


@contextmanager
def opened(study: Study, source: abm_ml.Source, asked: argparse.Namespace) -> Iterator[abm_ml.Workspace]:
    """The study's workspace; the models of a slice, and their cards, stay in it."""
    values: Row = yaml.safe_load(study.config.read_text(encoding="utf-8"))
    folder = asked.workspace / study.name
    models = study.config.parent / values.get("models", "models")
    if asked.part < 1.0:
        models = shutil.copytree(models, folder / "models", dirs_exist_ok=True)
    with abm_ml.open_workspace({**values, "models": models}, workspace=folder, source=source) as workspace:
        yield workspace


def judged(workspace: abm_ml.Workspace, study: Study, source: Counting, pictures: Path | None) -> list[Row]:
    """Check, train, score, publish, explain: the way of every company. The answer is the table's lines."""
    # The bars end before anything is printed: while they run they hold the terminal.
    with terminal.progress(quiet=False) as workspace.progress:
        checked = abm_ml.check(workspace)
        trained = abm_ml.train(workspace).trained
    terminal.show(checked, json=False)
    for rule, count in source.left_out.items():
        print(f"Left out: {count:>7,} {rule}")
    for each in trained:
        if not each.champion and each.verdict.word != "Not ready":
            # An older run of the study holds the place.
            promote(workspace, each.version.label, each.version.version, as_of=study.score_on)
    if labels := ready(workspace):
        terminal.show(abm_ml.score(workspace, labels, as_of=study.score_on), json=False)
        for label in [label for label in study.plain if label in labels][:1]:
            _explained(workspace, label, pictures)
    if pictures:
        for each in trained:
            _copied(workspace, each, pictures)
    return [_line(each, study) for each in trained]


def finish(rows: Sequence[Row], asked: argparse.Namespace) -> None:
    """Shows the table, and writes it where asked to."""
    show(rows)
    if asked.json:
        asked.json.write_text(json.dumps(list(rows), indent=2) + "\n", encoding="utf-8")


def show(rows: Sequence[Row]) -> None:
    """The table, turned round because it is wide: a line per figure, with its 90 % interval."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    bounds = [name for name in names if name.endswith((" low", " high"))]
    heads = [" ".join(str(row[name]) for name in ("label", "set-up") if row.get(name)) for row in rows]
    table = Table("", *heads)
    for name in names:
        if name not in (*bounds, "label", "set-up"):
            table.add_row(name, *[_shown(row, name) for row in rows])
    Console(width=120).print(table)


def _shown(row: Row, name: str) -> str:
    value = row.get(name)
    if f"{name} low" in row:
        return f"{value:.3f} ({row[f'{name} low']:.3f} to {row[f'{name} high']:.3f})"
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def _line(trained: Trained, study: Study) -> Row:
    figures, label = trained.evaluation, trained.version.label
    named = {
        "AUC": figures.roc_auc,
        "PR AUC": figures.pr_auc,
        "Brier": figures.brier,
        "lift": figures.top_decile_lift,
        "calibration error": figures.calibration_error,
        "base rate": figures.base_rate,
        "rule's AUC": trained.comparisons[0].baseline_auc,
    }
    line: Row = {"label": label, "set-up": study.name, "test rows": figures.rows, "gate": trained.verdict.word}
    for name, metric in named.items():
        line[name] = round(metric.value, 6)
        if name != "base rate":
            line |= {f"{name} low": round(metric.low, 6), f"{name} high": round(metric.high, 6)}
    return line | {f"plain {name}": study.plain[label].get(name) for name in PLAIN}


def _explained(workspace: abm_ml.Workspace, label: str, pictures: Path | None) -> None:
    """The likeliest account, and the least likely one of those that the rule ranks high."""
    scores = abm_ml.read_current(workspace.folder).scores().to_pandas()
    mine = scores[scores["label"] == label].sort_values(["probability", "account_id"])
    doubted = mine.assign(no_contrast=mine["agreement"] != "rule_higher").sort_values("no_contrast", kind="stable")
    for name, row in {"likeliest": mine.iloc[-1], "rule_says_otherwise": doubted.iloc[0]}.items():
        terminal.show(abm_ml.explain(workspace, row["account_id"]), json=False)
        if pictures:
            _drawn(workspace, row, pictures / f"{label}_{name}.png")


def _drawn(workspace: abm_ml.Workspace, score: Mapping[str, Any], path: Path) -> None:
    """How a score came about, as published."""
    reasons = abm_ml.read_current(workspace.folder).reasons().to_pandas()
    mine = reasons[(reasons["account_id"] == score["account_id"]) & (reasons["label"] == score["label"])]
    shown = waterfall(
        mine.assign(text=mine["text"].map(_shortened)),
        base_probability=score["base_probability"],
        probability=score["probability"],
        title=_shortened(f"{score['label'].capitalize()}: account {score['account_id']}"),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_picture(shown, path)


def _shortened(text: str) -> str:
    return _LONG_ID.sub("\\1\N{HORIZONTAL ELLIPSIS}", text)


def _copied(workspace: abm_ml.Workspace, trained: Trained, pictures: Path) -> None:
    """The calibration picture that the training left in the workspace's store."""
    run = workspace.folder / "mlartifacts" / trained.version.label / trained.version.run_id
    pictures.mkdir(parents=True, exist_ok=True)
    shutil.copy(run / "artifacts/pictures/calibration.png", pictures / f"{trained.version.label}_calibration.png")
