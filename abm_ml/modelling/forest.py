"""The picture of a comparison: a dot with its interval per variant, label below label."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from abm_ml.modelling.comparison import Line
from abm_ml.modelling.pictures import CHANCE, DASHED, INK, MODEL, page

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORSE = "#d55e00"
ROW, HEAD, FOOT = 0.42, 1.0, 0.8  # inches per variant, above all labels, and for each label's title and axis


def forest(compared: Mapping[str, Sequence[Line]]) -> Figure:
    """How well each variant ranks, with its 90 % interval, and by how much its log loss differs from the first one's.

    Blue is surely better than the first variant by log loss, orange surely worse, grey neither.
    """
    rows = {label: len(lines) for label, lines in compared.items()}
    figure, panels = page(
        "Which variant predicts later dates best?",
        "Dots are the AUC on later training dates, with 90% intervals; the dashed line is the first variant. On the "
        "right stands the log loss against the first: lower is better. Blue is surely better, orange surely worse.",
        heights=tuple(rows.values()),
        height=HEAD + sum(ROW * count + FOOT for count in rows.values()),
    )
    for axes, (label, lines) in zip(panels, compared.items(), strict=True):
        _panel(axes, label, lines)
    return figure


def _panel(axes: Axes, label: str, lines: Sequence[Line]) -> None:
    axes.axvline(lines[0].evaluation.roc_auc.value, **DASHED)
    for place, line in enumerate(lines):
        auc, colour = line.evaluation.roc_auc, _colour(line)
        axes.plot([auc.low, auc.high], [place, place], color=colour, linewidth=2.2, solid_capstyle="round")
        axes.plot([auc.value], [place], "o", color=colour, markersize=7)
        axes.annotate(_gap(line), (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=9, color=INK)
    axes.set_yticks(range(len(lines)), [textwrap.fill(line.variant, 34) for line in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_title(label, loc="left", fontsize=11, fontweight="bold", color=INK)
    axes.set_xlabel("AUC")
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def _colour(line: Line) -> str:
    gap = None if line.differences is None else line.differences["log_loss"]
    if gap is None or gap.low <= 0 <= gap.high:
        return INK if gap is None else CHANCE
    return MODEL if gap.high < 0 else WORSE


def _gap(line: Line) -> str:
    if line.differences is None:  # the first variant, or one that answers another question
        return f"log loss {line.evaluation.log_loss.value:.4f}"
    gap = line.differences["log_loss"]
    return f"{gap.value:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"
