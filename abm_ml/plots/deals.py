"""Deals: what the program changes in them, and how fast the pipeline makes money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm_ml.plots.canvas import (
    EVERYONE,
    IN,
    PROGRAM,
    NothingToDraw,
    Place,
    Style,
    axis_of,
    canvas,
    hovers,
    line,
    over_time,
    picked,
    plotly_objects,
    reach,
    something,
)
from abm_ml.plots.periods import Span, current, spans_of
from abm_ml.wording import format_short, in_picture

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

# Each KPI with its title and with the KPI that compares it in and out of the program.
_COMPARED = {
    "win_rate": ("Win rate", "win_rate_lift"),
    "average_deal_size": ("Average deal size", "deal_size_lift"),
    "sales_cycle_length": ("Sales cycle", "sales_cycle_saved"),
}


def program_comparison(rows: pd.DataFrame, *, currency: str = "") -> Figure:
    """Win rate, deal size and sales cycle of the latest period, in and out of the program, with intervals.

    Each title says whether the difference is more than noise: whether its interval leaves out no difference.

    Raises:
        NothingToDraw: the rows hold none of the three, cut by program.
    """
    spans = spans_of(rows)
    span = current(spans)
    drawn = [name for name in _COMPARED if span and not _both(rows, name, span).empty]
    if not drawn or span is None:
        raise NothingToDraw("There is nothing to draw: the rows hold no win_rate, deal size or cycle by program.")
    titles = [f"{_COMPARED[name][0]}{_verdict(rows, _COMPARED[name][1], span)}" for name in drawn]
    figure = canvas("Deals in the program against the rest", height=90 + 130 * len(drawn), panels=titles)
    for place, name in enumerate(drawn, start=1):
        found = _both(rows, name, span)
        for cut, style in PROGRAM.items():
            _dot(figure, found[found["cut"] == cut], style, Place(spans, currency, place))
        figure.update_xaxes(row=place, col=1, rangemode="tozero", **axis_of(found["unit"].iloc[0], currency))
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=["out", "in"], range=[-0.6, 1.7])
    figure.update_layout(showlegend=True)
    figure.update_yaxes(showticklabels=False, showgrid=False)
    return figure


def velocity(rows: pd.DataFrame, *, currency: str = "") -> Figure:
    """Pipeline velocity by period, in and out of the program (or of all accounts): money that comes in per day.

    Raises:
        NothingToDraw: the rows hold no pipeline_velocity.
    """
    spans = spans_of(rows)
    lines = {style: picked(rows, "pipeline_velocity", cut=cut) for cut, style in PROGRAM.items()}
    if any(frame.empty for frame in lines.values()):
        lines = {EVERYONE: something(picked(rows, "pipeline_velocity"), "pipeline_velocity")}
    figure = canvas("Pipeline velocity, money per day", height=330)
    for style, frame in lines.items():
        line(figure, frame, style, Place(spans, currency))
    over_time(figure, spans)
    figure.update_yaxes(rangemode="tozero", **axis_of("money per day", currency))
    figure.update_layout(showlegend=len(lines) > 1)
    return figure


def _both(rows: pd.DataFrame, name: str, span: Span) -> pd.DataFrame:
    found = picked(rows, name, cut=None)
    return found[found["cut"].isin(PROGRAM) & (found["period_from"] == span.begin)]


def _dot(figure: Figure, found: pd.DataFrame, style: Style, place: Place) -> None:
    go = plotly_objects()
    figure.add_trace(
        go.Scatter(
            x=found["value"].tolist(),
            y=["in" if style == IN else "out"] * len(found),
            mode="markers+text",
            name=style.label,
            legendgroup=style.label,
            showlegend=all(trace.name != style.label for trace in figure.data),
            marker={"size": 12, "color": style.colour, "symbol": style.symbol},
            text=[in_picture(format_short(row.value, row.unit, place.currency)) for row in found.itertuples()],
            textposition="top center",
            cliponaxis=False,
            error_x=reach(found, style.colour),
            hovertext=hovers(found, [style.label] * len(found), place),
            hoverinfo="text",
        ),
        row=place.row,
        col=1,
    )


def _verdict(rows: pd.DataFrame, lift: str, span: Span) -> str:
    found = picked(rows, lift)
    found = found[(found["period_from"] == span.begin) & found["low"].notna() & found["high"].notna()]
    if found.empty:
        return ""
    row = found.iloc[0]
    return ": the difference is clear" if row["low"] > 0 or row["high"] < 0 else ": the difference may be noise"
