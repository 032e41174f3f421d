"""How fast is the engine beside the others, and does it say the same? The README holds the answer."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import parts
from environments import WORKSPACE
from goals import METHODS, SIZES, Case, cases
from picture import draw
from readme import in_readme
from rich.console import Console
from rich.progress import track
from running import ROUNDS, Ran, is_due, middle, ran
from tables import Row, as_rich, costs, goals

RIVALS = tuple(name for name, method in METHODS.items() if method.is_rival and name != "plain")
WHAT = ("features", "reasons", "scoring")
HERE = Path(__file__).resolve().parent


def main() -> None:
    asked = options().parse_args()
    console = Console(width=170)
    reasons = parts.records("reasons.py") if "reasons" in asked.only else []
    scored = parts.scoring(asked.size) if "scoring" in asked.only else []
    rans = features(asked, console) if "features" in asked.only else []
    met = goals(rans) + (parts.reasons_goals(reasons) if reasons else []) + parts.scoring_goals(scored)
    tables = {
        "What each method took": costs(rans),
        "Reasons": parts.reasons_costs(reasons),
        "Scoring": parts.scoring_costs(scored),
        "Goals": met,
    }
    shown = {title: rows for title, rows in tables.items() if rows}
    for title, rows in shown.items():
        console.print(as_rich(title, rows))
    written(asked, rans, shown)
    if ours := [each.said for each in rans if each.cpu is None and not METHODS[each.case.method].packages]:
        raise SystemExit(f"Did not run: {'; '.join(ours)}")


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S", help="the largest log (default: S, a million events)")
    parser.add_argument("--only", nargs="+", choices=WHAT, default=WHAT, help="which parts (default: all)")
    parser.add_argument(
        "--rivals",
        nargs="*",
        choices=RIVALS,
        default=RIVALS,
        help="which others beside the plain join, which always runs (default: all)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables as records")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the methods' CPU seconds as PNG")
    parser.add_argument("--readme", metavar="DATE", help="put the tables, the machine and this date into the README")
    parser.add_argument("--keep", action="store_true", help="leave the methods' rows where they are")
    return parser


def features(asked: argparse.Namespace, console: Console) -> list[Ran]:
    """Every case, round by round, each run compared with the plain join and told as it ends; the medians."""
    rans: dict[Case, list[Ran]] = {case: [] for case in cases(asked.size, set(asked.rivals))}
    for number in range(1, ROUNDS + 1):
        due = [case for case in rans if is_due(rans[case])]
        for case in track(due, description=f"features, round {number}", console=console):
            rans[case].append(ran(case))
            console.print(*costs(rans[case][-1:])[0].values(), sep="  ")
    if not asked.keep:
        shutil.rmtree(WORKSPACE / "out", ignore_errors=True)
    return [middle(each) for each in rans.values()]


def written(asked: argparse.Namespace, rans: Sequence[Ran], shown: dict[str, list[Row]]) -> None:
    """The files that were asked for."""
    if asked.json:
        told = {"runs": [each.record() for each in rans], **shown}
        asked.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    if asked.picture and rans:
        draw(rans, asked.picture)
    if asked.readme:
        in_readme(HERE / "README.md", shown, asked.readme)


if __name__ == "__main__":
    main()
