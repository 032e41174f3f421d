"""Which leaks does the guard catch, and which honest columns does it suspect? The README holds the answer."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

STUDY = Path(__file__).resolve().parent
sys.path.append(str(STUDY))  # where plants.py lies: a study is a folder, not a package

from plants import HONEST, LEAKS, blurred, deals, planted  # noqa: E402 - beside this file

from abm_ml.leaks import Candidate, Finding, find_leaks  # noqa: E402 - sorted behind the one above
from abm_ml.leaks.evidence import Answers, cells_of  # noqa: E402 - sorted behind the one above

DATA = Path(os.environ.get("ABM_ML_DATA") or STUDY.parents[1] / "../shared/data")
SIZES = (500, 1000, 4000, 16000)
NOISES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many tables of each size")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all tables")
    asked = parser.parse_args()
    began = time.perf_counter()
    tables = {
        "leaks by size of the table": list(by_size(asked.seeds)),
        "tables, of 4,000 rows, in which each leak is caught": list(by_leak(asked.seeds)),
        "copies with noise": list(by_noise(asked.seeds)),
        "real tables": list(of_real_tables()),
    }
    for title, rows in tables.items():
        show(title, rows)
    print(f"{time.perf_counter() - began:.0f} seconds")
    if asked.json:
        asked.json.write_text(json.dumps(tables, indent=2) + "\n", encoding="utf-8")


def found(table: pd.DataFrame, *names: str) -> list[Finding]:
    """What the guard finds in some columns, taken as they are."""
    return list(find_leaks([Candidate(name) for name in names], table, label="bought"))


def by_size(seeds: int) -> Iterator[Row]:
    """How many of the twenty leaks are caught, each in a table of its own, and how many honest columns suspected."""
    for size in SIZES:
        caught, suspected = [], []
        for seed in range(seeds):
            table = deals(seed, size)
            hits = [found(rows, name) for name, rows in (planted(table, leak, seed) for leak in LEAKS)]
            caught.append(sum(map(bool, hits)))
            suspected.append(len(found(table, *HONEST)))
        yield {
            "rows": size,
            "yes": round(size * 0.24),
            "caught of 20, mean": round(float(np.mean(caught)), 1),
            "fewest": min(caught),
            "honest suspected of 20, mean": round(float(np.mean(suspected)), 2),
            "most": max(suspected),
        }


def by_leak(seeds: int) -> Iterator[Row]:
    """In how many tables each leak is caught, by which test, and how well it ranks alone."""
    for leak in LEAKS:
        tests: Counter[str] = Counter()
        aucs = []
        for seed in range(seeds):
            name, rows = planted(deals(seed), leak, seed)
            tests.update(each.test for each in found(rows, name))
            aucs.append(Answers.of(rows["label"], rows["account_id"]).strength(cells_of(rows[name])).auc)
        told = ", ".join(f"{test} {count}" for test, count in tests.most_common())
        yield {
            "leak": leak,
            "AUC alone": round(float(np.mean(aucs)), 3),
            "caught": f"{tests.total()} of {seeds}",
            "by": told,
        }


def by_noise(seeds: int) -> Iterator[Row]:
    """How weak a copy of the answer may be, under a name that says nothing, before it is missed."""
    for noise in NOISES:
        plant, aucs, caught = blurred(noise), [], dict.fromkeys(SIZES, 0)
        for size in SIZES:
            for seed in range(seeds):
                table = deals(seed, size)
                name, values = plant(table, np.random.default_rng([seed, 1]))
                rows = table.assign(**{name: values})
                caught[size] += bool(found(rows, name))
                aucs.append(Answers.of(rows["label"], rows["account_id"]).strength(cells_of(rows[name])).auc)
        shares = {f"{size:,} rows": f"{count} of {seeds}" for size, count in caught.items()}
        yield {"AUC alone": round(float(np.mean(aucs)), 2), **shares}


def of_real_tables() -> Iterator[Row]:
    """What is found in tables whose leaks DATA.md names, and the strongest column that passes."""
    for folder, pattern, label, positive, owner in (
        ("ibm_win_loss", "*.csv.gz", "Opportunity Result", "Won", "Opportunity Number"),
        ("telco_churn", "*.csv", "Churn", "Yes", "customerID"),
        ("olist_seller_churn", "*.csv", "is_churn", "True", "seller_id"),
    ):
        files = list((DATA / folder).glob(pattern))
        if files:
            yield from of_table(files[0], label, positive, owner)


def of_table(file: Path, label: str, positive: str, owner: str) -> Iterator[Row]:
    table = pd.read_csv(file, keep_default_na=False)
    table["label"] = (table[label].astype(str) == positive).astype(int)
    table["account_id"] = table[owner].astype(str)
    columns = [name for name in table if name not in {label, owner, "label", "account_id"}]
    findings = {each.column: each for each in find_leaks([Candidate(name) for name in columns], table, label=label)}
    answers = Answers.of(table["label"], table["account_id"])
    for name in columns:
        auc = answers.strength(cells_of(table[name])).auc
        each = findings.get(name)
        passed = {"test": "passes", "figure": f"AUC {auc:.3f}"}
        yield {"table": file.parent.name, "column": name} | (
            {"test": each.test, "figure": each.figure} if each else passed
        )


def show(title: str, rows: list[Row]) -> None:
    """A table in the terminal."""
    shown = Table(title=title, title_justify="left")
    for column in rows[0] if rows else ():
        shown.add_column(column)
    for row in rows:
        shown.add_row(*map(str, row.values()))
    Console(width=150).print(shown)


if __name__ == "__main__":
    main()
