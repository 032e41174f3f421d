"""The KPI report as one HTML file that needs no network: goals, trends, pictures and all KPIs with their meaning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import resources
from string import Template
from typing import TYPE_CHECKING

import pandas as pd

from abm_ml.plots.canvas import NothingToDraw, plotly_objects
from abm_ml.plots.cards import cards, goals_table
from abm_ml.plots.clients import retention_curve
from abm_ml.plots.contents import Contents
from abm_ml.plots.costs import cac_and_roi
from abm_ml.plots.coverage import penetration
from abm_ml.plots.deals import program_comparison, velocity
from abm_ml.plots.effects import tactics
from abm_ml.plots.engagement import channel_mix, engagement_trend
from abm_ml.plots.markup import safe
from abm_ml.plots.overview import three_rs
from abm_ml.plots.periods import date_in_words
from abm_ml.plots.stages import funnel
from abm_ml.plots.tables import by_family, by_three_rs

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from abm_ml.kpis.base import Kpi


def kpi_page(
    rows: pd.DataFrame,
    *,
    title: str,
    as_of: dt.datetime,
    currency: str,
    definitions: Mapping[str, Kpi] | Mapping[str, str],
    unavailable: Mapping[str, str],
    stages: Sequence[str] = (),
) -> str:
    """The page of a KPI report, one file with everything in it.

    `rows` are those of `KpiReport`; `definitions` has the record of each KPI by name, or just its definition;
    `unavailable` says by name why a KPI has no rows; `stages` is the order of the funnel.

    Raises:
        NotReady: Plotly is not installed.
    """
    plotly_objects()
    from plotly.offline import get_plotlyjs

    contents = Contents(rows, currency, definitions)
    drawn = {f"picture-{place}": figure for place, figure in enumerate(_figures(contents, stages))}
    return Template(_text("page.html")).substitute(
        title=safe(title),
        style=_text("page.css"),
        period=_period(contents, as_of),
        cards=cards(contents),
        goals=goals_table(contents),
        pictures="".join(_picture(place, figure) for place, figure in drawn.items()) or "<p>Nothing to draw.</p>",
        families=by_family(contents) or "<p>No KPI has a value.</p>",
        three_rs=by_three_rs(contents),
        missing_link=' <a href="#missing">Not available</a>' if unavailable else "",
        missing=_missing(contents, unavailable),
        plotly=get_plotlyjs(),
        drawings=_drawings(drawn),
        script=_text("page.js"),
    )


def _figures(contents: Contents, stages: Sequence[str]) -> list[Figure]:
    """The pictures that have something to show, in the order of the page."""
    drawers: tuple[Callable[..., Figure], ...] = (
        partial(funnel, stages=stages),
        program_comparison,
        engagement_trend,
        penetration,
        velocity,
        cac_and_roi,
        retention_curve,
        channel_mix,
        partial(channel_mix, kpi="digital_physical_mix"),
        tactics,
        three_rs,
    )
    figures = []
    for draw in drawers:
        try:
            figures.append(draw(contents.rows, currency=contents.currency))
        except NothingToDraw:
            continue
    return figures


def _picture(place: str, figure: Figure) -> str:
    # The title is HTML here, so that it wraps; Plotly's own titles do not.
    title = figure.layout.title.text
    return (
        f'<figure><figcaption>{title}</figcaption><div class="plot" id="{place}" role="img" aria-label="{title}. '
        f'The numbers stand in the tables below." style="height:{figure.layout.height}px"></div></figure>'
    )


def _drawings(drawn: Mapping[str, Figure]) -> str:
    from plotly.io.json import to_json_plotly

    plain = {}
    for place, figure in drawn.items():
        drawing = figure.to_plotly_json()
        layout = {name: value for name, value in drawing["layout"].items() if name not in ("title", "template")}
        layout["margin"] = {**layout["margin"], "t": 24}
        plain[place] = {"data": drawing["data"], "layout": layout}
    # Plotly writes <, > and / as escapes, so that no text ends the script that holds it.
    return str(to_json_plotly(plain, engine="json"))


def _period(contents: Contents, as_of: dt.datetime) -> str:
    told = [f"As known on {date_in_words(as_of)}."]
    if contents.span:
        compared = f", compared with {contents.earlier.label}" if contents.earlier else ""
        told.append(f"Numbers without a period are of {contents.span.told}{compared}.")
    if contents.currency:
        told.append(f"Money is in {safe(contents.currency)}.")
    return " ".join(told)


def _missing(contents: Contents, unavailable: Mapping[str, str]) -> str:
    if not unavailable:
        return ""
    lines = "".join(
        f"<li>{safe(contents.title(name))}: <span class=unclear>{safe(why)}</span></li>"
        for name, why in unavailable.items()
    )
    return f'<section id="missing"><h2>Not available</h2><ul class="missing">{lines}</ul></section>'


def _text(name: str) -> str:
    return (resources.files("abm_ml.plots") / name).read_text("utf-8")
