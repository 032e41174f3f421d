"""Pictures of reasons: how one score came about, and what moves the scores of many accounts."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.features import FeatureColumn
from abm_ml.reasons.contributions import Contributions, Floats
from abm_ml.reasons.rows import OTHER
from abm_ml.reasons.sentences import display_name, effect

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UP, DOWN, REST, ENDS, INK, FAINT = "#1b7f79", "#c8553d", "#a9b0b7", "#2f3e4e", "#22303c", "#dfe3e6"
LINE_CELLS, MOST_LINES = 44, 3
ROW_INCHES, ROW_LINES, BAR = 0.46, 2, 0.6
# Fonts that know scripts which the first one lacks; those that are installed are used.
FONTS = (
    "DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR",
    "Source Han Sans SC", "WenQuanYi Zen Hei", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai", "Arial Unicode MS",
)  # fmt: skip
NO_BREAK = "\N{NO-BREAK SPACE}"
LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"  # else a name in Arabic at the beginning turns the whole line
UNKNOWN_GLYPH = "\N{WHITE SQUARE}"
SWARM_BINS, SWARM_HEIGHT = 120, 0.38


def waterfall(reasons: pd.DataFrame, *, base_probability: float, probability: float, title: str) -> Figure:
    """How one score came about: from where its reasons start, reason by reason, to its probability.

    `reasons` are the rows of `reasons.parquet` of one account and label.
    """
    rows = reasons.sort_values("rank")
    points = rows["points"].to_numpy(dtype=np.float64)
    edges = 100.0 * (base_probability + np.concatenate([[0.0], np.cumsum(points)]))
    words = ["Where every account starts", *(_words(text) for text in rows["text"]), "This account"]
    labels = [_wrapped(text) for text in words]
    heights = [max(label.count("\n") + 1, ROW_LINES) / ROW_LINES for label in labels]
    middles = np.cumsum(heights) - np.array(heights) / 2
    figure, axes = _sheet(1.25 + ROW_INCHES * sum(heights))
    _bars(axes, middles, edges, is_rest=(rows["feature"] == OTHER).to_numpy())
    for middle, share, where in ((middles[0], base_probability, 0), (middles[-1], probability, -1)):
        _end(axes, middle, 100.0 * share, edges=edges)
        labels[where] = labels[where].replace("\n", " ")
    _labelled(axes, middles, labels)
    _scaled(axes, edges, bottom=sum(heights))
    axes.xaxis.set_major_formatter("{x:g} %")
    axes.set_xlabel("probability; each bar is one reason, in percentage points", fontsize=8.5, color=INK)
    head = LEFT_TO_RIGHT + _drawable(title)
    figure.suptitle(head, x=0.012, ha="left", fontsize=12, fontweight="bold", color=INK, **_plain_text())
    return figure


def beeswarm(block: Contributions, *, columns: Iterable[FeatureColumn], most: int = 15) -> Figure:
    """What moves the scores of many accounts: a dot per account and feature, right where it raises the probability.

    The `most` influential of the model's `columns` are shown. Dark dots have high values, light ones low, grey ones
    none. A few thousand accounts are plenty.
    """
    names = {column.name: display_name(column) for column in columns}
    strength = np.abs(block.points).mean(axis=0)
    shown = np.argsort(-strength, kind="stable")[:most]
    figure, axes = _sheet(1.4 + 0.36 * len(shown))
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    for place, column in enumerate(shown):
        dots, spread = 100.0 * block.points[:, column], _spread(block.points[:, column])
        colours = _ranked(block.inputs[:, column])
        known = ~np.isnan(colours)
        axes.scatter(dots[~known], place + spread[~known], s=7, color=REST, linewidths=0, zorder=2)
        last = axes.scatter(
            dots[known], place + spread[known], s=7, c=colours[known], cmap="viridis_r", vmin=0, vmax=1, linewidths=0,
            zorder=3,
        )  # fmt: skip
        if not place:
            bar = figure.colorbar(last, ax=axes, ticks=[0, 1], aspect=40, pad=0.02)
            bar.ax.set_yticklabels(["low", "high"], fontsize=8.5)
            bar.set_label("value of the feature (grey: missing)", fontsize=8.5, color=INK, labelpad=-16)
            bar.outline.set_visible(False)
    _labelled(
        axes,
        np.arange(len(shown), dtype=np.float64),
        [_drawable(names.get(block.names[column], block.names[column])) for column in shown],
    )
    axes.set_ylim(len(shown) - 0.4, -0.6)
    _bare(axes)
    axes.set_xlabel("effect on an account's probability, in percentage points", fontsize=8.5, color=INK)
    return figure


def _sheet(inches_high: float) -> tuple[Figure, Any]:
    """An empty picture that belongs to nobody's pyplot."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12)
    figure = Figure(figsize=(9.6, inches_high), dpi=150, facecolor="white", layout=layout)
    return figure, figure.add_subplot()


