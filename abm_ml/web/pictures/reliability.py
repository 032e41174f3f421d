"""Whether probabilities come true: what was said against what happened, with the line on which both are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from abm_ml.web.pictures.lines import steps_up_to

_SIDE, _LEFT, _BOTTOM, _TOP, _RIGHT = 270, 44, 36, 24, 16


@dataclass(frozen=True, slots=True)
class Bin:
    """The accounts with about the same probability: what was said of them, and what happened with its interval."""

    said: float
    happened: float
    low: float
    high: float
    rows: int


def reliability(bins: Sequence[Bin], *, title: str, across: str, up: str) -> Markup:
    """A dot per bin; on the line, what was said came true. `across` and `up` name the axes."""
    step, top = steps_up_to(max(max(each.high, each.said) for each in bins))
    parts = [*_frame(step, top, across, up), *(_dot(each, top) for each in bins)]
    return Markup('<svg class="chart square" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _SIDE, _SIDE, title, Markup("").join(parts)
    )


def _place(x: float, y: float, top: float) -> tuple[float, float]:
    wide, tall = _SIDE - _LEFT - _RIGHT, _SIDE - _BOTTOM - _TOP
    return _LEFT + wide * min(x / top, 1.0), _TOP + tall * (1.0 - min(y / top, 1.0))


def _frame(step: float, top: float, across: str, up: str) -> list[Markup]:
    parts = []
    for number in range(round(top / step) + 1):
        value = number * step
        x, y = _place(value, value, top)
        written = f"{100 * value:.0f}%"
        parts.append(Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(_LEFT, y, _SIDE - _RIGHT))
        parts.append(Markup('<text x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(_LEFT - 4, y + 4, written))
        parts.append(
            Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(x, _SIDE - _BOTTOM + 16, written)
        )
    parts.append(
        Markup('<path class="equal" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>').format(
            *_place(0, 0, top), *_place(top, top, top)
        )
    )
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="end">{}</text>').format(_SIDE - _RIGHT, _SIDE - 4, across)
    )
    parts.append(Markup('<text class="axis" x="{}" y="{}">{}</text>').format(_LEFT, _TOP - 10, up))
    return parts


def _dot(each: Bin, top: float) -> Markup:
    x, y = _place(each.said, each.happened, top)
    ends = [_place(each.said, end, top)[1] for end in (each.low, each.high)]
    said, happened = f"{100 * each.said:.1f}%", f"{100 * each.happened:.1f}%"
    return Markup(
        '<path class="whisker" d="M{:.1f} {:.1f}V{:.1f}"/><circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4">'
        "<title>{} / {} (n = {:,})</title></circle>"
    ).format(x, *ends, x, y, said, happened, each.rows)
