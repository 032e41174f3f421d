"""Pictures of how good a model is and of what it looks at, for people who do not read statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.errors import SourceError
from abm_ml.features import FeatureColumn
from abm_ml.labels import Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

BINS = 10
Z_90 = 1.6448536269514722
STRONGEST = 20
MODEL, RULE, CHANCE, INK, GRID = "#0072b2", "#d55e00", "#8c8c8c", "#262626", "#e6e6e6"
DASHED: Mapping[str, Any] = {"color": CHANCE, "linestyle": (0, (4, 3)), "linewidth": 1.2}
GROUPS: Mapping[str, str] = {  # Okabe and Ito's colours, which colour-blind people tell apart
    "engagement": "#0072b2",
    "penetration": "#e69f00",
    "firmographic": "#009e73",
    "pipeline": "#cc79a7",
    "clients": "#56b4e9",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Rows that a model never saw: what happened (0 or 1), the probability it gave, the rule's score of the same rows.

    All three have the same order; `rule` is None where there is no rule to compare with.
    """

    label: Label
    happened: Floats
    probability: Floats
    rule: Floats | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """A tenth of the rows: their mean probability, and the share in which it happened with its 90 % interval (Wilson).

    The interval takes rows for independent; where accounts come back it is somewhat too narrow.
    """

    rows: int
    said: float
    happened: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Strength:
    """How much a feature moves a score: the mean of its contributions' sizes, as a probability (0.01 = one point)."""

    column: str
    group: str
    mean: float


def pictures(rows: HeldOut) -> dict[str, Figure]:
    """Every picture of a model's quality by the name of its file: roc, precision_recall, calibration, lift."""
    if not 0 < rows.happened.sum() < len(rows.happened):
        raise SourceError("Pictures need held-out rows of both kinds: some in which it happened, some in which not.")
    return {each.__name__: each(rows) for each in (roc, precision_recall, calibration, lift)}


def save_picture(figure: Figure, path: Path) -> Path:
    """The picture as a PNG file; the same picture gives the same bytes."""
    figure.savefig(path, format="png", dpi=150, metadata={"Software": None})
    return path


def roc(rows: HeldOut) -> Figure:
    """ROC curve: which share of the events is found for which share of false alarms, over all cut-offs."""
    auc = _auc(rows.happened, rows.probability)
    figure, (axes,) = page(
        f"How well the {rows.label.name} score tells accounts apart",
        f"Of two accounts, one among the {rows.label.yes} and one among the others, the first has the higher score "
        f"{auc:.0%} of the time (AUC {auc:.2f}).",
    )
    axes.plot([0, 1], [0, 1], label="chance (AUC 0.50)", **DASHED)
    for name, score, style in _rankings(rows):
        hits, misses = _ranked(rows.happened, score)
        axes.plot(misses / misses[-1], hits / hits[-1], label=f"{name} (AUC {_auc(rows.happened, score):.2f})", **style)
    axes.set(xlabel="share of the other accounts, called in vain", ylabel=f"share of all {rows.label.yes} found")
    _percent(axes)
    legend(axes, "lower right")
    return figure


def precision_recall(rows: HeldOut) -> Figure:
    """Precision-recall curve: how often a call is right, against how many of the events it finds."""
    base = float(rows.happened.mean())
    figure, (axes,) = page(
        f"How many of the accounts called turn out as {rows.label.yes}",
        f"Called from the highest score down. Calling everyone finds all {rows.label.yes}; {base:.1%} of those calls "
        "are right.",
    )
    axes.axhline(base, label="everyone (base rate)", **DASHED)
    tops = [base]
    for name, score, style in _rankings(rows):
        hits, misses = _ranked(rows.happened, score)
        precision = hits[1:] / (hits + misses)[1:]
        shown = hits[1:] + misses[1:] >= min(20, len(score))  # the first few rows jump between 0 and 1 and say nothing
        axes.plot(hits[1:][shown] / hits[-1], precision[shown], label=name, **style)
        tops.append(float(precision[shown].max()))
    axes.set(xlabel=f"share of all {rows.label.yes} found", ylabel="share of calls that are right")
    _percent(axes, top=min(1.0, 1.15 * max(tops)))
    legend(axes, "upper right")
    return figure