def _bars(axes: Any, middles: Floats, edges: Floats, *, is_rest: NDArray[np.bool_]) -> None:
    span = max(float(np.ptp(edges)), 1e-9)
    for above, middle, level in zip(middles, middles[1:], edges, strict=False):
        axes.plot([level, level], [above + BAR / 2, middle - BAR / 2], color=ENDS, linewidth=0.6, alpha=0.5, zorder=2)
    for middle, start, end, rest in zip(middles[1:], edges, edges[1:], is_rest, strict=False):
        moved = end - start
        colour = REST if rest else UP if moved >= 0 else DOWN
        axes.barh(middle, moved, left=start, height=BAR, color=colour, zorder=3)
        right = moved >= 0
        axes.text(
            end + (0.012 if right else -0.012) * span, middle, effect(moved / 100.0).removesuffix(" points"),
            ha="left" if right else "right", va="center", fontsize=8.5, color=INK if rest else colour,
            fontweight="normal" if rest else "bold", zorder=4,
        )  # fmt: skip


def _end(axes: Any, middle: float, percent: float, *, edges: Floats) -> None:
    """The probability before the first reason, or after the last one: a line with its figure."""
    span = max(float(np.ptp(edges)), 1e-9)
    axes.plot([percent, percent], [middle - BAR / 2, middle + BAR / 2], color=ENDS, linewidth=3.2, zorder=4)
    axes.text(
        percent + 0.014 * span, middle, f"{percent:.1f} %", va="center", fontsize=10, fontweight="bold", color=ENDS
    )


def _labelled(axes: Any, middles: Floats, labels: Sequence[str]) -> None:
    axes.set_yticks(middles)
    axes.set_yticklabels(labels, fontsize=8.8, color=INK, linespacing=1.1, **_plain_text())
    axes.tick_params(axis="y", length=0)


def _scaled(axes: Any, edges: Floats, *, bottom: float) -> None:
    low, high = float(edges.min()), float(edges.max())
    room = 0.13 * max(high - low, 1e-3)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(bottom, 0.0)
    _bare(axes)


def _bare(axes: Any) -> None:
    axes.grid(axis="x", color=FAINT, linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", labelsize=8.5, colors=INK, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _words(text: str) -> str:
    """A reason's sentence without the effect at its end, which the bar shows."""
    words, _, _ = text.rpartition(" (")
    for together in ("as is typical", "typical is "):
        words = words.replace(together, together.replace(" ", NO_BREAK))
    return words


def _wrapped(text: str) -> str:
    """A label of at most three lines; a character of a wide script takes two cells."""
    lines, line, width = [], "", 0
    for word in _broken(_drawable(text)):
        cells = _cells(word)
        if line and width + cells > LINE_CELLS:
            lines.append(line.strip())
            line, width = "", 0
        line, width = line + word, width + cells
    lines.append(line.strip())
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][: LINE_CELLS // 2] + " ..."]
    return "\n".join(lines)


def _broken(text: str) -> list[str]:
    """Words with their spaces; one that no line can hold is cut into single characters."""
    words = [word + " " for word in text.split(" ")]
    return [part for word in words for part in ([word] if _cells(word) <= LINE_CELLS // 2 else list(word))]


def _cells(text: str) -> int:
    return sum(2 if letter == UNKNOWN_GLYPH or unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _drawable(text: str) -> str:
    """The text with a box for what no installed font can draw, and for controls that would turn or hide the rest."""
    known = _fonts()[1]
    letters = (" " if letter in "\n\t\r" else letter for letter in text)
    return "".join(
        letter if ord(letter) in known and unicodedata.category(letter) not in {"Cc", "Cf"} else UNKNOWN_GLYPH
        for letter in letters
    )


def _plain_text() -> dict[str, Any]:
    """Text as it is: a dollar sign starts no formula."""
    return {"fontfamily": list(_fonts()[0]), "parse_math": False}


@cache
def _fonts() -> tuple[tuple[str, ...], frozenset[int]]:
    """The installed fonts, and every character that they can draw."""
    from matplotlib import font_manager

    logging.getLogger(font_manager.__name__).addFilter(_is_no_matter_of_weight)
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    names = tuple(name for name in FONTS if name in installed)
    paths = [font_manager.findfont(font_manager.FontProperties(family=name)) for name in names]
    return names, frozenset().union(*(font_manager.get_font(path).get_charmap() for path in paths))


def _is_no_matter_of_weight(record: logging.LogRecord) -> bool:
    """Many fonts of other scripts come in one weight only; text in it is as good, and no user could do anything."""
    return "Failed to find font weight" not in record.getMessage()


def _spread(points: Floats) -> Floats:
    """How far each dot stands from its line so that crowded places look crowded; the same for the same points."""
    low, high = float(points.min()), float(points.max())
    bins = np.floor((points - low) / max(high - low, 1e-12) * (SWARM_BINS - 1)).astype(np.intp)
    mixed = np.random.default_rng(0).permutation(len(points))  # in order of size, a bin would look like a feather
    order = np.lexsort((mixed, bins))
    starts = np.searchsorted(bins[order], np.arange(SWARM_BINS))
    layer = np.empty(len(points))
    layer[order] = np.arange(len(points)) - starts[bins[order]]
    offset = np.ceil(layer / 2) * np.where(layer % 2 == 0, 1.0, -1.0)
    spread: Floats = offset * min(SWARM_HEIGHT / max(float(np.abs(offset).max()), 1.0), 0.05)
    return spread


def _ranked(values: Floats) -> Floats:
    """Values as places between the lowest (0) and the highest (1); NaN stays NaN."""
    ranks = pd.Series(values).rank(method="average")
    return np.asarray((ranks - ranks.min()) / max(float(ranks.max() - ranks.min()), 1.0), dtype=np.float64)
