"""Cost and return: what winning a client costs, and what the program brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm_ml.plots.canvas import (
    BLUE,
    GREEN,
    ORANGE,
    NothingToDraw,
    Place,
    Style,
    axis_of,
    canvas,
    line,
    over_time,
    picked,
)
from abm_ml.plots.periods import spans_of

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

_STYLES = {
    "cac": Style("Sales and marketing", BLUE),
    "cac_full": Style("All costs", ORANGE, "diamond", "dash"),
    "roi": Style("Return on the program's cost", GREEN, "square"),
}
_PANELS = {"Cost of winning a client": ("cac", "cac_full"), "Return on the program's cost": ("roi",)}


def cac_and_roi(rows: pd.DataFrame, *, currency: str = "") -> Figure:
    """What winning one client costs, simple and with all costs, and the return on the program's cost, by period.

    Raises:
        NothingToDraw: the rows hold none of cac, cac_full and roi.
    """
    spans = spans_of(rows)
    found = {name: picked(rows, name) for name in _STYLES}
    panels = {title: [name for name in names if len(found[name])] for title, names in _PANELS.items()}
    panels = {title: names for title, names in panels.items() if names}
    if not panels:
        raise NothingToDraw("There is nothing to draw: the rows hold none of cac, cac_full and roi.")
    figure = canvas("Cost of winning a client, and return", height=160 * len(panels) + 150, panels=list(panels), gap=40)
    for place, names in enumerate(panels.values(), start=1):
        for name in names:
            line(figure, found[name], _STYLES[name], Place(spans, currency, place))
        unit = found[names[0]]["unit"].iloc[0]
        figure.update_yaxes(row=place, col=1, rangemode="tozero", **axis_of(unit, currency))
    over_time(figure, spans)
    figure.for_each_trace(lambda trace: trace.update(showlegend=trace.name != _STYLES["roi"].label))
    figure.update_layout(showlegend=True)
    return figure
