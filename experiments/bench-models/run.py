"""Are our models as good, and as true, as those of AutoML? Same rows, same seeds, same seconds; the README answers."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from contest import METHODS, OURS, Run, Terms, prepare, ran
from figures import FIGURES, Judge, interval
from pipelines import PIPELINES, split
from rich.progress import Progress
from sets import TABLES, Split
from shown import in_readme, on_terminal

HERE = Path(__file__).resolve().parent
WORKS = TABLES | PIPELINES
FIXED = {name for name, table in TABLES.items() if table.fixed} | set(PIPELINES)  # the seeds are the learners' only
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="*", choices=WORKS, default=list(WORKS), help="default: all")
    parser.add_argument("--methods", nargs="*", choices=METHODS, default=list(METHODS), help="default: all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each fit of a method that takes a budget")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as a list of records")
    parser.add_argument("--readme", metavar="DATE", help="put the tables, the machine and this date into the README")
    asked = parser.parse_args()
    prepare(asked.methods)
    terms = Terms(seconds=asked.seconds, threads=asked.threads)
    rows: list[Row] = []
    with Progress() as bar:
        task = bar.add_task("fits", total=len(asked.tables) * len(asked.methods) * asked.seeds)
        for table in asked.tables:
            runs, cuts = [], list(cut(table, asked.seeds))
            for seed, split in cuts:  # all methods one after the other, so that other work on the machine is fair
                for name in asked.methods:
                    bar.update(task, description=f"{WORKS[table].title}: {METHODS[name].title}, seed {seed}")
                    once = table in FIXED and not METHODS[name].seeded
                    runs.append(ran(name, split, table=table, seed=1 if once else seed, terms=terms))
                    bar.advance(task)
            rows += judged(table, runs, cuts)
    on_terminal(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if asked.readme:
        how = f"{asked.seeds} seeds, {asked.seconds:g} s a fit where a budget is taken, {asked.threads} thread(s)"
        in_readme(rows, HERE / "README.md", said=f"{asked.readme}; {how}")


def cut(name: str, seeds: int) -> Iterator[tuple[int, Split]]:
    """The rows for each seed; where the cut is fixed the seeds are the learners' only."""
    for seed in range(1, seeds + 1):
        yield seed, TABLES[name].split(seed) if name in TABLES else split(name)


def judged(table: str, runs: Sequence[Run], cuts: Sequence[Any]) -> list[Row]:
    """A line per method: each figure's mean over the seeds, and what ours has more of it, with interval."""
    judge = Judge(
        [split.answers[1].to_numpy() for _, split in cuts],
        [None if split.groups is None else split.groups[1].to_numpy() for _, split in cuts],
    )
    found, lines = {}, []
    for name in dict.fromkeys(run.method for run in runs):
        mine = [run for run in runs if run.method == name]
        if any(run.failed for run in mine):
            failed = next(run.failed for run in mine if run.failed)
            lines.append({"table": WORKS[table].title, "method": METHODS[name].title, "failed": failed})
            continue
        found[name] = judge.figures([run.probability for run in mine if run.probability is not None])
        seconds = sum(run.seconds or 0.0 for run in mine) / len(mine)
        lines.append(
            {"table": WORKS[table].title, "method": METHODS[name].title, "name": name, "seeds": len(mine)}
            | {figure: round(float(found[name][figure].iloc[0]), 5) for figure in FIGURES}
            | {"fit seconds": round(seconds, 1), "plain": WORKS[table].plain}
        )
    reference = next((found[name] for name in OURS if name in found), None)
    for line in lines:
        if reference is None or line.get("name") not in found:
            continue
        for figure in FIGURES:
            more = reference[figure] - found[line["name"]][figure]
            low, high = interval(more)
            line |= {f"ours minus its {figure}": round(float(more.iloc[0]), 5)}
            line |= {f"ours minus its {figure} low": round(low, 5), f"ours minus its {figure} high": round(high, 5)}
    return lines


if __name__ == "__main__":
    main()
