"""Penetration: how much of the buying group is engaged, by tier, against the goal and what vendors claim."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from abm_ml.plots.canvas import (
    BLUE,
    GREY,
    ORANGE,
    Place,
    axis_of,
    canvas,
    hovers,
    picked,
    plotly_objects,
    reach,
    something,
)
from abm_ml.plots.periods import current, spans_of
from abm_ml.wording import cut_in_words, format_number, in_picture, shortened

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

# What vendors claim for accounts of high priority: a line to look at, never pass or fail.
VENDORS_LINE = 0.60
_MOST = 10


def penetration(rows: pd.DataFrame, *, currency: str = "") -> Figure:
    """The share of key contacts who engaged in the latest period, by tier: interval, goal and the vendors' line.

    Raises:
        NothingToDraw: the rows hold no penetration_rate.
    """
    go = plotly_objects()
    spans = spans_of(rows)
    span = current(spans)
    found = something(picked(rows, "penetration_rate", cut=None), "penetration_rate")
    found = found[found["period_from"] == (span.begin if span else None)]
    tiers = found[found["cut"].str.fullmatch(r"tier=[^,]*")].sort_values("cut").head(_MOST)
    found = something(tiers if len(tiers) else found[found["cut"] == "all"], "penetration_rate")
    who = [cut_in_words(cut) for cut in found["cut"]]
    names = [in_picture(shortened(name)) for name in who]
    figure = canvas("How many of the key contacts are engaged", height=150 + 52 * len(found))
    figure.add_trace(
        go.Bar(
            x=found["value"].tolist(),
            y=names,
            orientation="h",
            name="Engaged key contacts",
            marker={"color": "rgba(31, 120, 180, 0.4)", "line": {"color": BLUE, "width": 1.5}},
            error_x=reach(found, BLUE),
            hovertext=hovers(found, who, Place(spans, currency)),
            hoverinfo="text",
        )
    )
    _goals(figure, found, names)
    figure.add_vline(x=VENDORS_LINE, line={"dash": "dot", "color": GREY, "width": 1.5})
    figure.add_annotation(
        x=VENDORS_LINE, xanchor="center", y=1, yref="paper", yanchor="bottom", showarrow=False, text="vendors' 60%"
    )
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=names[::-1], showgrid=False)
    figure.update_xaxes(
        range=[0, min(1.02, max(0.75, found["high"].fillna(found["value"]).max() * 1.1))], **axis_of("share", "")
    )
    figure.update_layout(showlegend=True)
    return figure


def _goals(figure: Figure, found: pd.DataFrame, names: list[str]) -> None:
    go = plotly_objects()
    goals = found["goal"].tolist()
    if found["goal"].notna().any():
        figure.add_trace(
            go.Scatter(
                x=[None if math.isnan(goal) else goal for goal in goals],
                y=names,
                mode="markers",
                name="Goal",
                marker={"symbol": "line-ns", "size": 30, "line": {"width": 3, "color": ORANGE}, "color": ORANGE},
                hovertext=[f"Goal {format_number(goal, 'share', '')}" for goal in goals],
                hoverinfo="text",
            )
        )
