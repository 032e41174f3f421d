"""Which open loan applications will be won in 30 days, and which will move on in 14? The README holds the answer."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from rich.console import Console
from rich.table import Table
from sklearn.metrics import brier_score_loss, roc_auc_score
from source import DATA, LoanFunnel

import abm_ml
from abm_ml import terminal
from abm_ml.jobs.promote import promote
from abm_ml.jobs.score import ready
from abm_ml.jobs.train import Trained, training_set_of
from abm_ml.modelling.pictures import save_picture
from abm_ml.reasons.pictures import waterfall

STUDY = Path(__file__).resolve().parent
# DATA.md's untuned LightGBM on the same test rows, which our features have to beat.
PLAIN = {"win": {"AUC": 0.774, "PR AUC": 0.563, "Brier": 0.177}, "progression": {"AUC": 0.728}}
LEAVES = (4, 7, 12, 20)
FOLDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, default=STUDY.parents[1] / "workspace/loan-funnel", metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as a list of records")
    parser.add_argument("--part", type=float, default=1.0, metavar="SHARE", help="only this share of the cases")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw calibration and the two explained accounts")
    parser.add_argument("--choose", action="store_true", help="compare settings on the training dates, and stop")
    arguments = parser.parse_args()
    source = LoanFunnel(part=arguments.part)
    with (
        terminal.progress(quiet=False) as progress,
        abm_ml.open_workspace(
            configuration(arguments), workspace=arguments.workspace, source=source, progress=progress
        ) as workspace,
    ):
        rows = compared(workspace) if arguments.choose else judged(workspace, source, arguments.pictures)
    show(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def configuration(arguments: argparse.Namespace) -> dict[str, Any]:
    """The study's values; the models of a slice, and their cards, stay in its workspace."""
    values: dict[str, Any] = yaml.safe_load((STUDY / "config.yaml").read_text(encoding="utf-8"))
    models = STUDY / "models"
    if arguments.part < 1.0:
        models = shutil.copytree(models, arguments.workspace / "models", dirs_exist_ok=True)
    return {**values, "models": models, "source": {"kind": "folder", "path": DATA / "loan_funnel"}}


def judged(workspace: abm_ml.Workspace, source: LoanFunnel, pictures: Path | None) -> list[dict[str, Any]]:
    """Check, train, score, publish, explain: the way of every company."""
    terminal.show(abm_ml.check(workspace), json=False)
    for rule, count in source.left_out.items():
        print(f"Left out: {count:>7,} {rule}")
    trained = abm_ml.train(workspace).trained
    for each in trained:
        if not each.champion and each.verdict.word != "Not ready":
            promote(workspace, each.version.label, each.version.version)  # an older run of the study holds the place
    terminal.show(abm_ml.score(workspace, ready(workspace)), json=False)
    for name, account in chosen(workspace).items():
        terminal.show(abm_ml.explain(workspace, account), json=False)
        if pictures:
            draw(workspace, account, pictures / f"{name}.png")
    if pictures:
        for each in trained:
            run = workspace.folder / "mlartifacts" / each.version.label / each.version.run_id
            drawn = run / "artifacts/pictures/calibration.png"
            shutil.copy(drawn, pictures / f"calibration_{each.version.label}.png")
    return [record(each) for each in trained]


def record(trained: Trained) -> dict[str, Any]:
    """One line of the table."""
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
    line: dict[str, Any] = {"label": label, "test rows": figures.rows, "gate": trained.verdict.word}
    for name, metric in named.items():
        line[name] = round(metric.value, 4)
        if name != "base rate":
            line |= {f"{name} low": round(metric.low, 4), f"{name} high": round(metric.high, 4)}
    return line | {f"plain {name}": value for name, value in PLAIN[label].items()}


def chosen(workspace: abm_ml.Workspace) -> dict[str, str]:
    """Two accounts worth a look: the likeliest win, and the least likely one of those that the rule ranks high."""
    scores = abm_ml.read_current(workspace.folder).scores().to_pandas()
    wins = scores[scores["label"] == "win"].sort_values(["probability", "account_id"])
    doubted = wins.assign(no_contrast=wins["agreement"] != "rule_higher").sort_values("no_contrast", kind="stable")
    return {"likeliest": wins["account_id"].iloc[-1], "rule_says_otherwise": doubted["account_id"].iloc[0]}


def draw(workspace: abm_ml.Workspace, account: str, path: Path) -> None:
    """How an account's probability of a win came about, as published."""
    run = abm_ml.read_current(workspace.folder)
    scores, reasons = (table.to_pandas().set_index(["label", "account_id"]) for table in (run.scores(), run.reasons()))
    score = scores.loc[("win", account)]
    shown = waterfall(
        reasons.loc[[("win", account)]],
        base_probability=score["base_probability"],
        probability=score["probability"],
        title=f"Application {account}: won within 30 days?",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_picture(shown, path)


def compared(workspace: abm_ml.Workspace) -> list[dict[str, Any]]:
    """Sizes of tree, compared on folds of accounts within the training dates; no test row is looked at."""
    lines = []
    for label in workspace.config.labels:
        rows = training_set_of(workspace, label)
        train = rows.train
        accounts, place = np.unique(train["account_id"], return_inverse=True)
        fold = np.random.default_rng(1).permutation(len(accounts))[place] % FOLDS
        for leaves in LEAVES:
            said = pd.Series(np.nan, index=train.index)
            for held in range(FOLDS):
                teach, judge = train[fold != held], train[fold == held]
                model = abm_ml.AccountClassifier(num_leaves=leaves)
                model.fit(teach[rows.names], teach["label"], time=teach["as_of"], groups=teach["account_id"])
                said[judge.index] = model.predict_proba(judge[rows.names])[:, 1]
            aucs = [roc_auc_score(train["label"][fold == held], said[fold == held]) for held in range(FOLDS)]
            brier = brier_score_loss(train["label"], said)
            lines.append({"label": label, "leaves": leaves, "AUC": round(np.mean(aucs), 4), "Brier": round(brier, 4)})
    return lines


def show(rows: list[dict[str, Any]]) -> None:
    """The table, turned round where it is wide: a line per figure, with its interval beside."""
    bounds = tuple(name for name in rows[0] if name.endswith((" low", " high")))
    table = Table("", *[str(row["label"]) for row in rows])
    for name in [name for name in rows[0] if name not in (*bounds, "label")]:
        table.add_row(name, *[shown(row, name) for row in rows])
    Console(width=120).print(table)


def shown(row: dict[str, Any], name: str) -> str:
    """A figure with its 90 % interval, where it has one."""
    value = row.get(name)
    if f"{name} low" in row:
        return f"{value:.3f} ({row[f'{name} low']:.3f} to {row[f'{name} high']:.3f})"
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
