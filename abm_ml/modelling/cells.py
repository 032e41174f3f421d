"""Partial pooling: what cells of accounts (a stage, a tier) add to the model of all, where that surely helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from abm_ml.errors import ConfigError, did_you_mean
from abm_ml.modelling.additive import Additive, additive_from
from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.folds import Floats, Rows
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.ladder import gain_of
from abm_ml.modelling.logistic import Logistic
from abm_ml.modelling.mixture import Mixture
from abm_ml.modelling.season import Season
from abm_ml.modelling.solving import straightened
from abm_ml.modelling.trees import Trees

FEWEST_EVENTS = 40
HALVES = 2
SPREAD = 0.01  # a cell's own weights are expected to be small
FLATTEST = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Accounts that share a value of a feature (`code` of the feature at a place), and what they were found to need.

    `gain` is how much lower their log loss is with `sums` added to the log-odds of all, on accounts that did not teach
    these; `sums` is None where that is not certain (the 90 % interval reaches 0), or there are fewer than 40 events.
    """

    feature: int
    code: float
    value: str
    events: int
    gain: Metric | None = None
    sums: Additive | None = None


@dataclass(frozen=True, slots=True)
class Pooled:
    """The model of all accounts, and beside it what some cells and the season add."""

    whole: Additive | Trees | Mixture
    cells: tuple[Cell, ...] = ()
    season: Additive | None = None

    @property
    def base_margin(self) -> float:
        """The log-odds before any feature speaks."""
        return self.whole.base_margin + self._level

    def margin(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """The log-odds of encoded rows, shape (n,)."""
        return np.asarray(self.whole.margin(matrix, threads=threads) + self._level + self.beside(matrix).sum(axis=1))

    def contributions(self, matrix: Floats, *, threads: int = 1) -> Floats:
        """What each feature adds to the log-odds of encoded rows, shape (n, features)."""
        return self.whole.contributions(matrix, threads=threads) + self.beside(matrix)

    @property
    def _level(self) -> float:
        """What the season adds whatever the date."""
        return self.season.base_margin if self.season else 0.0

    def beside(self, matrix: Floats) -> Floats:
        """What they add, by feature; a cell's own level is added by the feature that makes the cell."""
        parts = np.zeros(matrix.shape) if self.season is None else self.season.contributions(matrix)
        for cell in self.cells:
            mine = matrix[:, cell.feature] == cell.code
            if cell.sums is not None:
                parts[mine] += cell.sums.contributions(matrix[mine])
                parts[mine, cell.feature] += cell.sums.base_margin
        return parts


def cells_of(
    margin: Floats, rows: Prepared, segments: Sequence[str], *, directions: Mapping[str, int], seed: int
) -> tuple[tuple[Cell, ...], Floats]:
    """The cells of some features, each with what it needs beside the margins of rows that taught no model.

    A cell's own model is a logistic regression beside the log-odds of all, drawn to them by a penalty. The margins come
    back with what the cells add, each half of the accounts being told by what the other half taught.

    Raises:
        ConfigError: a segment is no category or flag that varies.
    """
    if not segments:
        return (), margin
    level, slope = straightened(margin, rows.y, rows.weight)
    steep = max(slope, FLATTEST)
    line = level + steep * margin
    how = Logistic(spread=SPREAD, directions=directions, seed=seed)
    found, better = [], margin.copy()
    for cell, mine in _all_of(rows, segments):
        part, sums, gain = rows.some(mine), None, None
        if part.events >= FEWEST_EVENTS:
            own = _told_by_others(part, line[mine], how)
            gain = _gain(part, line[mine], own, seed=seed)
            if gain.low > 0.0:
                sums = how.fit(part, line[mine]).times(1.0 / steep)
                better[mine] += (own - line[mine]) / steep
                line[mine] = own  # the cells after it are judged beside what it has bettered already
        found.append(replace(cell, events=part.events, gain=gain, sums=sums))
    return tuple(found), better


def pooled(
    model: Additive | Trees | Mixture, cells: tuple[Cell, ...], season: Season | None
) -> Additive | Trees | Mixture | Pooled:
    """The model of all, with what those cells add that need anything, and the season where there is one."""
    kept = tuple(cell for cell in cells if cell.sums is not None)
    sums = season.sums if season else None
    return Pooled(model, kept, sums) if kept or sums else model


def _all_of(rows: Prepared, segments: Sequence[str]) -> Iterator[tuple[Cell, Rows]]:
    """Every cell of the segments with the places of its rows."""
    dated = rows.calendar.places if rows.calendar else ()
    kinds = {place: feature.kind for place, feature in enumerate(rows.features) if place not in dated}
    known = {rows.features[place].name: place for place, kind in kinds.items() if kind != "number"}
    for name in segments:
        if name not in known:
            raise ConfigError(
                f"segments: '{name}' is no category or flag that varies within a date. {did_you_mean(name, known)}"
            )
        values = rows.features[known[name]].categories or ("no", "yes")
        for code, value in enumerate(values):
            mine = np.flatnonzero(rows.matrix[:, known[name]] == code)
            yield Cell(feature=known[name], code=float(code), value=f"{name} {value}", events=0), mine


def _told_by_others(rows: Prepared, line: Floats, how: Logistic) -> Floats:
    """The log-odds of a cell's rows, each half of its accounts being told by what the other half taught."""
    owner = np.arange(len(line)) if rows.groups is None else rows.groups
    half = np.random.default_rng(how.seed).permutation(int(owner.max()) + 1)[owner] % HALVES
    own = line.copy()
    for mine in (half == number for number in range(HALVES)):
        others = rows.some(np.flatnonzero(~mine))
        if len(np.unique(others.y)) > 1:
            own[mine] += how.fit(others, line[~mine]).margin(rows.matrix[mine])
    return own


def _gain(rows: Prepared, line: Floats, own: Floats, *, seed: int) -> Metric:
    """How much lower the log loss of some log-odds is than that of others."""
    before, after = (np.logaddexp(0.0, each) - rows.y * each for each in (line, own))
    return gain_of(before - after, rows.groups, rows.weight, seed=seed)[0]


def cell_from(record: Mapping[str, Any]) -> Cell:
    """The cell that `dataclasses.asdict` wrote as plain values."""
    gain, sums = record["gain"], record["sums"]
    return Cell(
        **{
            **record,
            "gain": None if gain is None else Metric(**gain),
            "sums": None if sums is None else additive_from(sums),
        }
    )
