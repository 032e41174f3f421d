"""What one process needs for the KPI report: run.py starts it with a configuration, what to do, and a threshold."""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import abm_ml
from abm_ml.cli import COLLECT_AFTER
from abm_ml.kpis import GRAINS, KPIS, Kpi, Measuring, Seen, parse_cuts
from abm_ml.kpis.base import Part, grain_of, made_of
from abm_ml.timeline import calendar

BY = ("tier", "industry", "tier,industry")
Row = dict[str, float | str]


def main() -> None:
    config, what, collect_after = sys.argv[1:]
    gc.set_threshold(int(collect_after), *COLLECT_AFTER[1:])
    with abm_ml.open_workspace(Path(config)) as workspace:
        rows = profiled(workspace) if what == "profile" else reported(workspace)
    json.dump(rows, sys.stdout)


def reported(workspace: abm_ml.Workspace) -> list[Row]:
    """Reading, and the report as `abm-ml kpis` makes it: all KPIs, cut three ways, by quarter of its history."""
    rows: list[Row] = []
    with timed(rows, "reading and checking the tables"):
        begin = workspace.company.begin
    question = abm_ml.KpiQuestion(by=BY, period="quarter", begin=begin)
    with timed(rows, "the report"):
        result = abm_ml.report_kpis(workspace, question, out=workspace.folder / "report.parquet")
    told = result.rows[result.rows["value"].notna()]
    print(f"{told['name'].nunique()} KPIs with {len(told):,} values.", file=sys.stderr)
    whole = {key: round(sum(float(row[key]) for row in rows), 1) for key in ("wall s", "CPU s")}
    return [*rows, {"what": "together", **whole, "peak GiB": rows[-1]["peak GiB"]}]


def profiled(workspace: abm_ml.Workspace) -> list[Row]:
    """What each grain's KPIs take by themselves: first of all accounts, where its rows are made, then by all cuts."""
    company, as_of = workspace.company, workspace.as_of()
    seen = Seen(company.tables, workspace.terms, as_of, calendar("quarter", company.begin, as_of), workspace.engine)
    rows: list[Row] = []
    with timed(rows, "who each account was"):
        _ = seen.standing
    measuring = Measuring(seen)
    for grain in GRAINS:
        mine = [kpi for kpi in KPIS if kpi.name != "goal_attainment" and _grains(kpi) == {grain.name}]
        for what, cuts in (("of all", ((),)), ("by all cuts", ((), *parse_cuts(BY)))):
            with timed(rows, f"{grain.name} ({len(mine)} KPIs) {what}"):
                measuring.by(cuts, mine)
    return rows


def _grains(what: Part | Kpi) -> set[str]:
    grain = grain_of(what)
    return {grain.name} if grain else set().union(*(_grains(each) for each in made_of(what)))


@contextmanager
def timed(rows: list[Row], what: str) -> Iterator[None]:
    """Adds a line with what the block took."""
    cpu = _cpu()
    wall = time.perf_counter()
    yield
    wall = time.perf_counter() - wall
    rows.append({"what": what, "wall s": round(wall, 1), "CPU s": round(_cpu() - cpu, 1), "peak GiB": _peak()})


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak() -> float:
    """The most memory that the process has held so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2)


if __name__ == "__main__":
    main()
