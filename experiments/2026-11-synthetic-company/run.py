"""How close do the models come to the best possible ones? The synthetic company knows the true probabilities."""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score

from abm_ml import open_workspace
from abm_ml.jobs.learn import learn
from abm_ml.jobs.training_sets import training_sets
from abm_ml.labels import LABELS
from abm_ml.sources.synthetic import SyntheticCompany, write_company

STUDY = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workspace", type=Path, default=Path("workspace/synthetic-company"))
    parser.add_argument("--picture", type=Path, help="draw what the models say beside what is true, as PNG")
    parser.add_argument("--json", type=Path, help="write the table as a list of records")
    parser.add_argument("--write", type=int, metavar="ACCOUNTS", help="only measure the time to write so many")
    arguments = parser.parse_args()
    rows = [written(arguments.write, arguments.seed)] if arguments.write else judged(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    show(rows)


def judged(arguments: argparse.Namespace) -> list[dict[str, float | str]]:
    """Each label's model on the test snapshots, beside the true probabilities of the same rows."""
    with open_workspace(STUDY / "config.yaml", workspace=arguments.workspace) as opened:
        source = opened.config.source.model_copy(update={"accounts": arguments.accounts, "seed": arguments.seed})
        config = opened.config.model_copy(update={"source": source})
    rows, drawn = [], {}
    with open_workspace(config.model_dump()) as workspace:
        sets = training_sets(workspace, list(LABELS), workspace.as_of())
        truth = pd.read_parquet(workspace.source.truth)
        for each in sets:
            began = time.perf_counter()
            result = learn(workspace, each)
            seconds = time.perf_counter() - began
            keys = ["account_id", "as_of"]
            true = truth[truth["label"] == each.label.name].drop(columns="label")
            low, high = result.classifier.predict_interval(each.test[each.names]).T
            beside = each.test[[*keys, "label"]].assign(said=result.probability, low=low, high=high)
            beside = beside.merge(true, on=keys, validate="one_to_one")
            if len(beside) != len(each.test):
                raise SystemExit(f"{each.label.name}: some test rows have no true probability")
            best = roc_auc_score(beside["label"], beside["probability"])
            figures = result.evaluation
            drawn[each.label.name] = beside
            rows.append(
                {
                    "label": each.label.name,
                    "train rows": len(each.train),
                    "test rows": len(each.test),
                    "base rate": round(figures.base_rate.value, 4),
                    "AUC": round(figures.roc_auc.value, 4),
                    "AUC low": round(figures.roc_auc.low, 4),
                    "AUC high": round(figures.roc_auc.high, 4),
                    "best AUC": round(float(best), 4),
                    "share of best": round(figures.roc_auc.value / float(best), 4),
                    "calibration error": round(figures.calibration_error.value, 4),
                    "rule's AUC": round(result.comparisons[0].baseline_auc.value, 4),
                    "distance from truth": round(float(np.abs(beside["said"] - beside["probability"]).mean()), 4),
                    "coverage": round(float(beside["probability"].between(beside["low"], beside["high"]).mean()), 3),
                    "median width": round(float((beside["high"] - beside["low"]).median()), 3),
                    "unseen, said": round(result.classifier.calibrator_.unseen, 3),
                    "untaught": round(result.classifier.calibrator_.untaught, 3),
                    "unseen, true": round(unseen(beside), 3),
                    "gate": result.verdict.word,
                    "fit seconds": round(seconds, 1),
                }
            )
    if arguments.picture:
        draw(drawn, arguments.picture)
    return rows


def unseen(rows: pd.DataFrame) -> float:
    """The variance of true probabilities around the said ones, p, as a share of p (1 - p)."""
    said = rows["said"]
    return float(((rows["probability"] - said) ** 2).mean() / (said * (1 - said)).mean())


def draw(drawn: dict[str, pd.DataFrame], file: Path) -> None:
    """What each model said of the test rows against their true probability: one panel per label."""
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    for axes, (label, rows) in zip(figure.subplots(1, len(drawn)), drawn.items(), strict=True):
        axes.hexbin(rows["probability"], rows["said"], gridsize=38, bins="log", cmap="Blues", extent=(0, 1, 0, 1))
        axes.plot([0, 1], [0, 1], color="#444444", linewidth=0.8)
        axes.set(title=label, xlabel="true probability", ylabel="what the model says", xlim=(0, 1), ylim=(0, 1))
        axes.set_aspect("equal")
    figure.savefig(file, dpi=110, metadata={"Software": None})


def written(accounts: int, seed: int) -> dict[str, float | str]:
    """How long it takes to make a company and write it to Parquet."""
    folder = Path(tempfile.mkdtemp())
    try:
        began = time.perf_counter()
        write_company(SyntheticCompany(accounts=accounts, seed=seed), folder / "company")
        seconds = time.perf_counter() - began
        size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        return {"accounts": accounts, "seconds": round(seconds, 1), "MB": round(size / 1e6), "peak GiB": round(peak, 2)}
    finally:
        shutil.rmtree(folder)


def show(rows: list[dict[str, float | str]]) -> None:
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*[str(value) for value in row.values()])
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
