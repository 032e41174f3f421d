"""The three Rs at a glance: how many KPIs of reputation, relationship and revenue got better."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from abm_ml.plots.canvas import BLUE, GREY, ORANGE, canvas, plotly_objects, something
from abm_ml.plots.periods import before, current, spans_of
from abm_ml.wording import in_picture, title_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

THREE_RS = ("reputation", "relationship", "revenue")
BETTER, WORSE, UNCLEAR = "Better", "Worse", "No clear change"
_KINDS = ((BETTER, BLUE), (UNCLEAR, GREY), (WORSE, ORANGE))
_LISTED = 12
_LEAST = 0.01


def three_rs(rows: pd.DataFrame, *, currency: str = "") -> Figure:  # noqa: ARG001 -- every picture takes a currency
    """How many KPIs of reputation, relationship and revenue got better or worse than the period before.

    Raises:
        NothingToDraw: no KPI has a value in the latest period and in the one before.
    """
    go = plotly_objects()
    moves = something(moves_of(rows), "two periods")
    figure = canvas("Better or worse than the period before", height=250)
    for kind, colour in _KINDS:
        names = {r: moves.loc[(moves["three_r"] == r) & (moves["move"] == kind), "name"].tolist() for r in THREE_RS}
        figure.add_trace(
            go.Bar(
                x=[len(found) for found in names.values()],
                y=[name.capitalize() for name in names],
                orientation="h",
                name=kind,
                marker={"color": colour},
                hovertext=[f"<b>{kind}</b><br>{_listed(found)}" for found in names.values()],
                hoverinfo="text",
            )
        )
    figure.update_layout(barmode="stack", showlegend=True)
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=[r.capitalize() for r in THREE_RS[::-1]])
    figure.update_xaxes(title={"text": "number of KPIs"}, rangemode="tozero")
    return figure


def moves_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Per KPI (of all accounts) its `value` in the latest period, `earlier` in the one before, and its `move`.

    There is no clear change where the earlier value lies in the interval of the later one, or less than 1 % apart.
    """
    spans = spans_of(rows)
    span = current(spans)
    last = before(span, spans)
    whole = rows[(rows["cut"] == "all") & (rows["measure"] == "value") & rows["part"].isna() & rows["value"].notna()]
    now = whole[whole["period_from"] == (span.begin if span else None)]
    then = whole.loc[whole["period_from"] == (last.begin if last else None), ["name", "value"]]
    both = now.merge(then.rename(columns={"value": "earlier"}), on="name")
    gain = (both["value"] - both["earlier"]) * both["better"].map({"higher": 1.0, "lower": -1.0}).astype("float64")
    noise = (both["earlier"] >= both["low"]) & (both["earlier"] <= both["high"])
    noise |= gain.abs() < _LEAST * both["earlier"].abs()
    move = pd.Series(UNCLEAR, both.index, dtype="str").mask(gain > 0, BETTER).mask(gain < 0, WORSE)
    return both.assign(move=move.mask(noise, UNCLEAR))


def _listed(names: list[str]) -> str:
    shown = [in_picture(title_of(name)) for name in names[:_LISTED]]
    return "<br>".join([*shown, *([f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else [])])
