"""The funnel: how many accounts of each stage go on, and where they get stuck."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from abm_ml.plots.canvas import BLUE, GREY, ORANGE, Place, canvas, hovers, picked, plotly_objects, something
from abm_ml.plots.periods import current, spans_of
from abm_ml.wording import format_number, in_picture, shortened, words_of

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

# The order of the default funnel; a company with stages of its own names them.
USUAL_STAGES = ("awareness", "consideration", "evaluation", "decision")
_PER_STAGE = 84
_AROUND = 60


def funnel(rows: pd.DataFrame, *, stages: Sequence[str] = (), currency: str = "") -> Figure:
    """The funnel of the latest period: per stage the accounts in it and those that went on; the bottleneck is marked.

    The bottleneck is the stage with the lowest progression rate. `stages` gives the order; without it, the usual
    stages come first, others by their number of accounts.

    Raises:
        NothingToDraw: the rows hold no progression_rate of a stage.
    """
    plotly_objects()
    span = current(spans_of(rows))
    found = something(picked(rows, "progression_rate", parts="each"), "progression_rate")
    found = found[found["period_from"] == (span.begin if span else None)]
    found = _in_order(something(found, "progression_rate"), stages or USUAL_STAGES)
    slowest = found["value"].idxmin()
    names = found["part"].tolist()
    texts = hovers(found, [words_of(name) for name in names], Place(spans_of(rows), currency))
    figure = canvas("How accounts move through the funnel", height=_AROUND + _PER_STAGE * len(found))
    bar = partial(_bar, figure, names, texts)
    bar(found["of"].tolist(), "in the stage", {"color": GREY, "opacity": 0.35})
    colours = [ORANGE if place == slowest else BLUE for place in found.index]
    bar((found["value"] * found["of"]).round().tolist(), "went on", {"color": colours})
    for place, row in found.iterrows():
        figure.add_annotation(
            x=0,
            y=row["part"],
            yshift=29,
            xanchor="left",
            showarrow=False,
            align="left",
            text=_line(row, stuck=place == slowest),
        )
    figure.update_layout(barmode="overlay", bargap=0.76)
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=names[::-1],
        visible=False,
        range=[-0.3, len(names) - 0.35],
    )
    figure.update_xaxes(visible=False, rangemode="tozero")
    return figure


def _bar(
    figure: Figure, names: list[str], texts: list[str], counts: list[float], label: str, marker: dict[str, Any]
) -> None:
    bar = {"x": counts, "y": names, "orientation": "h", "name": label, "marker": marker}
    figure.add_bar(**bar, hovertext=texts, hoverinfo="text", showlegend=False)


def _in_order(found: pd.DataFrame, stages: Sequence[str]) -> pd.DataFrame:
    places = {stage: place for place, stage in enumerate(stages)}
    ordered = found.assign(_place=found["part"].map(places).fillna(len(places)))
    return ordered.sort_values(["_place", "of"], ascending=[True, False]).drop(columns="_place")


def _line(row: pd.Series, *, stuck: bool) -> str:
    stage = in_picture(shortened(words_of(row["part"])))
    rate, went, count = format_number(row["value"], "share", ""), round(row["value"] * row["of"]), row["of"]
    mark = ": bottleneck" if stuck else ""
    return f"<b>{stage}{mark}</b><br>{rate} go on ({went:,.0f} of {count:,.0f})"
