"""The pictures hold the numbers of the rows, and nothing of the data is markup in them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from abm_ml import plots
from abm_ml.errors import NotReady
from abm_ml.plots import NothingToDraw

LATEST = pd.Timestamp("2025-07-01")
PICTURES = [
    getattr(plots, name) for name in plots.__all__ if name != "NothingToDraw"
]  # a new picture is held to the laws below by being listed


def values(
    rows: pd.DataFrame, name: str, cut: str = "all", at: pd.Timestamp | None = None, **where: Any
) -> list[float]:
    """The values of a KPI as the rows have them, in the order of time."""
    found = rows[(rows["name"] == name) & (rows["cut"] == cut) & rows["part"].isna()]
    found = found if at is None else found[found["period_from"] == at]
    return found.sort_values("period_from")["value"].tolist()


def texts(figure: Any) -> list[str]:
    """Every text that Plotly would read for tags."""
    found = [figure.layout.title.text, *(note.text for note in figure.layout.annotations)]
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        found += [*(axis.ticktext or ()), *(axis.categoryarray if axis.tickvals is None and axis.categoryarray else ())]
    for trace in figure.data:
        found += [trace.name, *(trace.hovertext or ()), *(trace.text or ())]
    return [text for text in found if text]


@pytest.mark.parametrize("draw", PICTURES)
def test_text_of_the_data_is_no_markup(draw: Callable[..., Any], rows: pd.DataFrame) -> None:
    """Plotly reads tags in its texts: only our own bold and line breaks may be there."""
    tags = {tag for text in texts(draw(rows, currency="EUR")) for tag in re.findall(r"<[^>]*>?", text)}
    assert tags <= {"<b>", "</b>", "<br>"}


@pytest.mark.parametrize("draw", PICTURES)
def test_nothing_to_draw_is_said(draw: Callable[..., Any], rows: pd.DataFrame) -> None:
    """Without rows, or with rows that only carry notes, a picture says that there is nothing to draw."""
    notes = rows.head(5).assign(period_from=pd.NaT, period_to=pd.NaT, value=float("nan"))
    for nothing in (rows.iloc[:0], notes):
        with pytest.raises(NothingToDraw, match="nothing to draw"):
            draw(nothing)


@pytest.mark.parametrize("draw", PICTURES)
def test_without_plotly_it_is_said_what_to_install(
    draw: Callable[..., Any], rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plotly is an extra: its absence is exit code 5 with the command that mends it."""
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(NotReady, match=r"pip install 'abm-ml\[report\]'") as caught:
        draw(rows)
    assert caught.value.exit_code == 5
    assert not isinstance(caught.value, NothingToDraw)


def test_funnel_marks_the_bottleneck(rows: pd.DataFrame) -> None:
    """Per stage, in the funnel's order: accounts in it, those that went on, and the lowest rate in another colour."""
    figure = plots.funnel(rows, stages=("awareness", "consideration", "evaluation"))
    found = rows[(rows["name"] == "progression_rate") & (rows["cut"] == "all") & (rows["period_from"] == LATEST)]
    found = found[found["part"].notna()].set_index("part").loc[["awareness", "consideration", "evaluation"]]
    whole, moved = figure.data
    assert list(whole.y) == list(found.index)
    assert list(whole.x) == found["of"].tolist()
    assert list(moved.x) == (found["value"] * found["of"]).round().tolist()
    marked = [note.text for note in figure.layout.annotations if "bottleneck" in note.text]
    assert len(marked) == 1
    assert marked[0].lower().startswith(f"<b>{found['value'].idxmin()}")
    assert len(set(moved.marker.color)) == 2


def test_funnel_keeps_the_order_of_the_stages(rows: pd.DataFrame) -> None:
    """The stages stand as the company orders them, not by the alphabet."""
    figure = plots.funnel(rows, stages=("evaluation", "awareness", "consideration"))
    assert list(figure.data[0].y) == ["evaluation", "awareness", "consideration"]


def test_engagement_trend_shows_both_sides_of_the_program(rows: pd.DataFrame) -> None:
    """A panel for the program and one for the rest; without that cut, one of all accounts."""
    inside, outside = plots.engagement_trend(rows).data
    assert list(inside.y) == values(rows, "engagement_score", "program=in")
    assert list(outside.y) == values(rows, "engagement_score", "program=out")
    (everyone,) = plots.engagement_trend(rows[rows["cut"] == "all"]).data
    assert list(everyone.y) == values(rows, "engagement_score")


