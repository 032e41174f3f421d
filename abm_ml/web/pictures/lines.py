"""Lines over time with their intervals, and small trends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDE, _HIGH = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 12, 26
_TREND_WIDE, _TREND_HIGH, _EDGE = 120, 28, 4
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_LINES = 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """One value over time; `label` is read when it is pointed at; a `hollow` one differs in kind from the others."""

    x: float
    y: float
    low: float | None
    high: float | None
    label: str
    tick: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The plane of a chart: what its edges stand for, and how a value on the vertical axis is written."""

    left: float
    right: float
    bottom: float
    top: float
    written: Callable[[float], str]

    def place(self, x: float, y: float) -> Point:
        """Where a value stands in the picture; a single date stands in the middle."""
        across = (x - self.left) / (self.right - self.left) if self.right > self.left else 0.5
        up = (min(max(y, self.bottom), self.top) - self.bottom) / ((self.top - self.bottom) or 1.0)
        return _LEFT + across * (_WIDE - _LEFT - _RIGHT), _HIGH - _BOTTOM - up * (_HIGH - _TOP - _BOTTOM)


def shares_over_time(marks: Sequence[Mark], *, written: Callable[[float], str], title: str) -> Markup:
    """Shares in the order of time as a line from 0 up, with a band for the intervals."""
    top = max(mark.y if mark.high is None else mark.high for mark in marks)
    step, ceiling = steps_up_to(top)
    return line_chart(marks, Frame(marks[0].x, marks[-1].x, 0.0, ceiling, written), step=step, title=title)


def steps_up_to(top: float) -> tuple[float, float]:
    """The distance of a few round lines that reach up to a share, and the last of them."""
    step = next((step for step in _STEPS if step * _LINES >= top), 0.25)
    return step, step * max(1, math.ceil(top / step - 1e-9))


def line_chart(marks: Sequence[Mark], frame: Frame, *, step: float, title: str) -> Markup:
    """A line through the marks, which are in the order of time, in a frame with a line every `step`."""
    line = _points(frame.place(mark.x, mark.y) for mark in marks)
    parts = [
        *_grid(frame, step),
        _band(marks, frame),
        Markup('<polyline class="line" points="{}"/>').format(line),
        *(_dot(mark, frame) for mark in marks),
        *_ticks(marks, frame),
    ]
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDE, _HIGH, title, Markup("").join(parts)
    )


def trend(values: Sequence[float | None]) -> Markup:
    """A line of a few letters' size, with a dot at its end; nothing for fewer than three values."""
    known = [(place, value) for place, value in enumerate(values) if value is not None and math.isfinite(value)]
    if len(known) < 3:
        return Markup("")
    low, high = min(value for _, value in known), max(value for _, value in known)
    wide, tall = _TREND_WIDE - 2 * _EDGE, _TREND_HIGH - 2 * _EDGE
    points = [
        (_EDGE + place * wide / (len(values) - 1), _EDGE + tall * (high - value) / ((high - low) or 1.0))
        for place, value in known
    ]
    return Markup(
        '<svg class="trend" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMid" aria-hidden="true" focusable="false">'
        '<polyline points="{}"/><circle cx="{:.1f}" cy="{:.1f}" r="3"/></svg>'
    ).format(_TREND_WIDE, _TREND_HIGH, _points(points), *points[-1])


def _grid(frame: Frame, step: float) -> Iterator[Markup]:
    count = round((frame.top - frame.bottom) / step)
    for number in range(count + 1):
        value = frame.bottom + number * step
        _, y = frame.place(frame.left, value)
        yield Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(_LEFT, y, _WIDE - _RIGHT)
        yield Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            _LEFT - 6, y + 4, frame.written(value)
        )


def _band(marks: Sequence[Mark], frame: Frame) -> Markup:
    sides = [(mark.x, mark.low, mark.high) for mark in marks if mark.low is not None and mark.high is not None]
    if len(sides) < 2:
        return Markup("").join(
            Markup('<path class="whisker" d="M{:.1f} {:.1f}V{:.1f}"/>').format(
                *frame.place(x, low), frame.place(x, high)[1]
            )
            for x, low, high in sides
        )
    there = [frame.place(x, high) for x, _, high in sides]
    back = [frame.place(x, low) for x, low, _ in reversed(sides)]
    return Markup('<polygon class="band" points="{}"/>').format(_points([*there, *back]))


def _dot(mark: Mark, frame: Frame) -> Markup:
    x, y = frame.place(mark.x, mark.y)
    kind = "dot hollow" if mark.hollow else "dot"
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="4.5"><title>{}</title></circle>').format(
        kind, x, y, mark.label
    )


def _ticks(marks: Sequence[Mark], frame: Frame) -> Iterator[Markup]:
    """The first and the last date, and one between where there is room."""
    middle = marks[len(marks) // 2 : len(marks) // 2 + 1] if len(marks) > 4 else ()
    shown = {mark.x: mark for mark in (marks[0], *middle, marks[-1])}
    for place, mark in enumerate(shown.values()):
        anchor = "start" if not place else "end" if place == len(shown) - 1 else "middle"
        x, _ = frame.place(mark.x, frame.bottom)
        yield Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(x, _HIGH - 8, anchor, mark.tick)


def _points(places: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
