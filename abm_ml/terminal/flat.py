"""How the results on ready-made tables look in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abm_ml.terminal.text import line, row, table

if TYPE_CHECKING:
    from rich.console import Console

    from abm_ml.jobs.flat import TablePromoted, TableScores, TableTrained

_SHOWN = 3


def table_trained_view(result: TableTrained, console: Console) -> None:
    """A trained model's figures, and what stands between it and Ready."""
    trained, found = result.trained, result.trained.evaluation
    numbers = ("AUC", "90 % interval", "calibration error", "lift")
    listed = table("Model, judged on rows held out", ("model", "gate", *numbers, "alias"), right=numbers)
    row(
        listed,
        trained.version.name,
        trained.verdict.word,
        f"{found.roc_auc.value:.3f}",
        f"{found.roc_auc.low:.3f} to {found.roc_auc.high:.3f}",
        f"{found.calibration_error.value:.3f}",
        f"{found.top_decile_lift.value:.1f}",
        trained.alias or "",
    )
    console.print(listed)
    if trained.verdict.failed:
        told = "; ".join(f"{check.name} {check.value:.4g}, needed {check.needed}" for check in trained.verdict.failed)
        line(console, f"{trained.version.name} is {trained.verdict.word}: {told}.")
    if result.left_out:
        line(console, f"Left out, for a date alone is no feature: {', '.join(result.left_out)}.")
    line(console, f"Its card: {trained.card}")


def table_scores_view(result: TableScores, console: Console) -> None:
    """The highest scores with their strongest reasons, and where all of them lie."""
    best = result.scores.sort_values("probability", ascending=False, kind="stable").head(_SHOWN)
    for place, each in zip(best.index, best.itertuples(), strict=True):
        line(
            console,
            (f"  {each.probability:6.1%}", "bold"),
            f"  {each.grade}  {each.id}  {each.low:.0%} to {each.high:.0%}",
        )
        for text in result.reasons_of(place).head(_SHOWN)["text"]:
            line(console, f"           - {text}")
    line(console, f"{len(result.scores):,} rows scored by {result.model}.")
    for file in result.files:
        line(console, f"Written: {file}")


def table_promoted_view(result: TablePromoted, console: Console) -> None:
    """Which version scores from now on."""
    before = f"; before it was {result.before.name}" if result.before else ""
    line(console, f"{result.champion.name} ({result.champion.gate}) is the champion from now on{before}.")
