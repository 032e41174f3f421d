"""The guard itself: every column through every test, the first that catches it speaks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from abm_ml.errors import ConfigError, GateRefused, did_you_mean
from abm_ml.leaks.evidence import Answers, Codes, Strength, cells_of
from abm_ml.leaks.finding import Finding, on_one_line, table_of, with_reasons
from abm_ml.leaks.names import is_outcome, is_process
from abm_ml.leaks.rows import only_tells_apart, twins
from abm_ml.leaks.values import (
    DIGITS,
    GAPS,
    STRONG,
    STRONG_IN_TIME,
    certain,
    digits,
    filled_after,
    gaps,
    turns_at_zero,
)

NAMED = 0.55
ROWS = "rows of the test"
Found = tuple[str, str, str]  # test, figure, why


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column that wants to be a feature.

    `in_time` says that the catalogue made it from rows known on the date; a column taken as it is brings no such
    promise. `quotient`: made of others, so its digits say what it was divided by.
    """

    name: str
    in_time: bool = False
    quotient: bool = False


def refuse_leaks(
    columns: Sequence[Candidate],
    train: pd.DataFrame,
    test: pd.DataFrame | None = None,
    *,
    label: str,
    forbidden: Collection[str] = (),
    accept: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """What looks like a leak and was accepted by name; see `find_leaks`.

    Raises:
        GateRefused: a column looks like a leak and nobody vouches for it; the message holds the table of all.
        ConfigError: what is vouched for is no feature.
    """
    wanted = accept or {}
    known = {*(column.name for column in columns), ROWS}
    for name in wanted:
        if name not in known:
            raise ConfigError(
                f"Label {label}, leaks: accept: no feature is called '{name}'. {did_you_mean(name, known)}"
            )
    found = with_reasons(find_leaks(columns, train, test, label=label, forbidden=forbidden), wanted)
    refused = [each for each in found if not each.accepted]
    if refused:
        first, *others = (f"'{on_one_line(each.column)}'" for each in refused)
        more = f" and {len(others)} more column{'s' * (len(others) > 1)} carry" if others else " carries"
        raise GateRefused(
            f"Label {label}: {first}{more} the outcome, as it seems. Leave such columns out (ban in a table's file, "
            "features: exclude in model.yaml), or map when they became known. Whoever knows that one is honest says so "
            f"by name, and the card shows it: leaks: {{accept: {{column: reason}}}}.\n{table_of(refused)}"
        )
    return found


def find_leaks(
    columns: Sequence[Candidate],
    train: pd.DataFrame,
    test: pd.DataFrame | None = None,
    *,
    label: str,
    forbidden: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Columns of the training rows that look as if the outcome had made them, and test rows that trained.

    `train` and `test` have account_id, label (0 or 1) and the columns; `forbidden` are names that the answer is made
    of. Each column is judged by accounts that it was not learned from, and by what is sure: figures are two standard
    errors below what was found.
    """
    if not 0 < train["label"].sum() < len(train):
        return ()
    answers = Answers.of(train["label"], train["account_id"])
    found = []
    for column in columns:
        first = next(_suspicions(column, train, answers, (label, forbidden)), None)
        if first is not None:
            found.append(Finding(column=column.name, test=first[0], figure=first[1], why=first[2]))
    copied = None if test is None else twins(train, test, [column.name for column in columns])
    if copied:
        found.append(Finding(column=ROWS, test="copies", figure=copied, why="the same rows train and test"))
    return tuple(found)


def _suspicions(
    column: Candidate, train: pd.DataFrame, answers: Answers, outcome: tuple[str, Collection[str]]
) -> Iterator[Found]:
    """What speaks against a column, the plainest first."""
    label, forbidden = outcome
    values = train[column.name]
    if column.name.removeprefix("custom_") in {label, "label", *forbidden}:
        yield "name", "", "named like the outcome"
    if (figure := filled_after(values, answers)) is not None:
        yield "gaps", figure, "filled only where the outcome is known"
    cells = cells_of(values)
    alone = answers.strength(cells)
    if not column.in_time:
        if (figure := only_tells_apart(column.name, values, train["account_id"])) is not None:
            yield "id", figure, "tells rows apart, and says nothing of a new one"
        yield from _of_name(column.name, label, alone)
        if (figure := turns_at_zero(values, answers)) is not None:
            yield "zero", figure, "the outcome itself seems to be counted in"
    if alone.at_least >= (STRONG_IN_TIME if column.in_time else STRONG):
        yield "alone", str(alone), "no honest column that we know tells so much alone"
    yield from _of_values(column, values, cells, answers)


def _of_name(name: str, label: str, alone: Strength) -> Iterator[Found]:
    """What the name of a column says that comes as it is, if the column moves with the answer."""
    if alone.at_least >= NAMED and is_outcome(name, label):
        yield "name", str(alone), "its name speaks of the outcome, and it moves with it"
    if alone.at_least >= NAMED and is_process(name):
        yield "name", str(alone), "how long or how often is final only when the case has ended"


def _of_values(column: Candidate, values: pd.Series[Any], cells: Codes, answers: Answers) -> Iterator[Found]:
    """What gaps, single values and digits say, whatever the column is called."""
    missing = gaps(values, answers)
    if missing.at_least >= (STRONG_IN_TIME if column.in_time else GAPS):
        yield "gaps", str(missing), "whether it is filled tells the answer"
    if (figure := certain(cells, answers)) is not None:
        yield "certain", figure, "some of its values settle the answer"
    written = Strength(0.5, 0.5) if column.quotient else digits(values, cells, answers)
    if written.at_least >= DIGITS:
        yield "digits", str(written), "how it is written tells the answer among numbers of one size"
