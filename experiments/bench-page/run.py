"""How fast does the page answer, with 100,000 accounts, and a client on the same machine? The README says it."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from load import Outcome, Question, Stream, outcomes
from made_accounts import Company, account_id, seller
from made_company import publish
from rich.console import Console
from rich.table import Table

from abm_ml.kpis import KPIS
from abm_ml.publishing.pointer import CURRENT, RUNS
from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.people import people_at
from abm_ml.web.records import Viewer
from abm_ml.web.sessions import COOKIE

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = ROOT / "workspace" / "bench-page"
OWN = 2_000  # accounts of a seller
LISTS = (
    "tier=1&sort=win",
    "industry=software&sort=change",
    "search=nord&sort=churn",
    "level=hot&level=warm&sort=penetration",
    "grade=A&sort=expected_value",
    "lifecycle=client&sort=name&page=2",
    "agreement=model_higher&sort=progression",
)
ABM_ML = (sys.executable, "-c", "from abm_ml.cli import main; main()")
IDLE = ("nice", "-n", "19")
Row = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A part of the benchmark: its streams, each with the p95 in ms that it may reach at most, and what runs beside."""

    name: str
    goals: dict[str, float | None]
    beside: str = ""


PARTS = (
    Part("accounts", {"account page": 25}),
    Part("lists", {"list, filtered and sorted": 150}),
    Part("both", {"account page": None, "list, filtered and sorted": None}),
    Part("scoring", {"account page": 100}, beside="scoring"),
    Part("both scoring", {"account page": 100, "list, filtered and sorted": None}, beside="scoring"),
    Part("publishing", {"account page": 100}, beside="publishing"),
)


def main() -> None:
    asked = options().parse_args()
    company = Company(
        accounts=asked.accounts, sellers=max(1, asked.accounts // OWN), kpis=tuple(kpi.name for kpi in KPIS)[:30]
    )
    print(f"Run {publish(asked.workspace, company)}")
    streams = streams_of(company, cookies(asked.workspace, company))
    rows: list[Row] = []
    with served(asked.workspace) as (host, port):
        for part in PARTS:
            if part.name in asked.only:
                rows += measured(part, streams, host, port, asked)
    show(rows)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if failed := sum(row["errors"] for row in rows):
        raise SystemExit(f"{failed} requests failed.")


def options() -> argparse.ArgumentParser:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000, help="of the company (default: 100000)")
    parser.add_argument("--seconds", type=float, default=120, help="of each part (default: 120)")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="which parts (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as a list of records")
    parser.add_argument("--workspace", type=Path, default=WORKSPACE, metavar="DIR")
    return parser


def cookies(workspace: Path, company: Company) -> list[str]:
    """An open session for each seller."""
    people = people_at(workspace, WebConfig())
    known = {user.viewer.name for user in people.users.all()}
    found = []
    for number in range(company.sellers):
        name = seller(number).lower()
        if name not in known:
            people.users.add(Viewer(name=name, role="seller", owners=(seller(number),)))
        found.append(f"{COOKIE}={people.sessions.begin(name, first=False)}")
    return found


def streams_of(company: Company, sessions: Sequence[str]) -> dict[str, Stream]:
    """Any seller opens any of the own accounts, or asks for any of the lists."""

    def page(dice: random.Random) -> Question:
        number = dice.randrange(company.accounts)
        name = account_id(number)
        return Question(f"/accounts/{name}", sessions[number % company.sellers], name.encode())

    def accounts(dice: random.Random) -> Question:
        return Question(f"/accounts?{dice.choice(LISTS)}", dice.choice(sessions), b'class="account"')

    pages, lists = Stream("account page", 50, page), Stream("list, filtered and sorted", 20, accounts)
    return {stream.name: stream for stream in (pages, lists)}


@contextmanager
def served(workspace: Path) -> Iterator[tuple[str, int]]:
    """`abm-ml serve` on a free port, in a process of its own, with its usual settings."""
    config = workspace / "page.yaml"
    config.write_text("source: {kind: synthetic}\n", encoding="utf-8")
    command = (*ABM_ML, "serve", "--config", str(config), "--workspace", str(workspace), "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own command
        try:
            told = process.stdout.readline() if process.stdout else ""
            address = re.search(r"http://([\d.]+):(\d+)", told)
            if address is None:
                raise SystemExit(f"The page did not open: {told}")
            yield address.group(1), int(address.group(2))
        finally:
            process.terminate()


def measured(part: Part, streams: dict[str, Stream], host: str, port: int, asked: argparse.Namespace) -> list[Row]:
    """A line for each stream of a part."""
    outcomes(host, port, [streams[name] for name in part.goals], min(5.0, asked.seconds))  # caches, as after an hour
    beside = {"scoring": scoring, "publishing": publishing}.get(part.beside)
    with beside(asked.workspace) if beside else nullcontext():
        found = outcomes(host, port, [streams[name] for name in part.goals], asked.seconds)
    return [line(part, streams[name], outcome) for name, outcome in found.items()]


def line(part: Part, stream: Stream, outcome: Outcome) -> Row:
    middle, most, last = np.percentile(outcome.milliseconds or [float("nan")], (50, 95, 99))
    goal = part.goals[stream.name]
    for error in outcome.errors[:3]:
        print(error)
    return {
        "part": part.name,
        "asked": f"{stream.name}, {stream.per_second:.0f}/s",
        "beside": part.beside,
        "answers": len(outcome.milliseconds),
        "errors": len(outcome.errors),
        "p50 ms": round(middle, 1),
        "p95 ms": round(most, 1),
        "p99 ms": round(last, 1),
        "goal p95 ms": goal,
        "met": None if goal is None else bool(most <= goal and not outcome.errors),
    }


@contextmanager
def scoring(workspace: Path) -> Iterator[None]:
    """A scoring job of a company of 2,000 accounts at the lowest priority, again and again; it is trained once."""
    company = ["--workspace", str(workspace / "scored"), "--config", str(ROOT / "configs" / "demo.yaml"), "--quiet"]
    if not (workspace / "scored" / RUNS / CURRENT).is_file():
        subprocess.run([*ABM_ML, "demo", *company], check=True, stdout=subprocess.DEVNULL)  # noqa: S603  our own command
    command = [*IDLE, *ABM_ML, "score", "--force", *company]
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(again_and_again, command, stop)
        try:
            yield
        finally:
            stop.set()
            print(f"Scored {job.result()} times beside it.")


def again_and_again(command: Sequence[str], stop: threading.Event) -> int:
    """Runs a command until it is to stop; returns how often it came to its end."""
    ended = 0
    while not stop.is_set():
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603  our own command
            while process.poll() is None:
                if stop.wait(0.2):
                    process.terminate()
        if process.returncode and not stop.is_set():
            raise SystemExit(f"The scoring job beside ended with {process.returncode}.")
        ended += process.returncode == 0
    return ended


@contextmanager
def publishing(workspace: Path) -> Iterator[None]:
    """The run is published again every ten seconds, so that the page checks and opens it anew."""
    stop = threading.Event()

    def again() -> None:
        while not stop.wait(10):
            os.utime(workspace / RUNS / CURRENT)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(again)
        try:
            yield
        finally:
            stop.set()


def show(rows: Sequence[Row]) -> None:
    """The table."""
    table = Table(*rows[0]) if rows else Table()
    for row in rows:
        table.add_row(*["" if value is None else str(value) for value in row.values()])
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