def calibration(rows: HeldOut) -> Figure:
    """Reliability diagram: what was said against what happened, in tenths of the rows, over how often each was said."""
    bins = reliability(rows.happened, rows.probability)
    figure, (axes, below) = page(
        f"Does it happen as often as the {rows.label.name} score says?",
        "Each dot is a tenth of the scores, with its 90% interval. On the line, the score is exactly right.",
        heights=(4, 1),
    )
    said, happened = np.array([each.said for each in bins]), np.array([each.happened for each in bins])
    reach = np.array([[each.happened - each.low for each in bins], [each.high - each.happened for each in bins]])
    top = min(1.0, 1.12 * max(*(each.high for each in bins), float(np.quantile(rows.probability, 0.99))))
    beyond = int((rows.probability > top).sum())
    axes.plot([0, 1], [0, 1], label="exactly right", **DASHED)
    axes.errorbar(said, happened, yerr=reach, color=MODEL, fmt="o", markersize=6, capsize=3, label="what happened")
    axes.set(ylabel="share in which it happened")
    _percent(axes, top=top, right=top)
    legend(axes, "upper left")
    below.hist(rows.probability, bins=np.linspace(0, top, 41).tolist(), color=MODEL, alpha=0.55)
    said_above = f" ({beyond:,} above {top:.0%} are not shown)" if beyond else ""
    below.set(xlabel=f"probability of {rows.label.name} that was given{said_above}", ylabel="scores", xlim=(0, top))
    below.xaxis.set_major_formatter("{x:.0%}" if top > 0.1 else "{x:.1%}")
    axes.tick_params(labelbottom=False)
    return figure


def lift(rows: HeldOut) -> Figure:
    """Gains curve: which share of the events the best-scored accounts hold, with the lift of the top tenth."""
    hits, misses = _ranked(rows.happened, rows.probability)
    taken = (hits + misses) / len(rows.happened)
    found = float(np.interp(0.1, taken, hits / hits[-1]))
    figure, (axes,) = page(
        f"How many {rows.label.yes} the best-scored accounts hold",
        f"The tenth of accounts with the highest scores holds {found:.0%} of all {rows.label.yes}: "
        f"{found / 0.1:.1f} times as many as a random tenth.",
    )
    perfect = float(rows.happened.mean())
    axes.plot([0, 1], [0, 1], label="random order", **DASHED)
    axes.plot([0, perfect, 1], [0, 1, 1], color=CHANCE, linewidth=1.2, linestyle=":", label="the best possible order")
    for name, score, style in _rankings(rows):
        found_by, missed_by = _ranked(rows.happened, score)
        axes.plot((found_by + missed_by) / len(score), found_by / found_by[-1], label=name, **style)
    axes.plot([0.1, 0.1, 0], [0, found, found], color=INK, linewidth=0.8)
    axes.plot([0.1], [found], "o", color=MODEL, markersize=7)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.annotate(f"top 10%: {found:.0%}", (0.1, found), (11, -4), textcoords="offset points", color=INK, bbox=box)
    axes.set(xlabel="share of accounts called, best score first", ylabel=f"share of all {rows.label.yes} found")
    _percent(axes)
    legend(axes, "lower right")
    return figure


def summary_bars(label: Label, strengths: Sequence[Strength]) -> Figure:
    """What moves a score most: the mean size of the strongest features' contributions, coloured by group."""
    from matplotlib.patches import Patch

    shown = strengths[:STRONGEST][::-1]
    figure, (axes,) = page(
        f"What moves the {label.name} score most",
        "By how many percentage points each fact moves an account's probability, up or down, on average.",
        height=1.6 + 0.3 * len(shown),
    )
    points = [100 * each.mean for each in shown]
    colours = [GROUPS.get(each.group, CHANCE) for each in shown]
    drawn = axes.barh([words_of(each.column) for each in shown], points, color=colours)
    digits = 1 if max(points, default=0.0) >= 5 else 2
    axes.bar_label(drawn, [f"{value:.{digits}f}" for value in points], padding=4, color=INK, fontsize=9)
    axes.set(xlabel="percentage points", xlim=(0, 1.12 * max(points, default=0.0) or 1.0))
    axes.margins(y=0.01)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    there = [group for group in GROUPS if any(each.group == group for each in shown)]
    if there:
        axes.legend([Patch(color=GROUPS[group]) for group in there], there, loc="lower right", frameon=False)
    return figure


