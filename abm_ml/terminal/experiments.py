"""How an experiment looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm_ml.terminal.text import line, row, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from abm_ml.jobs.experiment import ExperimentResult
    from abm_ml.jobs.experiment_report import Compared
    from abm_ml.modelling.comparison import Line
    from abm_ml.modelling.evaluation import Metric

FIGURES = ("AUC", "PR", "Brier", "calibration", "lift")
GAPS = ("AUC gap", "log loss gap")


def experiment_view(result: ExperimentResult, console: Console) -> None:
    """A table per label on the training dates, and one on the test dates."""
    for each in result.labels:
        _table(f"{each.label}: later dates within the training dates", each.lines, console)
        if each.tuned:
            trials = each.tuned.trials
            given_up = sum(trial.pruned for trial in trials)
            line(console, f"Tuning: {len(trials)} trials, {given_up} of them given up early.")
        _table(f"{each.label}: the test dates, which nothing above has seen", each.test, console)
        line(console, _choice(each))
        console.print()
    for label in result.left_out:
        line(console, f"Not compared: {label}, for its tables are not there.")
    for why in result.refused.values():
        line(console, why)
    if result.resumed:
        line(console, f"{result.resumed} results were there already, from an earlier run of this experiment.")
    line(console, "In brackets: 90 % intervals. Gaps are against the first variant, on the same rows.")
    line(console, f"Table, picture and settings: {result.report}")


def _table(title: str, lines: Sequence[Line], console: Console) -> None:
    listed = table(title, ("variant", "rung", *FIGURES, *GAPS), right=(*FIGURES, *GAPS))
    for each in lines:
        figures, gaps = each.evaluation, each.differences or {}
        row(
            listed,
            each.variant,
            each.rungs[0] if len(each.rungs) == 1 else "several",
            _with_interval(figures.roc_auc, 3),
            f"{figures.pr_auc.value:.3f}",
            f"{figures.brier.value:.4f}",
            f"{figures.calibration_error.value:.3f}",
            f"{figures.top_decile_lift.value:.1f}",
            *[_with_interval(gaps[name], 3, sign="+") if gaps else "" for name in ("roc_auc", "log_loss")],
        )
    console.print(listed)


def _with_interval(metric: Metric, digits: int, *, sign: str = "") -> str:
    value, low, high = (f"{each:{sign}.{digits}f}" for each in (metric.value, metric.low, metric.high))
    return f"{value} ({low}, {high})"


def _choice(each: Compared) -> str:
    """What was chosen, and how sure that is."""
    chosen = next(found for found in each.lines if found.variant == each.chosen)
    if chosen.differences is None:
        return f"No variant has a lower log loss than '{each.chosen}'."
    how = "surely lower" if chosen.surely_better else "lower, but within what chance allows"
    seen = f"{each.tested} variants of this experiment have been tested on these dates."
    return f"'{each.chosen}' is chosen: its log loss is {how}. {seen} Its settings: {each.settings}"
