"""Small pieces of HTML: text of the data made harmless, tables that scroll by themselves, tiny trends."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

from abm_ml.wording import visible

_WIDE, _HIGH, _EDGE = 120, 32, 4


def safe(text: str) -> str:
    """Text of the data as text of a page, whatever it contains and in whatever direction it runs."""
    return html.escape(visible(text), quote=True)


def apart(text: str) -> str:
    """Text of the data that does not turn the direction of what stands beside it."""
    return f"<bdi>{safe(text)}</bdi>"


def table(caption: str, head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already; the first of each line is its heading. It scrolls where it is wide."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in body
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{html.escape(html.unescape(caption))}"><table>'
        f"<caption><span>{caption}</span></caption><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def trend(values: Sequence[float]) -> str:
    """A line of a few letters' size over the periods, with a dot at its end; nothing for fewer than three values."""
    known = [(place, value) for place, value in enumerate(values) if math.isfinite(value)]
    if len(known) < 3:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    step, size = (_WIDE - 2 * _EDGE) / (len(values) - 1), (high - low) or 1.0
    points = [
        (_EDGE + place * step, _HIGH - _EDGE - (value - low) / size * (_HIGH - 2 * _EDGE)) for place, value in known
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg class="trend" viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="xMinYMid" aria-hidden="true">'
        f'<polyline points="{path}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/></svg>'
    )
