"""Runs cases: makes logs and environments where they are not there, measures, compares with the plain join."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from asked import Work, snapshots
from environments import WORKSPACE, environment
from equality import compared
from goals import METHODS, Case, Method
from methods.plain import query

HERE = Path(__file__).resolve().parent
# A rival that takes longer than this at its size is told as that.
PATIENCE = 3_600  # seconds
# All cases run in rounds, one after the other, so that a machine that is slow for a while is slow for all; what took
# less than so many seconds so far runs in the next round, too, and the medians count.
ROUNDS, SECONDS = 3, 30.0
# The plain join of L would take an hour: there, every cell of these accounts is compared.
SAMPLE = {"L": "account_id < 10000"}


@dataclass(frozen=True)
class Ran:
    """What a case took (None where it did not run, with the reason in `said`), and whether its cells are the same."""

    case: Case
    cpu: float | None = None
    wall: float | None = None
    peak: float | None = None
    said: str = ""

    def record(self) -> dict[str, Any]:
        """As one flat record."""
        figures = {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(self).items()}
        return {**figures.pop("case"), **figures}


class Failed(Exception):
    """A process ended badly, or not in time."""


def ran(case: Case) -> Ran:
    """Runs a case in a process of its own. One that cannot run here is told with the reason."""
    method = METHODS[case.method]
    try:
        cost = _measured(case, method)
    except Failed as failed:
        return Ran(case, said=str(failed))
    return Ran(case, **cost, said=_compared(case, method))


def is_due(rans: Sequence[Ran]) -> bool:
    """Whether a case that has run so often is to run once more."""
    return not rans or (rans[-1].wall is not None and sum(each.wall or 0.0 for each in rans) < SECONDS)


def middle(rans: Sequence[Ran]) -> Ran:
    """The runs of a case as one: the median of each figure."""
    known = [each for each in rans if each.cpu is not None]
    if not known:
        return rans[0]
    figures = {name: median(getattr(each, name) for each in known) for name in ("cpu", "wall", "peak")}
    return replace(known[0], **figures)


def folder(case: Case) -> Path:
    """Where a case leaves its rows."""
    return WORKSPACE / "out" / f"{case.size} {case.snapshots}" / " ".join(filter(None, (case.method, case.memory)))


def log(size: str) -> Path:
    """The log of a size, made where it is not there."""
    there = WORKSPACE / "logs" / size
    if not (there / "accounts.parquet").exists():
        _run([sys.executable, "data.py", str(there), size])
    return there


def _measured(case: Case, method: Method) -> dict[str, float]:
    try:
        python = environment(case.method, method.packages) if method.packages else Path(sys.executable)
    except subprocess.CalledProcessError as error:
        raise Failed(f"cannot be installed here: {_last(error.stderr)}") from error
    result = WORKSPACE / "result.json"
    files = {"--log": log(case.size), "--warm": log(method.warm), "--out": folder(case), "--result": result}
    options = {**files, "--snapshots": case.snapshots} | ({"--memory": case.memory} if case.memory else {})
    _run([str(python), "measure.py", method.module, *(str(word) for option in options.items() for word in option)])
    cost: dict[str, float] = json.loads(result.read_text(encoding="utf-8"))
    return cost


def _compared(case: Case, method: Method) -> str:
    """What is said of the columns; every one that should be the same is.

    Raises:
        AssertionError: a cell differs, or a column is missing.
    """
    if not method.columns:
        return "columns of its own" if method.is_rival else ""
    if case.method == "plain":
        return "the definition"
    found = compared(folder(case), reference(case), SAMPLE.get(case.size, "true"))
    if found.different or found.columns != method.columns:
        raise AssertionError(f"{case}: {found.columns} columns, cells that differ: {found.different}")
    return f"{found.columns} of 119 columns the same" + (" (10,000 accounts)" if case.size in SAMPLE else "")


def reference(case: Case) -> Path:
    """The plain join's rows; of the largest size those of the sample, which is made here."""
    there = folder(Case("plain", case.size, case.snapshots))
    if case.size in SAMPLE and not there.exists():
        there.mkdir(parents=True)
        work = Work(log=log(case.size), snapshots=snapshots(case.snapshots), out=there)
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query(work, SAMPLE[case.size])}) TO '{there}/rows.parquet' (FORMAT parquet)")
    return there


def _run(command: Sequence[str]) -> None:
    # A session of its own: what does not end in time is ended with all that it started.
    with subprocess.Popen(  # noqa: S603 - files of this folder
        command, cwd=HERE, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _, said = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failed(f"did not end within {PATIENCE} s") from None
    if process.returncode:
        raise Failed(_last(said))


def _last(said: str) -> str:
    return (said.strip().splitlines() or ["ended without a word"])[-1]
