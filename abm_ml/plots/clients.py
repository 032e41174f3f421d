"""Clients: how many stay and how many leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm_ml.plots.canvas import BLUE, ORANGE, NothingToDraw, Place, Style, axis_of, canvas, line, over_time, picked
from abm_ml.plots.periods import spans_of

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

_STYLES = {
    "retention_rate": Style("Clients who stay", BLUE),
    "churn_rate": Style("Clients who leave", ORANGE, "diamond", "dash"),
}


def retention_curve(rows: pd.DataFrame, *, currency: str = "") -> Figure:
    """The shares of clients who stay and who leave, by period, with intervals.

    Raises:
        NothingToDraw: the rows hold neither retention_rate nor churn_rate.
    """
    spans = spans_of(rows)
    drawn = {name: found for name in _STYLES if len(found := picked(rows, name))}
    if not drawn:
        raise NothingToDraw("There is nothing to draw: the rows hold neither retention_rate nor churn_rate.")
    titles = [_STYLES[name].label for name in drawn]
    figure = canvas("Clients who stay and who leave", height=150 * len(drawn) + 130, panels=titles, gap=40)
    for place, (name, found) in enumerate(drawn.items(), start=1):
        line(figure, found, _STYLES[name], Place(spans, currency, place))
        figure.update_yaxes(rangemode="tozero" if name == "churn_rate" else "normal", row=place, col=1)
    over_time(figure, spans)
    figure.update_yaxes(**axis_of("share", currency))
    figure.update_layout(showlegend=False)
    return figure
