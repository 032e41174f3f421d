"""How the figures are shown: a table of each set of rows, one of all beside the best of the others, and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contest import OURS
from figures import FIGURES, HIGHER_IS_BETTER
from reported import machine, rewrite
from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]
PACKAGES = ("lightgbm", "scikit-learn", "numpy", "pandas", "optuna")
DIFFERENT = ("AUC", "Brier", "calibration error")  # the figures whose difference to ours is shown
BLUE, ORANGE, GREY = "#0072b2", "#e69f00", "#999999"  # Okabe and Ito's


def on_terminal(rows: Sequence[Row]) -> None:
    """The lines by table."""
    for title, some in _by_table(rows).items():
        table = Table(title=title, title_justify="left")
        cells = [_cells(row) for row in some]
        for name in cells[0]:
            table.add_column(name, justify="left" if name == "method" else "right")
        for line in cells:
            table.add_row(*(line.get(name, "") for name in cells[0]))
        Console(width=190).print(table)


def in_readme(rows: Sequence[Row], file: Path, *, said: str) -> None:
    """Puts the summary, the picture beside the README and the tables between its marks."""
    tables = [f"**{title}**\n\n{_markdown([_cells(row) for row in some])}\n" for title, some in _by_table(rows).items()]
    summary = _markdown([_summary(title, some) for title, some in _by_table(rows).items()])
    picture = draw(rows, file.with_name("differences.png"))
    image = f"![What our AUC has more than that of each other method, with 90 % intervals]({picture.name})\n"
    rewrite(file, "\n".join([f"{said}; {machine(PACKAGES)}.\n", f"{summary}\n", image, *tables]))


def draw(rows: Sequence[Row], file: Path) -> Path:
    """Draws what our AUC has more than the others', a panel per table, a dot and its interval per method."""
    from matplotlib.figure import Figure

    shown = _by_table([row for row in rows if _more("AUC") in row and row["name"] not in OURS])
    figure = Figure(figsize=(9.5, 1.2 + 0.2 * sum(len(some) + 2 for some in shown.values())), layout="constrained")
    heights = [len(some) + 1 for some in shown.values()]
    panels = figure.subplots(len(shown), 1, sharex=True, squeeze=False, height_ratios=heights)
    for panel, (title, some) in zip(panels[:, 0], shown.items(), strict=True):
        for place, row in enumerate(reversed(some)):
            value, low, high = _interval(row, "AUC")
            colour = BLUE if low > 0 else ORANGE if high < 0 else GREY
            panel.plot([low, high], [place, place], color=colour, linewidth=2)
            panel.plot(value, place, "o", color=colour, markersize=4)
        panel.axvline(0, color="black", linewidth=0.8)
        panel.set_yticks(range(len(some)), [row["method"] for row in reversed(some)], fontsize=7)
        panel.set_ylim(-0.7, len(some) - 0.3)
        panel.set_title(title, loc="left", fontsize=9, fontweight="bold")
    panels[-1, 0].set_xlabel("our AUC minus theirs, with the 90 % interval; right of the line ours is better")
    figure.savefig(file, dpi=120)
    return file


def _by_table(rows: Sequence[Row]) -> dict[str, list[Row]]:
    return {title: [row for row in rows if row["table"] == title] for title in dict.fromkeys(r["table"] for r in rows)}


def _cells(row: Row) -> dict[str, str]:
    """A line as it is read; a method that failed says why."""
    if "failed" in row:
        return {"method": row["method"], "AUC": row["failed"]}
    figures = {name: f"{row[name]:.4f}" for name in FIGURES}
    more = {f"our {name} minus its": _difference(row, name) for name in DIFFERENT}
    return {"method": row["method"], **figures, "fit s": f"{row['fit seconds']:.1f}", **more}


def _summary(title: str, some: Sequence[Row]) -> dict[str, str]:
    """Ours, tuned, beside the best of the others in each figure."""
    ours = next(row for row in some if row.get("name") == OURS[0])
    others = [row for row in some if "failed" not in row and row["name"] not in OURS]
    line = {"rows": title, "plain, DATA.md": f"{ours['plain']:.3f}" if ours["plain"] else ""}
    for name in DIFFERENT:
        pick = max if name in HIGHER_IS_BETTER else min
        best = pick(others, key=lambda row: row[name])
        line |= {f"our {name}": f"{ours[name]:.4f}", f"best other's {name}": f"{best[name]:.4f} ({best['method']})"}
        line |= {f"difference in {name}": _difference(best, name)}
    return line


def _difference(row: Row, name: str) -> str:
    if row["name"] == OURS[0]:
        return ""
    value, low, high = _interval(row, name)
    return f"{value:+.4f} ({low:+.4f} to {high:+.4f})"


def _interval(row: Row, name: str) -> tuple[float, float, float]:
    return row[_more(name)], row[f"{_more(name)} low"], row[f"{_more(name)} high"]


def _more(name: str) -> str:
    return f"ours minus its {name}"


def _markdown(lines: Sequence[Mapping[str, str]]) -> str:
    names = list(lines[0])
    sides = [":---" if name in ("method", "rows") else "---:" for name in names]
    body = [[line.get(name, "") for name in names] for line in lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [names, sides, *body])
