"""The picture: CPU seconds of each method, one panel per size of the log, on one logarithmic scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from goals import METHODS, SIZES
from running import Ran

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours; the names beside the bars say the same.
OURS, RIVAL, LIMIT = "#0072b2", "#e69f00", "#999999"
EVENTS = {"XXS": "100 thousand", "S": "1 million", "M": "10 million", "L": "100 million"}
SNAPSHOTS = "24 months"


def draw(rans: Sequence[Ran], file: Path) -> None:
    """Draws the runs at 24 snapshots with all memory, the slowest method of each size on top."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import StrMethodFormatter

    shown = {size: _slowest_last([ran for ran in rans if _is_shown(ran, size)]) for size in SIZES}
    sizes = [size for size, some in shown.items() if some]
    heights = [len(shown[size]) + 1 for size in sizes]
    figure, panels = plt.subplots(
        len(sizes),
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        figsize=(9, 0.36 * sum(heights) + 1),
        layout="constrained",
    )
    for panel, size in zip(panels[:, 0], sizes, strict=True):
        _panel(panel, shown[size])
        panel.set_title(f"{EVENTS[size]} events", loc="left", fontsize=10, fontweight="bold")
    panels[-1, 0].set_xlabel("CPU seconds, logarithmic; in brackets: times what the local plan takes")
    panels[-1, 0].xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    figure.suptitle("119 columns for every account at 24 snapshots", x=0.01, ha="left", fontsize=12)
    figure.savefig(file, dpi=130)
    plt.close(figure)


def _is_shown(ran: Ran, size: str) -> bool:
    case = ran.case
    return case.size == size and case.snapshots == SNAPSHOTS and case.memory is None and ran.cpu is not None


def _slowest_last(rans: Sequence[Ran]) -> list[Ran]:
    return sorted(rans, key=lambda ran: ran.cpu or 0.0)


def _panel(panel: Axes, rans: Sequence[Ran]) -> None:
    ours = next((ran.cpu for ran in rans if ran.case.method == "local"), None)
    for place, ran in enumerate(rans):
        method, cpu = METHODS[ran.case.method], ran.cpu or 0.0
        colour = LIMIT if ran.case.method == "limit" else RIVAL if method.is_rival else OURS
        panel.barh(place, cpu, color=colour)
        times = f"  ({cpu / ours:.3g}x)" if ours and method.is_rival else ""
        panel.annotate(f" {cpu:.3g} s{times}", (cpu, place), va="center", fontsize=9)
    panel.set_yticks(range(len(rans)), [METHODS[ran.case.method].title for ran in rans], fontsize=9)
    panel.set_xscale("log")
    panel.margins(x=0.2)
    panel.grid(axis="x", color="#dddddd")
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
