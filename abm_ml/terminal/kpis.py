"""How KPIs look in a terminal: a line per KPI and cut, a column per period."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    if not result.named:
        rows = rows[(rows["measure"] == "value") & rows["part"].isna()]
    periods = sorted(rows["period_from"].unique())[-_PERIODS_SHOWN:]
    rows = rows[rows["period_from"].isin(periods)]
    for family, mine in rows.groupby("family", sort=False):
        _family(str(family), mine, result.currency, console)
    for name, why in result.unavailable.items():
        line(console, f"{name}: {why}")
    if result.file:
        line(console, f"{len(result.rows):,} rows are written to {result.file}.")


def _family(family: str, rows: pd.DataFrame, currency: str, console: Console) -> None:
    from abm_ml.plots.wording import format_value

    spans = rows[["period_from", "period_to"]].drop_duplicates().sort_values("period_from")
    titles = [f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}" for begin, end in spans.itertuples(index=False)]
    goals = rows["goal"].notna().any()
    columns = ("KPI", "of", *titles, *(("goal", "met") if goals else ()))
    listed = table(family.capitalize(), columns, right=titles)
    groups = list(rows.groupby(_KEYS, sort=False, dropna=False))
    for (name, measure, part, cut), found in groups[:_LINES_SHOWN]:
        values = found.set_index("period_from")["value"].to_dict()
        unit = found["unit"].iloc[0]
        what = name if measure == "value" else f"{name}, {measure}"
        whom = cut if not isinstance(part, str) else part if cut == "all" else f"{part}, {cut}"
        cells = [format_value(values.get(begin), unit, currency) for begin in spans["period_from"]]
        last = found.iloc[-1]
        met = "" if last["goal"] != last["goal"] else "yes" if last["met"] is True else "no"
        goal = "" if not met else format_value(last["goal"], unit, currency)
        row(listed, what, whom, *cells, *((goal, met) if goals else ()))
    console.print(listed)
    if len(groups) > _LINES_SHOWN:
        line(console, f"... and {len(groups) - _LINES_SHOWN:,} more: write them to a file with --out.")


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
