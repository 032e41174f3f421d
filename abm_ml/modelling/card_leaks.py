"""The card's part on leaks: what the guard found, and who vouches for it."""

from __future__ import annotations

from abm_ml.modelling.markdown import table
from abm_ml.training_set import TrainingSet


def leak_lines(training: TrainingSet) -> list[str]:
    """What the leak guard says of the training set's columns."""
    looked = (
        f"The leak guard looked at {len(training.columns)} columns: names, gaps, single values, digits, what each "
        "tells alone, and rows that stand in both parts."
    )
    if not training.leaks:
        return [f"{looked} It found nothing."]
    lines = [[f"`{each.column}`", each.test, each.figure, each.why, each.accepted] for each in training.leaks]
    heads = ["column", "test", "figure", "why", "accepted, because"]
    return [f"{looked} These look like leaks, and somebody vouches for each:", "", *table(heads, lines)]
