"""Bars: one line each, as wide as there is room, so that they stand in the cells of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

_WIDE, _HIGH, _THIN = 1000.0, 20, 4.0


@dataclass(frozen=True, slots=True)
class Scale:
    """What the left and the right end of all bars of a picture stand for."""

    left: float
    right: float

    def place(self, value: float) -> float:
        """Where a value stands, between 0 and 1000; what lies outside stands at the edge."""
        share = (value - self.left) / ((self.right - self.left) or 1.0)
        return _WIDE * min(max(share, 0.0), 1.0)


def scale_around(values: Iterable[float], *, room: float = 0.04) -> Scale:
    """A scale that holds all values, with a little room at both ends."""
    known = list(values)
    low, high = min(known), max(known)
    margin = room * (high - low) or 1.0
    return Scale(low - margin, high + margin)


def moved(start: float, end: float, scale: Scale, *, kind: str, guide: float) -> Markup:
    """A bar from where something stood to where it went, with a line at `guide`; `kind` is its class."""
    left, right = sorted((scale.place(start), scale.place(end)))
    line = _rect("guide", scale.place(guide) - 1, 0, 2.0, _HIGH)
    return _svg("bar", line, _rect(kind, left, 3, max(right - left, _THIN), _HIGH - 6))


def stand(value: float, scale: Scale) -> Markup:
    """A mark where something stands: the beginning or the end of a waterfall."""
    return _svg("bar", _rect("stand", scale.place(value) - 4, 0, 8.0, _HIGH))


def interval(low: float, value: float, high: float, *, cuts: Iterable[float] = ()) -> Markup:
    """A probability on the way from 0 to 1: a band for its interval, a mark for itself, a line for each grade's cut."""
    scale = Scale(0.0, 1.0)
    parts = [_rect("track", 0.0, 7, _WIDE, 6)]
    parts += [_rect("cut", scale.place(cut) - 1, 4, 2.0, 12) for cut in cuts]
    width = max(scale.place(high) - scale.place(low), _THIN)
    parts += [_rect("band", scale.place(low), 5, width, 10)]
    parts += [_rect("stand", min(scale.place(value), _WIDE - 4) - 4, 1, 8.0, 18)]
    return _svg("bar interval", *parts)


def filled(share: float | None, *, goal: float | None = None) -> Markup:
    """How much of a whole is reached, with a line at the goal."""
    scale = Scale(0.0, 1.0)
    parts = [_rect("track", 0.0, 4, _WIDE, 12)]
    if share:
        parts.append(_rect("part", 0.0, 4, max(scale.place(share), _THIN), 12))
    if goal is not None:
        parts.append(_rect("goal", min(scale.place(goal), _WIDE - 5) - 5, 0, 10.0, _HIGH))
    return _svg("bar meter", *parts)


def _rect(kind: str, left: float, top: int, width: float, height: int) -> str:
    return f'<rect class="{kind}" x="{left:.1f}" y="{top}" width="{width:.1f}" height="{height}"/>'


def _svg(kind: str, *rects: str) -> Markup:
    head = f'<svg class="{kind}" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
    return Markup(f"{head}{''.join(rects)}</svg>")  # noqa: S704 -- numbers, and classes that this package names
