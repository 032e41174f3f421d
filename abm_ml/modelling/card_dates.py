"""What a card says of dates: a company's rows have them, those of a ready-made table need not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from abm_ml.training_set import TrainingSet


def ends(dates: Sequence[dt.datetime]) -> tuple[str, str]:
    """The first and the last of some dates; empty where there are none."""
    return (dates[0].date().isoformat(), dates[-1].date().isoformat()) if dates else ("", "")


def what_a_row_is(training: TrainingSet) -> str:
    """What stands in a row, and how many accounts train and test."""
    shared = len(set(training.train["account_id"]) & set(training.test["account_id"]))
    if training.dated:
        return f"A row is an account on a date; {shared:,} accounts are in both parts, on different dates."
    return f"A row is a line of the table, and whose it is counts as its account; {shared:,} are in both parts."


def how_it_was_tested(training: TrainingSet) -> list[str]:
    """On which dates it was tested, whether training reaches into them, and what too few dates could not teach."""
    split, horizon = training.split, training.horizon_days
    if not training.dated:
        return ["Training and test were drawn from the same time: whether it holds later is unknown."]
    said = [
        f"It was tested on {len(split.test)} dates from {' to '.join(ends(split.test))}; other seasons are unknown."
    ]
    if split.test[0] - split.train[-1] < dt.timedelta(days=horizon):
        said.append(
            f"**Training and test overlap**: between them lies less than one horizon of {horizon} days "
            "(allow_overlap), so outcomes of training rows reach into the test and every figure here flatters."
        )
    if split.thinned:
        said.append(
            f"Left out of training ({len(split.thinned)}, from {' to '.join(ends(split.thinned))}): dates of which "
            "over a tenth of the rows are of accounts that test; who is left came to an end sooner than others."
        )
    if training.of_the_date:
        said.append(
            f"Training dates span less than nine months, so what tells only the date is left out: it is the same for "
            f"all accounts on a date, and later dates have other values ({', '.join(training.of_the_date)})."
        )
    return said
