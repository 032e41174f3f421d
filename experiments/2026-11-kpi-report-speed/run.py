"""How long does the full KPI report of a large company take, and how much memory? The README holds the answer."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from abm_ml import open_workspace
from abm_ml.cli import COLLECT_AFTER

STUDY = Path(__file__).resolve().parent
WORKSPACE = STUDY.parents[1] / "workspace" / "kpi-report-speed"
SECONDS, GIB = 180.0, 4.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--memory", default="3GB", help="what the engine may use before it spills to disk")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workspace", type=Path, default=WORKSPACE, metavar="DIR")
    parser.add_argument(
        "--collect-after",
        type=int,
        default=COLLECT_AFTER[0],
        metavar="OBJECTS",
        help="how many new objects start Python's garbage collector (its own default is 700)",
    )
    parser.add_argument("--profile", action="store_true", help="what each grain's KPIs take instead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as a list of records")
    asked = parser.parse_args()
    config = configured(asked)
    print(f"The company was made or found in {made(config):.0f} s.")
    rows = measured(config, "profile" if asked.profile else "report", asked.collect_after)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    show(rows)
    if not asked.profile and (rows[-1]["wall s"] > SECONDS or rows[-1]["peak GiB"] > GIB):
        raise SystemExit(f"That is more than {SECONDS:.0f} s or {GIB:.0f} GiB.")


def configured(asked: argparse.Namespace) -> Path:
    """The configuration of this run, as a file beside its workspace."""
    values = yaml.safe_load((STUDY / "config.yaml").read_text(encoding="utf-8"))
    folder = asked.workspace.resolve() / str(asked.accounts)
    values["source"]["accounts"] = asked.accounts
    values["engine"] |= {"memory_limit": asked.memory, "threads": asked.threads}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({**values, "workspace": str(folder)}), encoding="utf-8")
    return file


def made(config: Path) -> float:
    """Makes the company, where it is not there yet, outside the process that is measured."""
    began = time.perf_counter()
    with open_workspace(config) as workspace, tempfile.TemporaryDirectory() as staging:
        workspace.source.stage(Path(staging))
    return time.perf_counter() - began


def measured(config: Path, what: str, collect_after: int) -> list[dict[str, float | str]]:
    """A process of its own: its memory is that of the report and of nothing else."""
    command = [sys.executable, str(STUDY / "measure.py"), str(config), what, str(collect_after)]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - a file of this study
    rows: list[dict[str, float | str]] = json.loads(ran.stdout)
    return rows


def show(rows: list[dict[str, float | str]]) -> None:
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*[f"{value:,}" if isinstance(value, (int, float)) else str(value) for value in row.values()])
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
