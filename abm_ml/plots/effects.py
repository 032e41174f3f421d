"""Tactics: which ones go with more wins, and which with fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from abm_ml.plots.canvas import (
    BLUE,
    GREY,
    ORANGE,
    Place,
    canvas,
    hovers,
    picked,
    plotly_objects,
    reach,
    something,
)
from abm_ml.plots.periods import current, spans_of
from abm_ml.wording import in_picture, shortened, words_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BEST, _WORST = 6, 4
_KINDS = {"Clearly better": BLUE, "May be noise": GREY, "Clearly worse": ORANGE}


def tactics(rows: pd.DataFrame, *, currency: str = "") -> Figure:
    """The best and the worst tactics of the latest period: touched accounts against untouched ones, with intervals.

    Best are those whose interval reaches down least, worst those whose interval reaches up least: few accounts make
    no extremes.

    Raises:
        NothingToDraw: the rows hold no tactic_effectiveness of a tactic.
    """
    go = plotly_objects()
    spans = spans_of(rows)
    span = current(spans)
    found = something(picked(rows, "tactic_effectiveness", parts="each"), "tactic_effectiveness")
    found = something(found[found["period_from"] == (span.begin if span else None)], "tactic_effectiveness")
    shown = _extremes(found)
    places = {part: str(place) for place, part in enumerate(shown["part"])}
    left_out = f", {len(found) - len(shown)} between them left out" if len(shown) < len(found) else ""
    figure = canvas(f"What works best and worst{left_out}", height=150 + 34 * len(shown))
    kinds = pd.Series("May be noise", shown.index).mask(shown["low"] > 0, "Clearly better")
    kinds = kinds.mask(shown["high"] < 0, "Clearly worse")
    for kind, colour in _KINDS.items():
        mine = shown[kinds == kind]
        figure.add_trace(
            go.Scatter(
                x=mine["value"].tolist(),
                y=[places[part] for part in mine["part"]],
                mode="markers",
                name=kind,
                marker={"size": 11, "color": colour},
                error_x=reach(mine, colour),
                hovertext=hovers(mine, [words_of(part) for part in mine["part"]], Place(spans, currency)),
                hoverinfo="text",
            )
        )
    figure.add_vline(x=0, line={"color": GREY, "width": 1.5})
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=list(places.values())[::-1],
        tickvals=list(places.values()),
        ticktext=[in_picture(shortened(words_of(part), 24)) for part in places],
    )
    figure.update_xaxes(tickformat=".0%", nticks=6, title={"text": "touched against untouched"})
    figure.update_layout(showlegend=True)
    return figure


def _extremes(found: pd.DataFrame) -> pd.DataFrame:
    if len(found) > _BEST + _WORST:
        sure = found.assign(low=found["low"].fillna(found["value"]), high=found["high"].fillna(found["value"]))
        best = sure["low"].nlargest(_BEST).index
        worst = sure.drop(index=best)["high"].nsmallest(_WORST).index
        found = found.loc[[*best, *worst]]
    return found.sort_values("value", ascending=False)
