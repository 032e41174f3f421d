"""The card's section on the ladder: which methods were tried, how they did on held-out rows, which one was taken."""

from __future__ import annotations

from abm_ml.modelling.bundle import ModelState
from abm_ml.modelling.cells import FEWEST_EVENTS, Cell
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.ladder import WORDS, Step
from abm_ml.modelling.markdown import table
from abm_ml.modelling.season import Season

HEADS = ["method", "log loss", "ROC AUC", "lower log loss than the best simpler one", "outcome"]


def ladder_lines(state: ModelState) -> list[str]:
    """What was tried, from the simplest method upwards."""
    if not state.ladder:
        return [f"The method was given: {WORDS[state.rung]}."]
    return [
        "From the simplest method upwards, each judged on training rows of accounts that had not taught it. One is",
        "taken if its log loss is lower than that of the best simpler one; up to the regression it must be so in three",
        "of four draws of accounts, too. In brackets: 90 % intervals, by drawing whole accounts anew.",
        "",
        *table(HEADS, [_line(step) for step in state.ladder]),
        *season_lines(state.season),
        *cell_lines(state),
    ]


def season_lines(season: Season | None) -> list[str]:
    """What columns that tell only the date shift, if there are any."""
    if season is None:
        return []
    lower = f"log loss is lower by {_interval(season.gain)} on dates that had not taught it"
    if season.gain is None:
        found = f"{season.dates} dates are too few to confirm what they say: they are not read."
    elif season.sums is None:
        found = f"What they say is not surely better ({lower}): they are not read."
    else:
        found = f"They shift the level of all: {lower}."
    return ["", f"Columns that tell only the date ({', '.join(season.columns)}) are the same for all accounts. {found}"]


def cell_lines(state: ModelState) -> list[str]:
    """What cells of accounts were tried for a model of their own, if any were."""
    if not state.cells:
        return []
    rows = [[cell.value, cell.events, _interval(cell.gain), _kept(cell)] for cell in state.cells]
    return ["", *table(["cell of accounts", "events", "lower log loss than the model of all", "outcome"], rows)]


def _kept(cell: Cell) -> str:
    if cell.gain is None:
        return f"the model of all: fewer than {FEWEST_EVENTS} events"
    return (
        "**a model of its own beside that of all**" if cell.sums else "the model of all: its own is not surely better"
    )


def _interval(gain: Metric | None) -> str:
    return f"{gain.value:.4f} ({gain.low:.4f} to {gain.high:.4f})" if gain else ""


def _line(step: Step) -> list[object]:
    loss, auc = ("" if value is None else f"{value:.3f}" for value in (step.log_loss, step.roc_auc))
    outcome = f"**taken**: {step.why}" if step.taken else step.why
    mixed = f", {1.0 - step.share:.0%} logistic regression" if step.share < 1.0 else ""
    return [WORDS[step.rung] + mixed, loss, auc, _interval(step.gain), outcome]
