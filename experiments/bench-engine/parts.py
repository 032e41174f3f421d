"""The other two parts of the benchmark, each a command of this folder: reasons.py and scoring.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from environments import WORKSPACE
from goals import Measured, judged
from tables import Row, figure, goal_row

HERE = Path(__file__).resolve().parent
MILLION = 1_000_000
# What the goals are about: the model with categories, one thread.
GOAL_MODEL = "3 categories"
KERNEL, CONTRIBUTIONS, PREDICT = "abm_ml kernel", "LightGBM pred_contrib", "LightGBM predict"
Record = dict[str, Any]


def records(command: str, *options: str) -> list[Record]:
    """What a command of this folder found."""
    file = WORKSPACE / f"{command}.json"
    WORKSPACE.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, str(HERE / command), "--json", str(file), *options]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a file of this folder
    found: list[Record] = json.loads(file.read_text(encoding="utf-8"))
    return found


def scoring(size: str) -> list[Record]:
    """100,000 accounts; where the log is M or L also a million, for which there is a goal."""
    counts = [100_000] if size in {"XXS", "S"} else [100_000, MILLION]
    options = [word for count in counts for word in ("--accounts", str(count))]
    return records("scoring.py", "--workspace", str(WORKSPACE / "scoring"), *options)


def scoring_costs(found: Sequence[Record]) -> list[Row]:
    return [
        {"scoring": each["what"], "rows": f"{each['rows']:,}", **_used(each)} for each in found
    ]  # fmt: skip


def scoring_goals(found: Sequence[Record]) -> list[Row]:
    """A million accounts, in minutes by the clock."""
    largest = [each for each in found if each["rows"] >= 3 * MILLION]
    return [_goal("score 1M accounts x 3 labels", "minutes", each["wall_s"] / 60, (5, 2), each) for each in largest]


def reasons_costs(found: Sequence[Record]) -> list[Row]:
    return [
        {
            "model with": _model(each),
            "method": each["method"],
            "rows": f"{each['rows']:,}",
            "rows per CPU s": figure(each.get("rows_per_cpu_s")),
            "times pred_contrib": figure(each["ratio"]),
            **_used(each),
            "largest difference": "-" if each["difference"] is None else f"{each['difference']:.1e}",
            "said": each.get("refused", ""),
        }
        for each in found
    ]


def reasons_goals(found: Sequence[Record]) -> list[Row]:
    """The kernel against LightGBM's own contributions, and against a prediction."""
    by_method = {each["method"]: each for each in found if _model(each) == GOAL_MODEL}
    kernel, speed = by_method[KERNEL], {name: each.get("rows_per_cpu_s", 0.0) for name, each in by_method.items()}
    return [
        _goal("reasons vs pred_contrib", "times faster", speed[KERNEL] / speed[CONTRIBUTIONS], (25, 40), kernel),
        _goal("reasons vs predict", "times the CPU", speed[PREDICT] / speed[KERNEL], (6, 4), kernel),
    ]


def _goal(what: str, measured: Measured, found: float, goal: tuple[float, float], cost: Record) -> Row:
    used = _used(cost)
    told = (*map(figure, goal), judged(measured, found, *goal))
    return goal_row(what, f"{figure(found)} {measured}", told, (used["CPU s"], "-"), (used["wall s"], used["peak GiB"]))


def _used(cost: Record) -> Row:
    names = {"CPU s": "cpu_s", "wall s": "wall_s", "peak GiB": "peak_gib"}
    return {name: figure(cost.get(key)) for name, key in names.items()}


def _model(cost: Record) -> str:
    return str(cost["what"]).rpartition(", ")[2]
