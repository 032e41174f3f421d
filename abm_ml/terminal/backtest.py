"""How a backtest looks in a terminal: by month, by the model's age, on the newest known date, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from abm_ml.terminal.text import line, row, table

if TYPE_CHECKING:
    from rich.console import Console

    from abm_ml.jobs.backtest import Backtest, BacktestResult, Mistake
    from abm_ml.modelling.backtest import Age, Realised
    from abm_ml.modelling.evaluation import Metric


def backtest_view(result: BacktestResult, console: Console) -> None:
    """Each label's backtest, one after another."""
    for each in result.backtests:
        _models(each, console)
        _months(each, console)
        _ages(each, console)
        _newest(each, console)
        _mistakes(f"{each.yes.capitalize()} that scored low", each.missed, console)
        _mistakes(f"{each.no.capitalize()} that scored high", each.in_vain, console)
        line(console, f"The picture: {each.picture}")
        console.print()
    for label in result.left_out:
        line(console, f"Not looked back on: {label}, for its tables are not there.")
    for why in result.refused.values():
        line(console, why)


def _models(each: Backtest, console: Console) -> None:
    trained = ", ".join(
        f"{model.trained_on:%Y-%m-%d} ({model.positives:,} events in {model.rows:,} rows)" for model in each.models
    )
    line(console, (f"Backtest of {each.label}", "bold"), f": {each.yes} within {each.horizon_days} days")
    line(console, f"Trained as on {trained}.")


def _months(each: Backtest, console: Console) -> None:
    numbers = ("age", "scored", "events", "AUC", "(90 %)", "rule's", "lift", "said", "happened")
    listed = table("By scoring date, with the newest model of that time", ("scored on", *numbers), right=numbers)
    for month in each.months:
        told = month.realised
        row(
            listed,
            f"{month.as_of:%Y-%m-%d}",
            f"{month.age} d",
            f"{told.rows:,}",
            f"{told.positives:,}",
            *_ranked(told),
            f"{told.lift.value:.1f}" if told.lift else "",
            *_kept(told),
        )
    console.print(listed)


def _ages(each: Backtest, console: Console) -> None:
    numbers = ("scored", "events", "AUC", "over the rule", "over a newer one", "said", "happened")
    title = "By age of the model in days, with points of AUC over the rule and over a newer model"
    listed = table(title, ("age", *numbers), right=numbers)
    for age in each.ages:
        told = age.realised
        row(
            listed,
            _words(age),
            f"{told.rows:,}",
            f"{told.positives:,}",
            _ranked(told)[0],
            _lead(told.rule.difference if told.rule else None),
            _lead(age.decay),
            *_kept(told)[:2],
        )
    console.print(listed)


def _ranked(told: Realised) -> tuple[str, str, str]:
    """AUC, its interval, and the rule's AUC; where there were too few events the first says so."""
    if told.auc is None or told.rule is None:
        return "too few", "", ""
    return f"{told.auc.value:.2f}", f"{told.auc.low:.2f}-{told.auc.high:.2f}", f"{told.rule.baseline_auc.value:.2f}"


def _kept(told: Realised) -> tuple[str, str]:
    """What was said on average, and what happened; marked where what was said lies outside its interval."""
    rate = told.event_rate
    off = rate is not None and not rate.low <= told.said <= rate.high
    return f"{told.said:.1%}", f"{told.happened:.1%}{' *' if off else ''}"


def _lead(metric: Metric | None) -> str:
    """A difference of AUC in points, with its interval."""
    if metric is None:
        return ""
    value, low, high = (100 * each for each in (metric.value, metric.low, metric.high))
    return f"{value:+.0f} ({low:+.0f} to {high:+.0f})"


def _words(age: Age) -> str:
    return f"{age.begin} and more" if age.end is None else f"{age.begin} to {age.end - 1}"


def _newest(each: Backtest, console: Console) -> None:
    newest = each.newest
    line(
        console,
        f"Scored on {newest.as_of:%Y-%m-%d}, {each.horizon_days} days or more ago: of the {newest.called} with the "
        f"highest scores {newest.called_events} are {each.yes} ({newest.called_events / max(newest.called, 1):.0%}), "
        f"of all {newest.rows:,} {newest.events} ({newest.events / newest.rows:.0%}).",
    )
    if any(month.realised.event_rate and _kept(month.realised)[1].endswith("*") for month in each.months):
        line(console, "* What was said lies outside the 90 % interval of what happened.")


def _mistakes(title: str, found: Sequence[Mistake], console: Console) -> None:
    if found:
        line(console, (title, "bold"))
    for each in found:
        line(console, (f"  {each.probability:6.1%}", "bold"), f"  {each.account_id} on {each.as_of:%Y-%m-%d}")
        for reason in each.reasons:
            line(console, f"           - {reason}")
