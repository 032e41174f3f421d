"""Waterfalls: from one probability to another, step by step, in tenths of a point that add up as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Protocol

from markupsafe import Markup

from abm_ml.web.formats import tenths, tenths_that_add_up, way
from abm_ml.web.pictures.bars import Scale, moved, scale_around, stand

CHANGEABLE, GIVEN, REST = "changeable", "given", "rest"
OTHER = "other"


class Reason(Protocol):
    """A row of the table of reasons."""

    @property
    def feature(self) -> str: ...  # noqa: D102 -- the columns of reasons.parquet
    @property
    def points(self) -> float: ...  # noqa: D102 -- the columns of reasons.parquet
    @property
    def controllable(self) -> bool: ...  # noqa: D102 -- the columns of reasons.parquet
    @property
    def text(self) -> str: ...  # noqa: D102 -- the columns of reasons.parquet


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in tenths of a point: what it is, by how much it moves, and from where to where."""

    text: str
    moves: int
    start: int
    end: int
    kind: str

    @property
    def way(self) -> str:
        """Where it goes: up, down or level."""
        return way(self.moves)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From `start` to `end`, both in tenths of a point; the steps between add up to the difference.

    All its bars share one scale.
    """

    start: int
    end: int
    steps: tuple[Step, ...]
    scale: Scale

    def of(self, kind: str) -> tuple[Step, ...]:
        """The steps of one kind."""
        return tuple(step for step in self.steps if step.kind == kind)

    def sum_of(self, kind: str) -> int:
        """What the steps of one kind move together, in tenths of a point."""
        return sum(step.moves for step in self.of(kind))

    def bar(self, step: Step) -> Markup:
        """The bar of a step."""
        way = "rest" if step.kind == REST else step.way
        return moved(step.start, step.end, self.scale, kind=way, guide=self.start)

    def mark(self, place: int) -> Markup:
        """The mark of the beginning or the end."""
        return stand(place, self.scale)


def of_reasons(base: float, probability: float, reasons: Sequence[Reason]) -> Waterfall:
    """From where every account starts to this one's probability: what can be changed, what cannot, and the rest.

    Within each, what raises the probability comes first.
    """
    kinds = {CHANGEABLE: 0, GIVEN: 1, REST: 2}
    ordered = sorted(reasons, key=lambda reason: (kinds[_kind(reason)], -reason.points))
    parts = [(without_effect(reason.text), reason.points, _kind(reason)) for reason in ordered]
    return _waterfall(tenths(base), tenths(probability), parts)


def of_changes(before: float, now: float, parts: Iterable[tuple[str, float]]) -> Waterfall:
    """From an earlier probability to this one, by named parts in probability."""
    return _waterfall(tenths(before), tenths(now), [(without_effect(text), points, GIVEN) for text, points in parts])


def without_effect(sentence: str) -> str:
    """A reason's sentence without the effect at its end, which the bar shows: "2 meetings (+3.4 points)."."""
    words, bracket, end = sentence.rpartition(" (")
    return words if bracket and end.rstrip(".)").endswith(("points", "points up", "points down")) else sentence


def _kind(reason: Reason) -> str:
    if reason.feature == OTHER:
        return REST
    return CHANGEABLE if reason.controllable else GIVEN


def _waterfall(start: int, end: int, parts: Sequence[tuple[str, float, str]]) -> Waterfall:
    moves = tenths_that_add_up([points for _, points, _ in parts], end - start) if parts else []
    stands = pairwise(accumulate(moves, initial=start))
    steps = [
        Step(text, move, before, after, kind)
        for (text, _, kind), move, (before, after) in zip(parts, moves, stands, strict=True)
    ]
    return Waterfall(start, end, tuple(steps), scale_around([start, end, *(step.end for step in steps)]))
