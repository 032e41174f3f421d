"""How KPIs look in a terminal: a line per KPI and cut, a column per period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from abm_ml.terminal.text import line, row, table

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from abm_ml.jobs.disagreements import Disagreements
    from abm_ml.jobs.report_kpis import KpiResult

_PERIODS_SHOWN = 4
_LINES_SHOWN = 60
_KEYS = ["name", "measure", "part", "cut"]


def kpi_view(result: KpiResult, console: Console) -> None:
    """The KPIs by family; every measure where a KPI was asked for by name, else each KPI's own value."""
    rows = result.rows[result.rows["period_from"].notna()]
    only_parts = rows.groupby("name", sort=False)["part"].apply(lambda parts: parts.notna().all())
    if not result.named:
        rows = rows[(rows["measure"] == "value") & rows["part"].isna()]
    shown = sorted(rows["period_from"].unique())[-_PERIODS_SHOWN:]
    rows = rows[rows["period_from"].isin(shown)]
    for family, mine in rows.groupby("family", sort=False):
        _family(str(family), mine, result.currency, console)
    if not result.named and only_parts.any():
        names = ", ".join(only_parts.index[only_parts])
        line(console, f"By part only, shown with --name: {names}.")
    for name, why in result.unavailable.items():
        line(console, f"{name}: {why}")
    if result.file:
        line(console, f"{len(result.rows):,} rows are written to {result.file}.")


def _family(family: str, rows: pd.DataFrame, currency: str, console: Console) -> None:
    from abm_ml.plots.periods import spans_of

    spans = spans_of(rows)
    titles = [span.label if span.over else f"{span.label} so far" for span in spans]
    goals = rows["goal"].notna().any()
    columns = ("KPI", "of", *titles, *(("goal", "met") if goals else ()))
    listed = table(family.capitalize(), columns, right=titles)
    groups = list(rows.groupby(_KEYS, sort=False, dropna=False))
    before = None
    for (name, measure, part, cut), found in groups[:_LINES_SHOWN]:
        what = f"  {measure}" if name == before and measure != "value" else name
        what = what if measure == "value" or name == before else f"{name}, {measure}"
        whom = cut if not isinstance(part, str) else part if cut == "all" else f"{part}, {cut}"
        row(listed, what, whom, *_cells(found, [span.begin for span in spans], currency, goals=goals))
        before = name
    console.print(listed)
    if len(groups) > _LINES_SHOWN:
        line(console, f"... and {len(groups) - _LINES_SHOWN:,} more: write them to a file with --out.")


def _cells(found: pd.DataFrame, begins: Sequence[Any], currency: str, *, goals: bool) -> list[str]:
    """The values of one line, a cell per period, then its goal and whether the last period meets it."""
    from abm_ml.wording import format_value

    by_period = found.set_index("period_from")
    unit = by_period["unit"].iloc[0]
    cells = [format_value(by_period["value"].get(begin), unit, currency) for begin in begins]
    if not goals:
        return cells
    goal = by_period["goal"].dropna()
    met = by_period["met"].reindex([begins[-1]]).iloc[0] if begins else None
    word = "" if goal.empty else {True: "yes", False: "no"}.get(met, "-") if met in (True, False) else "-"
    return [*cells, "" if goal.empty else format_value(goal.iloc[-1], unit, currency), word]


def disagreements_view(result: Disagreements, console: Console) -> None:
    """The accounts that the rule and the model rank far apart, and why."""
    title = f"Where rule and model disagree, run {result.run_id}"
    columns = ("account", "label", "who is higher", "rule", "model", "the rule sees", "the model sees")
    listed = table(title, columns, right=("rule", "model"))
    for each in result.rows.head(_LINES_SHOWN).itertuples():
        row(
            listed,
            f"{each.name} ({each.account_id})",
            each.label,
            each.agreement.replace("_higher", ""),
            f"{each.rule_score:.0f}, {each.rule_level}",
            f"{each.probability:.1%}, {each.grade}",
            each.rule_because,
            each.model_because,
        )
    if len(result.rows):
        console.print(listed)
    line(console, f"{len(result.rows):,} scores where rule and model are far apart, of {result.scored:,}.")
    if result.file:
        line(console, f"They are written to {result.file}.")
