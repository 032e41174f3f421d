"""What all pictures share: the door to Plotly, colours that everybody can tell apart, marks with intervals, hovers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from abm_ml.errors import NotReady
from abm_ml.plots.periods import Span, ticks
from abm_ml.wording import format_interval, format_value, in_picture

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe and Ito's colours, the pale ones darkened until they stand 3:1 on white and on black.
BLUE, ORANGE, GREEN, PURPLE, SKY, BROWN, GREY = (
    "#1f78b4", "#d55e00", "#00916b", "#b8659a", "#3f93c4", "#a9750b", "#7b7f85",
)  # fmt: skip
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, BROWN)
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
_GRID = "#dfe3e8"
# Pixels of a picture that its panels do not have: title, labels and legend.
_FRAME = 120


class NothingToDraw(NotReady):
    """The rows of the report hold nothing of what a picture shows."""


@dataclass(frozen=True)
class Style:
    """How a line looks; symbol and dash tell lines apart where colours do not."""

    label: str
    colour: str
    symbol: str = "circle"
    dash: str = "solid"


IN = Style("In the program", BLUE)
OUT = Style("Out of the program", ORANGE, "diamond", "dash")
EVERYONE = Style("All accounts", BLUE)
PROGRAM = {"program=in": IN, "program=out": OUT}


@dataclass(frozen=True)
class Place:
    """Where a line is drawn: in which row of panels, over which periods, in which money."""

    spans: Sequence[Span]
    currency: str
    row: int = 1


def plotly_objects() -> Any:
    """Plotly's graph objects.

    Raises:
        NotReady: Plotly is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError as error:
        raise NotReady("Pictures need the package plotly: pip install 'abm-ml[report]'") from error
    return go


def picked(
    rows: pd.DataFrame, name: str, *, measure: str = "value", cut: str | None = "all", parts: str = "none"
) -> pd.DataFrame:
    """The rows with a value of one KPI and measure, for a cut (None: any), in the order of time.

    `parts`: `none` for the KPI as a whole, `each` for its parts.
    """
    part = rows["part"].notna() if parts == "each" else rows["part"].isna()
    wanted = (rows["name"] == name) & (rows["measure"] == measure) & part & rows["value"].notna()
    if cut is not None:
        wanted &= rows["cut"] == cut
    return rows[wanted & rows["period_from"].notna()].sort_values(["period_from", "part", "cut"], kind="stable")


def something(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """The rows, if there are any.

    Raises:
        NothingToDraw: there are none.
    """
    if frame.empty:
        raise NothingToDraw(f"There is nothing to draw: the rows hold no value of {what}.")
    return frame


def canvas(title: str, *, height: int, panels: Sequence[str] = ("",), gap: int = 60) -> Figure:
    """An empty picture with panels below each other, each under its own title and `gap` pixels apart."""
    plotly_objects()
    from plotly.subplots import make_subplots

    count = len(panels)
    figure = make_subplots(
        rows=count,
        cols=1,
        subplot_titles=list(panels) if any(panels) else None,
        vertical_spacing=gap / max(height - _FRAME, 1),
    )
    figure.update_layout(
        template="none",
        title={"text": title, "x": 0, "xref": "paper", "font": {"size": 17}},
        height=height,
        font={"family": _FONT, "size": 13, "color": "#1b2733"},
        paper_bgcolor="#ffffff",
        plot_bgcolor="#ffffff",
        margin={"l": 8, "r": 16, "t": 56, "b": 16},
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "traceorder": "normal"},
        hoverlabel={"bgcolor": "#1b2733", "font": {"color": "#ffffff"}, "align": "left"},
        hovermode="closest",
        dragmode=False,
        bargap=0.35,
    )
    figure.update_annotations(x=0, xanchor="left", xref="paper", font={"size": 13})
    figure.update_xaxes(
        automargin=True, fixedrange=True, gridcolor=_GRID, zerolinecolor=_GRID, tickangle=0, title_font_size=13
    )
    figure.update_yaxes(
        automargin=True, fixedrange=True, gridcolor=_GRID, zerolinecolor=_GRID, ticklabelstandoff=6, title_font_size=13
    )
    return figure


def over_time(figure: Figure, spans: Sequence[Span]) -> None:
    """Turns the horizontal axes into axes of periods; the lowest one carries the labels."""
    labels = [span.label for span in spans]
    figure.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=labels,
        range=[-0.5, len(labels) - 0.5],
        showgrid=False,
        showticklabels=False,
        **ticks(spans),
    )
    figure.update_xaxes(showticklabels=True, row=len(list(figure.select_xaxes())), col=1)


def axis_of(unit: str, currency: str) -> dict[str, Any]:
    """How an axis writes numbers of a unit."""
    if unit == "share":
        return {"tickformat": ".1~%"}
    if unit.startswith("money"):
        return {"tickformat": "~s", "tickprefix": format_value(0, "money", currency).removesuffix("0")}
    return {"tickformat": "~s"}


def line(figure: Figure, frame: pd.DataFrame, style: Style, place: Place) -> None:
    """A line over periods with its intervals; the mark of a period that is not over is hollow."""
    go = plotly_objects()
    by_begin = {span.begin: span for span in place.spans}
    spans = [by_begin[begin] for begin in frame["period_from"]]
    figure.add_trace(
        go.Scatter(
            x=[span.label for span in spans],
            y=frame["value"].tolist(),
            mode="lines+markers",
            name=style.label,
            showlegend=all(trace.name != style.label for trace in figure.data),
            legendgroup=style.label,
            line={"color": style.colour, "width": 2.5, "dash": style.dash},
            marker={
                "size": 9,
                "color": style.colour,
                "symbol": [style.symbol + ("" if span.over else "-open") for span in spans],
            },
            error_y=reach(frame, style.colour),
            hovertext=hovers(frame, [style.label] * len(frame), place),
            hoverinfo="text",
        ),
        row=place.row,
        col=1,
    )


def reach(frame: pd.DataFrame, colour: str) -> dict[str, Any] | None:
    """The intervals as error bars; None where no row has one."""
    if frame["low"].isna().all() or frame["high"].isna().all():
        return None
    above = (frame["high"] - frame["value"]).fillna(0.0)
    below = (frame["value"] - frame["low"]).fillna(0.0)
    return {
        "type": "data",
        "symmetric": False,
        "array": above.clip(lower=0).tolist(),
        "arrayminus": below.clip(lower=0).tolist(),
        "color": colour,
        "thickness": 1.4,
        "width": 4,
    }


def hovers(frame: pd.DataFrame, who: Sequence[str], place: Place) -> list[str]:
    """What a mark tells when pointed at: who, when, value, interval and how many it rests on."""
    told = {span.begin: span.told for span in place.spans}
    texts = []
    for name, row in zip(who, frame.itertuples(), strict=True):
        number = format_value(row.value, row.unit, place.currency)
        interval = format_interval(row.low, row.high, row.unit, place.currency)
        rests = f"n = {row.of:,.0f}" if math.isfinite(row.of) else ""
        lines = [told[row.period_from], *(in_picture(text) for text in (number, interval, rests) if text)]
        texts.append("<br>".join([f"<b>{in_picture(name)}</b>", *lines]))
    return texts
