"""The tables of a run: what each method took, and the goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from goals import GOALS, METHODS, Case, Goal, judged
from rich.table import Table
from running import Ran

Row = dict[str, str]


def costs(rans: Sequence[Ran]) -> list[Row]:
    """A line per run."""
    return [
        {
            "log": ran.case.size,
            "snapshots": ran.case.snapshots,
            "method": " ".join(filter(None, (METHODS[ran.case.method].title, ran.case.memory))),
            "CPU s": figure(ran.cpu),
            "wall s": figure(ran.wall),
            "peak GiB": figure(ran.peak),
            "compared with the plain join": ran.said,
        }
        for ran in rans
    ]


def goals(rans: Sequence[Ran]) -> list[Row]:
    """A line per goal whose runs are there."""
    by_case = {ran.case: ran for ran in rans if ran.cpu is not None}
    return [_goal(goal, by_case) for goal in GOALS if {goal.mine, goal.other} - {None} <= set(by_case)]


def _goal(goal: Goal, rans: Mapping[Case, Ran]) -> Row:
    mine, other = rans[goal.mine], rans[goal.other] if goal.other else None
    ratio = (mine.peak if other is None else goal.ratio(mine.cpu or 0.0, other.cpu or 0.0)) or 0.0
    return goal_row(
        goal.what,
        f"{figure(ratio)} {goal.measured}",
        (figure(goal.reach), figure(goal.aim), judged(goal.measured, ratio, goal.reach, goal.aim)),
        (figure(mine.cpu), figure(other.cpu if other else None)),
        (figure(mine.wall), figure(mine.peak)),
    )


def goal_row(what: str, measured: str, goal: Sequence[str], cpu: Sequence[str], other: Sequence[str]) -> Row:
    """A line of the goals: reach, aim and whether met; both CPU times; wall time and peak memory of ours."""
    names = ("reach", "aim", "met", "CPU s", "CPU s of the other", "wall s", "peak GiB")
    return {"goal": what, "measured": measured, **dict(zip(names, (*goal, *cpu, *other), strict=True))}


def figure(value: float | None) -> str:
    """Three figures that count, no more; a dash for nothing."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def as_rich(title: str, rows: Sequence[Row]) -> Table:
    """For the terminal."""
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="left" if name in _TEXTS else "right")
    for row in rows:
        table.add_row(*row.values(), style="bold" if row.get("met") == "no" else None)
    return table


def as_markdown(rows: Sequence[Row]) -> str:
    """For the README."""
    head = [
        "|".join(["", *rows[0], ""]),
        "|".join(["", *["---" if name in _TEXTS else "---:" for name in rows[0]], ""]),
    ]
    return "\n".join([*head, *["|".join(["", *row.values(), ""]) for row in rows]])


_TEXTS = {"log", "snapshots", "method", "compared with the plain join", "goal", "met", "model with", "scoring", "said"}