def test_a_period_that_is_not_over_is_hollow(rows: pd.DataFrame) -> None:
    """The mark of the unfinished last quarter is hollow, and its hover says until when it reaches."""
    inside = plots.velocity(rows, currency="EUR").data[0]
    assert inside.marker.symbol[-2:] == ("circle", "circle-open")
    assert "2025 Q4 (not over: up to 14 Nov)" in inside.hovertext[-1]


def test_hover_tells_value_interval_count_and_period(rows: pd.DataFrame) -> None:
    """Who, when, how much, how sure, and of how many."""
    first = plots.velocity(rows, currency="EUR").data[0].hovertext[0]
    who, when, value, interval, count = first.split("<br>")
    assert (who, when, count) == ("<b>In the program</b>", "2024 Q1", "n = 54")
    assert value.endswith(" per day")
    assert re.fullmatch(r"\(€[\d,]+ to €[\d,]+\)", interval)


def test_penetration_shows_tiers_against_goal_and_vendors(rows: pd.DataFrame) -> None:
    """A bar per tier, a mark where it has a goal, and the vendors' line at 60%."""
    figure = plots.penetration(rows)
    bars, goals = figure.data
    assert list(bars.x) == [values(rows, "penetration_rate", f"tier={tier}", LATEST)[0] for tier in (1, 2, 3)]
    assert list(goals.x) == [0.6, 0.4, None]
    assert figure.layout.shapes[0].x0 == plots.coverage.VENDORS_LINE == 0.6


def test_channel_mix_keeps_the_whole(rows: pd.DataFrame) -> None:
    """The largest channels by name and the others together make 100 % in every period."""
    figure = plots.channel_mix(rows)
    assert len(figure.data) == 7
    assert [sum(shares) for shares in zip(*(bar.y for bar in figure.data), strict=True)] == pytest.approx([1.0] * 8)
    assert [bar.name for bar in plots.channel_mix(rows, kpi="digital_physical_mix").data] != []


def test_program_comparison_holds_values_and_intervals(rows: pd.DataFrame) -> None:
    """Three panels with a dot in and a dot out of the program; the intervals reach from low to high."""
    figure = plots.program_comparison(rows, currency="EUR")
    assert len(figure.data) == 6
    wins = figure.data[0]
    found = rows[(rows["name"] == "win_rate") & (rows["cut"] == "program=in") & (rows["period_from"] == LATEST)].iloc[0]
    assert wins.x[0] == found["value"]
    assert wins.error_x.array[0] == pytest.approx(found["high"] - found["value"])
    assert wins.error_x.arrayminus[0] == pytest.approx(found["value"] - found["low"])
    assert figure.layout.annotations[0].text == "Win rate: the difference is clear"


def test_program_comparison_admits_noise(rows: pd.DataFrame) -> None:
    """Where the interval of the difference reaches zero, the title says that it may be noise."""
    unsure = rows.assign(low=rows["low"].mask(rows["name"] == "win_rate_lift", -0.1))
    assert plots.program_comparison(unsure).layout.annotations[0].text == "Win rate: the difference may be noise"


def test_curves_hold_every_period(rows: pd.DataFrame) -> None:
    """Retention, churn, cost of winning and return, each over all periods."""
    stay, leave = plots.retention_curve(rows).data
    assert list(stay.y) == values(rows, "retention_rate")
    assert list(leave.y) == values(rows, "churn_rate")
    drawn = plots.cac_and_roi(rows, currency="EUR").data
    assert [list(line.y) for line in drawn] == [values(rows, name) for name in ("cac", "cac_full", "roi")]


def test_tactics_shows_best_and_worst(rows: pd.DataFrame) -> None:
    """Ten of sixteen tactics: the surest gains and the surest losses, told apart from noise."""
    figure = plots.tactics(rows)
    clearly = {trace.name: trace for trace in figure.data}
    shown = [x for trace in figure.data for x in trace.x]
    found = rows[(rows["name"] == "tactic_effectiveness") & (rows["cut"] == "all") & (rows["period_from"] == LATEST)]
    every = found[found["part"].notna()]["value"]
    assert len(shown) == 10
    assert {every.max(), every.min()} <= set(shown)
    assert min(clearly["Clearly better"].x) > 0 > max(clearly["Clearly worse"].x)
    assert "6 between them left out" in figure.layout.title.text


def test_three_rs_counts_every_kpi_once(rows: pd.DataFrame) -> None:
    """Each KPI with two periods is better, worse or unclear under its R."""
    counted = sum(sum(bar.x) for bar in plots.three_rs(rows).data)
    whole = rows[(rows["cut"] == "all") & rows["part"].isna() & (rows["period_from"] == LATEST)]
    assert counted == whole["name"].nunique()
