"""The season: what tells only the date shifts the level of all accounts, where dates that did not teach it confirm it.

The month is the same for all accounts on a date: 20,000 rows on ten dates show it ten times. Trees would count it
20,000 times and learn the dates by heart. So no model of accounts reads such columns; a logistic regression beside it
does, for which a date counts as one row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from abm_ml.modelling.additive import Additive, additive_from
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.folds import Floats, Rows
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.ladder import gain_of
from abm_ml.modelling.logistic import Logistic
from abm_ml.modelling.solving import straightened

FEWEST_DATES = 8
MOST_BLOCKS = 24  # of neighbouring dates, where there are more of them
MOST_ROWS = 50_000
FLATTEST = 0.01
DOUBT = 0.01  # which share of draws of dates may say that it is no better: see experiments/2026-11-season


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """What the columns that tell only the date were found to add to the log-odds of all accounts.

    `gain` is how much lower their log loss is with `sums` added, on dates that did not teach these; `sums` is None
    where that is not certain (more than one of a hundred draws of dates says otherwise), or there are fewer than 8.
    """

    columns: tuple[str, ...]
    dates: int
    gain: Metric | None = None
    sums: Additive | None = None


def season_of(
    margin: Floats, rows: Prepared, *, directions: Mapping[str, int], seed: int
) -> tuple[Season | None, Floats]:
    """The season of rows that come with the margins of models which never saw their accounts.

    The margins come back with what the season adds, each date being told by what the others taught. Without columns
    that tell only the date there is no season.
    """
    if rows.calendar is None:
        return None, margin
    dates, date = np.unique(rows.calendar.date, return_inverse=True)
    known = tuple(rows.features[place] for place in rows.calendar.places)
    found = Season(columns=tuple(feature.name for feature in known), dates=len(dates))
    if len(dates) < FEWEST_DATES:
        return found, margin
    even = rows.weight / np.bincount(date, weights=rows.weight)[date]  # a date weighs as much as any other
    level, slope = straightened(margin, rows.y, even)
    steep = max(slope, FLATTEST)
    line = level + steep * margin
    dated = replace(rows, matrix=rows.calendar.matrix, features=known, weight=even, calendar=None)
    taught = partial(_taught, dated, line, date, directions=directions, seed=seed)
    block = date * min(len(dates), MOST_BLOCKS) // len(dates)
    told = line.copy()
    for mine in (block == number for number in np.unique(block)):
        told[mine] += taught(np.flatnonzero(~mine)).margin(dated.matrix[mine])
    before, after = (np.logaddexp(0.0, each) - rows.y * each for each in (line, told))
    gain, doubt = gain_of(before - after, block, even, seed=seed)
    if doubt > DOUBT:
        return replace(found, gain=gain), margin
    sums = taught(np.arange(len(date))).times(1.0 / steep)
    terms = tuple(replace(term, feature=int(rows.calendar.places[term.feature])) for term in sums.terms)
    return replace(found, gain=gain, sums=replace(sums, terms=terms)), margin + (told - line) / steep


def season_from(record: Mapping[str, Any] | None) -> Season | None:
    """The season that `dataclasses.asdict` wrote as plain values."""
    if record is None:
        return None
    gain, sums = record["gain"], record["sums"]
    return Season(
        columns=tuple(record["columns"]),
        dates=record["dates"],
        gain=None if gain is None else Metric(**gain),
        sums=None if sums is None else additive_from(sums),
    )


def _taught(
    dated: Prepared, line: Floats, date: Rows, places: Rows, *, directions: Mapping[str, int], seed: int
) -> Additive:
    """What the rows at some places ask for beside their log-odds; weights are expected to have a variance of 1."""
    if len(places) > MOST_ROWS:
        places = np.sort(np.random.default_rng(seed).choice(places, MOST_ROWS, replace=False))
    spread = len(np.unique(date[places])) / len(places)  # for which the dates, not the rows, are what was seen
    return Logistic(spread=spread, directions=directions, seed=seed).fit(dated.some(places), line[places])
