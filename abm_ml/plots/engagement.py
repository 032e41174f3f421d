"""Engagement over time: how much there is in and out of the program, and through which channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm_ml.plots.canvas import (
    COLOURS,
    EVERYONE,
    GREY,
    PROGRAM,
    Place,
    axis_of,
    canvas,
    hovers,
    line,
    over_time,
    picked,
    plotly_objects,
    something,
)
from abm_ml.plots.periods import spans_of
from abm_ml.wording import in_picture, shortened, words_of

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

_REST = "All others"
_TITLES = {
    "traffic_source_mix": "Where visits come from",
    "digital_physical_mix": "Digital and in person",
}


def engagement_trend(rows: pd.DataFrame, *, currency: str = "") -> Figure:
    """Engagement points by period, in and out of the program on scales of their own (or of all accounts).

    Raises:
        NothingToDraw: the rows hold no engagement_score.
    """
    spans = spans_of(rows)
    lines = {cut: picked(rows, "engagement_score", cut=cut) for cut in PROGRAM}
    if any(frame.empty for frame in lines.values()):
        lines = {"all": something(picked(rows, "engagement_score"), "engagement_score")}
    styles = {"all": EVERYONE, **PROGRAM}
    figure = canvas(
        "Engagement over time, in points",
        height=150 * len(lines) + 130,
        panels=[styles[cut].label for cut in lines],
        gap=40,
    )
    for place, (cut, frame) in enumerate(lines.items(), start=1):
        line(figure, frame, styles[cut], Place(spans, currency, place))
    over_time(figure, spans)
    figure.update_yaxes(rangemode="tozero", **axis_of("points", currency))
    figure.update_layout(showlegend=False)
    return figure


def channel_mix(rows: pd.DataFrame, *, kpi: str = "traffic_source_mix", currency: str = "") -> Figure:
    """The shares of channels by period: of `traffic_source_mix`, or of `digital_physical_mix`; small ones together.

    Raises:
        NothingToDraw: the rows hold no shares of that KPI.
    """
    go = plotly_objects()
    spans = spans_of(rows)
    found = something(picked(rows, kpi, parts="each"), kpi)
    sizes = found.groupby("part")["value"].sum().sort_values(ascending=False)
    largest = sizes.index[: len(COLOURS)].tolist()
    figure = canvas(_TITLES.get(kpi, words_of(kpi)), height=360)
    labels = {span.begin: span.label for span in spans}
    for name, colour in zip(largest, COLOURS, strict=False):
        mine = found[found["part"] == name]
        figure.add_trace(
            go.Bar(
                x=mine["period_from"].map(labels).tolist(),
                y=mine["value"].tolist(),
                name=in_picture(shortened(words_of(name))),
                marker={"color": colour},
                hovertext=hovers(mine, [words_of(name)] * len(mine), Place(spans, currency)),
                hoverinfo="text",
            )
        )
    rest = found[~found["part"].isin(largest)].groupby("period_from", as_index=False)["value"].sum()
    if len(rest):
        figure.add_trace(
            go.Bar(
                x=rest["period_from"].map(labels).tolist(),
                y=rest["value"].tolist(),
                name=_REST,
                marker={"color": GREY},
                hovertext=[f"<b>{_REST}</b><br>{value:.1%}" for value in rest["value"]],
                hoverinfo="text",
            )
        )
    over_time(figure, spans)
    figure.update_layout(barmode="stack", bargap=0.25, showlegend=True)
    figure.update_yaxes(range=[0, 1], **axis_of("share", currency))
    return figure
