"""The top of the page: goals and the KPIs that people ask for first, each with its change and its course."""

from __future__ import annotations

import pandas as pd

from abm_ml.plots.contents import Contents
from abm_ml.plots.markup import apart, safe, table, trend
from abm_ml.plots.overview import BETTER, WORSE
from abm_ml.wording import cut_in_words, format_value

_FIRST = (
    "win_rate", "pipeline_velocity", "roi", "penetration_rate", "engaged_account_rate", "engagement_score",
    "average_deal_size", "sales_cycle_length", "revenue_growth", "retention_rate", "influenced_pipeline", "cac", "nps",
)  # fmt: skip
_MOST = 11
_CLASSES = {BETTER: "better", WORSE: "worse"}


def cards(contents: Contents) -> str:
    """The cards: how many goals are met, the KPIs that have goals, and those that people ask for first."""
    goals = goals_of(contents)
    wanted = dict.fromkeys([*goals.loc[goals["cut"] == "all", "name"], *_FIRST])
    shown = [name for name in wanted if contents.value(name)][:_MOST]
    return f'<div class="cards">{_goals_met(goals)}{"".join(_card(contents, name) for name in shown)}</div>'


def change_of(contents: Contents, name: str) -> str:
    """How a KPI changed, in words that are coloured."""
    size, move = contents.change(name)
    if not size:
        return ""
    word = f", {move.lower()}" if move else ""
    return f'<span class="{_CLASSES.get(move, "unclear")}">{safe(size)}{word}</span>'


def goals_of(contents: Contents) -> pd.DataFrame:
    """The rows of the period that the page speaks of which have a goal."""
    rows = contents.rows
    begin = contents.span.begin if contents.span else None
    return rows[(rows["period_from"] == begin) & rows["goal"].notna()]


def goals_table(contents: Contents) -> str:
    """Every goal with its value, and whether it is met; missed ones first."""
    goals = goals_of(contents)
    if goals.empty:
        return "<p>No goals are set. Set them in the configuration, under <code>goals</code>.</p>"
    goals = goals.assign(_place=goals["met"].map({False: 0, True: 2}).fillna(1)).sort_values(["_place", "name", "cut"])
    lines = []
    for row in goals.itertuples():
        sign = "" if row.better == "higher" else "at most "
        lines.append(
            (
                f'<a href="#kpi-{safe(row.name)}">{safe(contents.title(row.name))}</a>',
                apart(cut_in_words(row.cut)),
                safe(format_value(row.value, row.unit, contents.currency)),
                safe(sign + format_value(row.goal, row.unit, contents.currency)),
                _status(row.met),
            )
        )
    return table("Goals", ("KPI", "For", "Value", "Goal", ""), lines)


def _status(met: object) -> str:
    if pd.isna(met):
        return '<span class="unclear">no value</span>'
    return '<span class="better">✓ met</span>' if met else '<span class="worse">✗ missed</span>'


def _goals_met(goals: pd.DataFrame) -> str:
    if goals.empty:
        return ""
    met = int(goals["met"].fillna(False).sum())
    return (
        '<a class="card goals" href="#goals"><span class="label">Goals met</span>'
        f'<span class="number">{met} of {len(goals)}</span>'
        f'<progress value="{met}" max="{len(goals)}">{met}</progress></a>'
    )


def _card(contents: Contents, name: str) -> str:
    row = contents.latest.loc[name]
    goal = (
        ""
        if pd.isna(row["goal"])
        else f"{_status(row['met'])} goal {safe(format_value(row['goal'], row['unit'], contents.currency))}"
    )
    return (
        f'<a class="card" href="#kpi-{safe(name)}"><span class="label">{safe(contents.title(name))}</span>'
        f'<span class="number">{_number(contents.value(name))}</span>'
        f'<span class="change">{change_of(contents, name)}</span>'
        f'{trend(contents.course(name))}<span class="goal">{goal}</span></a>'
    )


def _number(value: str) -> str:
    # 24.7k points fits a phone where the unit is small; CHF 1.2M has none.
    number, space, unit = value.partition(" ")
    return (
        f"{safe(number)}<small> {safe(unit)}</small>"
        if space and number[-1:].isalnum() and unit.isalpha()
        else safe(value)
    )
