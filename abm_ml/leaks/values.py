"""What a column's values, its gaps and its digits say of the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from abm_ml.leaks.evidence import Answers, Codes, Floats, Strength, numbers

STRONG, STRONG_IN_TIME = 0.80, 0.90
GAPS = 0.75
DIGITS = 0.55
FEWEST_NUMBERS, MANY_NUMBERS = 50, 1000
FEW, MANY = 20, 50
SETTLED, COMMON = 0.995, 0.9
SURE = 3.0  # standard errors: there are many cells, and one in a thousand may look so by chance
CERTAIN, USUAL = 0.95, 0.8  # at the lower bound; where four of five say yes, a cell may well say it always
ZEROS, TURNS, JUMP = 0.05, 0.05, 5.0
DECIMALS, POWERS = 3, 6
LARGEST = 1e300  # what lies above has no decimals either, and would overflow when they are looked for


def filled_after(column: pd.Series[Any], answers: Answers) -> str | None:
    """The figure, if a cell being there, or missing, settles the answer.

    An honest gap moves the odds. One that is followed by the outcome all but always, or never where many were to be
    expected, was made by it.
    """
    there = column.notna().to_numpy()
    for pattern, words in ((there, "filled"), (~there, "empty")):
        happened, rows = answers.happened[pattern].sum(), int(pattern.sum())
        if answers.base < COMMON and rows >= FEW and happened > SETTLED * rows:
            return f"{words} in {rows:,} rows, yes in {happened / rows:.1%}"
        if happened == 0 and answers.base * rows >= MANY:
            return f"{words} in {rows:,} rows, yes in none"
    return None


def gaps(column: pd.Series[Any], answers: Answers) -> Strength:
    """How well a cell's being there or missing ranks by itself."""
    return answers.strength(column.isna().to_numpy().astype(np.intp))


def certain(cells: Codes, answers: Answers) -> str | None:
    """The figure, if some of a column's values are followed by the outcome all but always (with certainty).

    Over 19 of 20 at the lower bound (Wilson, three standard errors): the strongest honest cells that we know reach that
    in the mean, no more.
    """
    rows, events = answers.cells(cells)
    share = events / np.maximum(rows, 1)
    spread = SURE**2 / np.maximum(rows, 1)
    half = SURE * np.sqrt(share * (1 - share) / np.maximum(rows, 1) + spread / (4 * np.maximum(rows, 1)))
    low = np.where(rows > 0, (share + spread / 2 - half) / (1 + spread), 0.0)
    best = int(low.argmax())
    if low[best] < CERTAIN or answers.base > USUAL:
        return None
    return f"{rows[best]:,} rows alike, yes in {share[best]:.1%}"


def digits(column: pd.Series[Any], cells: Codes, answers: Answers) -> Strength:
    """How well the way in which a number is written ranks rows whose numbers are of one size.

    By round thousands, decimals or the last digit: an honest amount says nothing by them, one that is made exact at
    closing says all.
    """
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() < FEWEST_NUMBERS:
        return Strength(0.5, 0.5)
    values = numbers(column)
    written = [_roundness(values)] + ([_last_digit(values)] if column.nunique() >= MANY_NUMBERS else [])
    return max((answers.strength_within(cells, each) for each in written), key=lambda each: each.at_least)


def turns_at_zero(column: pd.Series[Any], answers: Answers) -> str | None:
    """The figure, if a little is followed by the outcome far oftener than nothing, and more by it ever less.

    So does a sum that the outcome itself has been added to: every success makes a nothing into a little.
    """
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return None
    values = numbers(column)
    none, some = values == 0, values > 0
    if (values < 0).any() or none.mean() < ZEROS or some.mean() < TURNS:
        return None
    little = some & (values <= np.quantile(values[some], 0.25))
    at_none, at_little, above = (answers.happened[part] for part in (none, little, some & ~little))
    if not len(above) or _odds(at_little) < JUMP * _odds(at_none):
        return None
    spread = np.sqrt(at_little.var() / len(at_little) + above.var() / len(above))
    if at_little.mean() - above.mean() < SURE * spread:
        return None
    return f"yes in {at_none.mean():.0%} at 0, {at_little.mean():.0%} at little, {above.mean():.0%} above"


def _roundness(values: Floats) -> Codes:
    """How many zeros a whole number ends in (3 and more: 3 to 9), or how many decimals another has (0, 1, 2)."""
    known = np.minimum(np.where(np.isnan(values), 0.0, np.abs(values)), LARGEST)
    kind = np.full(len(values), DECIMALS, dtype=np.intp)
    for power in range(1, POWERS + 1):
        kind[(known != 0) & (known % 10**power == 0)] = DECIMALS + power
    for decimals in range(DECIMALS):
        scaled = known * 10.0**decimals
        kind[(kind <= DECIMALS) & (np.abs(scaled - np.round(scaled)) > 1e-6 * np.maximum(scaled, 1.0))] = decimals
    return kind


def _last_digit(values: Floats) -> Codes:
    return (np.floor(np.where(np.isnan(values), 0.0, np.abs(values))) % 10).astype(np.intp)


def _odds(happened: Floats) -> float:
    return float((happened.sum() + 0.5) / (len(happened) - happened.sum() + 0.5))
