"""What becomes of a company with 20 wins among 400 accounts, and of labels that are drawn by lot? See the README."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from abm_ml import AccountClassifier
from abm_ml.modelling.evaluation import compare, evaluate
from abm_ml.modelling.gate import RULE, judge

Row = dict[str, Any]
Company = tuple[pd.DataFrame, np.ndarray]
MONTHS = 3  # how often each account of the larger company is seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a line per seed")
    asked = parser.parse_args()
    began = time.perf_counter()
    rows = [judged(name, make, seed) for name, make in CASES.items() for seed in range(asked.seeds)]
    show(rows)
    print(f"{time.perf_counter() - began:.0f} seconds")
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def judged(case: str, make: Callable[[int], tuple[Company, Company]], seed: int) -> Row:
    """One company, learned and judged as `abm-ml train` does."""
    (train, y), (test, happened) = make(seed)
    names = [name for name in train.columns if name not in ("account_id", "as_of")]
    model = AccountClassifier(seed=seed, learning_rate=0.1)
    model.fit(train[names], y, time=train["as_of"], groups=train["account_id"])
    said = model.predict_proba(test[names])[:, 1]
    accounts = test["account_id"]
    found = evaluate(happened, said, groups=accounts)
    rivals = [
        compare(happened, said, baseline=RULE, score=test["engagement_score"], groups=accounts),
        compare(happened, said, baseline="base rate", score=np.zeros(len(test)), groups=accounts),
    ]
    verdict = judge(found, rivals, training_events=model.events_, rung=model.rung_)
    low, high = model.predict_interval(test[names]).T
    return {
        "case": case, "seed": seed, "rung": model.rung_, "gate": verdict.word, "events": model.events_,
        "AUC": found.roc_auc.value, "AUC low": found.roc_auc.low, "AUC high": found.roc_auc.high,
        "mean said": float(said.mean()), "happened": float(np.mean(happened)), "mean width": float((high - low).mean()),
        "interval holds": bool(((low < said) & (said < high)).all()),
    }  # fmt: skip


def twenty_wins(seed: int) -> tuple[Company, Company]:
    """400 accounts of which exactly 20 win, and as many others of a later date."""
    random = np.random.default_rng(seed)
    months = pd.Timestamp("2026-01-01"), pd.Timestamp("2026-06-01")
    return tuple(_of_one_date(random, date, wins=20) for date in months)  # type: ignore[return-value]  # two of them


def drawn_by_lot(seed: int) -> tuple[Company, Company]:
    """1,200 rows of 400 accounts and as many test rows, whose outcomes have been dealt out anew."""
    random = np.random.default_rng(seed)
    parts = []
    for year in (2025, 2026):
        dates = pd.date_range(f"{year}-01-01", periods=MONTHS, freq="MS")
        table = pd.concat([_of_one_date(random, date, wins=120)[0] for date in dates], ignore_index=True)
        parts.append((table, random.permutation(np.repeat([1, 0], [120 * MONTHS, 280 * MONTHS]))))
    return parts[0], parts[1]


def _of_one_date(random: np.random.Generator, date: pd.Timestamp, *, wins: int, accounts: int = 400) -> Company:
    """Accounts whose engagement, size and industry are worth something, and those of them that win."""
    table = pd.DataFrame({"account_id": [f"{number:04d}" for number in range(accounts)], "as_of": date})
    table["engagement_score"] = random.gamma(1.0, 20.0, accounts).round()
    table["employees"] = np.where(random.random(accounts) < 0.3, np.nan, np.exp(random.normal(5.0, 1.5, accounts)))
    table["industry"] = random.choice(["Software", "Steel", "Banks", "Food", "Retail"], accounts)
    table["in_program"] = random.random(accounts) < 0.3
    for number in range(12):
        table[f"activity_{number}"] = random.poisson(2.0, accounts)
    drive = 0.02 * table["engagement_score"] + (table["industry"] == "Software") + 0.4 * table["activity_0"]
    luck = random.gumbel(size=accounts)
    won = np.zeros(accounts, dtype=int)
    won[np.argsort(-(drive.to_numpy() + luck))[:wins]] = 1
    return table, won


def show(rows: list[Row]) -> None:
    """Per case: which rungs were taken, what the gate said, and how wide the intervals are."""
    table = Table("case", "seeds", "rungs", "gate", "AUC", "its interval", "interval of a score")
    for case in CASES:
        mine = pd.DataFrame([row for row in rows if row["case"] == case])
        counts = [_counted(mine["rung"]), _counted(mine["gate"])]
        width = (mine["AUC high"] - mine["AUC low"]).mean()
        figures = [f"{mine['AUC'].mean():.3f}", f"{width:.3f} wide", f"{mine['mean width'].mean():.3f} wide"]
        table.add_row(case, str(len(mine)), *counts, *figures)
    Console(width=120).print(table)


def _counted(words: pd.Series[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in Counter(words).most_common())


CASES = {"20 wins among 400": twenty_wins, "labels by lot": drawn_by_lot}

if __name__ == "__main__":
    main()