def strengths_of(contributions: pd.DataFrame, columns: Sequence[FeatureColumn]) -> tuple[Strength, ...]:
    """Each feature's strength, the strongest first; `contributions` is one row per score, a probability per feature."""
    groups = {column.name: column.group for column in columns}
    means = contributions.abs().mean()
    found = [Strength(str(name), groups.get(str(name), "own"), float(mean)) for name, mean in means.items()]
    return tuple(sorted(found, key=lambda each: (-each.mean, each.column)))


def words_of(column: str) -> str:
    """A column's name as people read it: "meetings_held_90d" is "meetings held, 90 days"."""
    name, _, window = column.rpartition("_")
    if name and window.endswith("d") and window[:-1].isdigit():
        return f"{name.replace('_', ' ')}, {window[:-1]} day{'' if window == '1d' else 's'}"
    return column.replace("_", " ")


def reliability(happened: Floats, probability: Floats) -> tuple[Bin, ...]:
    """Rows in ten bins from the lowest to the highest probability; equal probabilities share a bin."""
    places = np.searchsorted(np.sort(probability), probability, side="left") * BINS // len(probability)
    bins = []
    for place in np.unique(places):
        chosen = places == place
        rows, share = int(chosen.sum()), float(happened[chosen].mean())
        bins.append(Bin(rows, float(probability[chosen].mean()), share, *_wilson(share, rows)))
    return tuple(bins)


def _wilson(share: float, rows: int) -> tuple[float, float]:
    """The 90 % interval of a share of so many independent rows (Wilson 1927)."""
    spread = Z_90**2 / rows
    middle = (share + spread / 2) / (1 + spread)
    half = Z_90 * np.sqrt(share * (1 - share) / rows + spread / (4 * rows)) / (1 + spread)
    return min(share, max(0.0, float(middle - half))), max(share, min(1.0, float(middle + half)))


def _ranked(happened: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Events and other rows from the highest score down to the end of each run of equal scores, starting at none."""
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    hits = np.cumsum(happened[order])[ends]
    return np.insert(hits, 0, 0.0), np.insert(ends + 1.0 - hits, 0, 0.0)


def _auc(happened: Floats, score: Floats) -> float:
    hits, misses = _ranked(happened, score)
    return float(np.trapezoid(hits, misses) / (hits[-1] * misses[-1]))


def _rankings(rows: HeldOut) -> list[tuple[str, Floats, dict[str, Any]]]:
    """What is drawn as a curve, the model last so that it lies on top."""
    model = ("this model", rows.probability, {"color": MODEL, "linewidth": 2.4})
    if rows.rule is None:
        return [model]
    return [("rule-based score", rows.rule, {"color": RULE, "linewidth": 1.6, "linestyle": (0, (6, 1.5))}), model]


def page(
    title: str, subtitle: str, *, heights: tuple[int, ...] = (1,), height: float = 5.4
) -> tuple[Figure, Sequence[Axes]]:
    """An empty picture in the house style: a title in words, what to see below it, axes under one another."""
    import textwrap

    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    lines = textwrap.wrap(subtitle, 92)
    head = 1 - (0.6 + 0.19 * len(lines)) / height
    figure = Figure(figsize=(7.2, height), facecolor="white")
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0.005, 0.005, 0.98, head)))
    figure.text(0.02, 1 - 0.15 / height, title, va="top", fontsize=14, fontweight="bold", color=INK)
    figure.text(0.02, 1 - 0.48 / height, "\n".join(lines), va="top", fontsize=10, color="#555555", linespacing=1.3)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    pages = [figure.add_subplot(grid[place]) for place in range(len(heights))]
    for axes in pages:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(colors=INK, labelsize=9.5)
    return figure, pages


def _percent(axes: Axes, *, top: float = 1.0, right: float = 1.0) -> None:
    axes.set(xlim=(0, right), ylim=(0, top))
    for axis, reach in ((axes.xaxis, right), (axes.yaxis, top)):
        axis.set_major_formatter("{x:.0%}" if reach > 0.1 else "{x:.1%}")


def legend(axes: Axes, place: Any) -> None:
    """The model first, as it was drawn last."""
    handles, names = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], names[::-1], loc=place, frameon=False)
