"""What must hold of a run before anyone may read it, checked part by part while its files are written."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from abm_ml.errors import GateRefused
from abm_ml.publishing.tables import (
    CHANGES,
    NAMES,
    NOT_NEEDED,
    ORDER,
    PROGRAM_KPIS,
    REASONS,
    SCORES,
    WHAT_IF,
    Marks,
    by_account,
    marked,
    ordered,
    shaped,
)
from abm_ml.reasons.rows import OTHER

CLOSE_ENOUGH = 1e-9
JUDGED_FROM, MOST_ALIKE = 100, 0.99
_SCORE = ["account_id", "label"]
_KEYS = {
    **dict.fromkeys(("scores", "reasons", "changes"), _SCORE),
    **{key: ["account_id"] for key in ("kpis", "features")},
    "what_if": [*_SCORE, "place"],
}
_NUMBERED = {"reasons": "rank", "changes": "place"}


class Checking:
    """The checks of one run: what cannot be right raises GateRefused, and says which table and why.

    Each table comes in one part or in many. Within a part rows may stand in any order; the parts of a table follow each
    other by account, and all rows of a score are in the same one. Of each score only its keys and three numbers are
    kept, for the checks that need all of them.
    """

    def __init__(self, *, run_id: str, as_of: dt.date) -> None:
        self._run = {"run_id": pa.scalar(run_id, pa.string())}
        self._dated = {**self._run, "as_of": pa.scalar(as_of, pa.date32())}
        self._schemas = {
            "scores": SCORES,
            "reasons": REASONS,
            "program_kpis": PROGRAM_KPIS,
            "changes": CHANGES,
            "what_if": WHAT_IF,
        }
        self._seen: set[str] = set()
        self._last: dict[str, tuple[Any, ...]] = {}
        self._scores: list[pa.Table] = []
        self._sums: list[pa.Table] = []
        self._moves: list[pa.Table] = []

    def part(self, name: str, rows: pa.Table) -> pa.Table:
        """A part of a table as it is stored: complete, in order, every row marked with its run."""
        if name not in NAMES:
            raise GateRefused(f"Run not published: '{name}' is none of its tables: {', '.join(NAMES)}.")
        self._seen.add(name)
        table = self._shaped(name, rows)
        if name == "program_kpis":
            return ordered(table, ORDER)
        table = ordered(table, [*_KEYS[name], *([_NUMBERED[name]] if name in _NUMBERED else [])])
        self._check_keys(name, self._summed(name, table) if name in _NUMBERED else table.select(_KEYS[name]))
        if name == "scores":
            _check_bounds(table)
            self._scores.append(table.select([*_SCORE, "probability", "base_probability"]))
        return table

    def finish(self) -> None:
        """The checks for which every part must have been seen."""
        missing = [name for name in NAMES if name not in (*self._seen, *NOT_NEEDED)]
        if missing:
            raise GateRefused(f"Run not published: there is no table {', '.join(missing)}.")
        scores = pa.concat_tables(self._scores)
        if not len(scores):
            raise GateRefused("Run not published: scores has no rows, so there is nobody to score. Check the date.")
        _check_spread(scores)
        _check_sums(scores, pa.concat_tables(self._sums))
        if self._moves:
            _check_moves(scores, pa.concat_tables(self._moves))

    def _shaped(self, name: str, rows: pa.Table) -> pa.Table:
        marks: Marks = self._dated if name in ("scores", "program_kpis") else self._run
        table = marked(name, rows, marks)
        if name not in self._schemas:
            self._schemas[name] = by_account(name, table)
        return shaped(name, table, self._schemas[name])

    def _check_keys(self, name: str, keys: pa.Table) -> None:
        """No key stands twice, and no part begins before the end of the one before."""
        if not len(keys):
            return
        twice = np.flatnonzero(~_starts(keys))
        first, last = (tuple(keys.slice(row, 1).to_pylist()[0].values()) for row in (0, len(keys) - 1))
        before = self._last.get(name, ())
        if len(twice) or first == before:
            row = keys.slice(int(twice[0]), 1).to_pylist()[0].values() if len(twice) else first
            count = len(twice) + (first == before)
            raise GateRefused(
                f"Run not published: {name} has {count:,} rows twice (first: {', '.join(map(str, row))})."
            )
        if first < before:
            raise GateRefused(
                f"Run not published: {name}, {', '.join(map(str, first))} comes after {', '.join(map(str, before))}."
            )
        self._last[name] = last

    def _summed(self, name: str, told: pa.Table) -> pa.Table:
        """The keys of the scores that reasons or changes are of; what they add up to is kept for the end."""
        starts = np.flatnonzero(_starts(told.select(_SCORE)))
        keys = told.select(_SCORE).take(pa.array(starts))
        points = np.add.reduceat(told["points"].to_numpy(), starts) if len(starts) else np.zeros(0)
        sums = keys.append_column("points", pa.array(points))
        if name == "reasons":
            _check_ranks(told, starts)
            self._sums.append(sums)
        else:
            self._moves.append(sums.append_column("before", told["before"].take(pa.array(starts))))
        return keys


def _starts(keys: pa.Table) -> NDArray[np.bool_]:
    """Where a new key begins in rows that are in the order of their keys."""
    new = np.ones(len(keys), dtype=bool)
    if len(keys) > 1:
        earlier, later = keys.slice(0, len(keys) - 1), keys.slice(1)
        unequal = [pc.not_equal(earlier[key], later[key]).to_numpy() for key in keys.column_names]
        new[1:] = np.logical_or.reduce(unequal)
    return new


def _check_ranks(reasons: pa.Table, starts: NDArray[np.intp]) -> None:
    """Every score has reasons 1, 2, 3, ... and the rest last."""
    ends = np.append(starts[1:], len(reasons))[: len(starts)]
    rank = np.arange(len(reasons)) - np.repeat(starts, ends - starts) + 1
    if not np.array_equal(reasons["rank"].to_numpy(), rank):
        raise GateRefused("Run not published: the ranks of an account's reasons are not 1, 2, 3, ... for every score.")
    if set(pc.unique(reasons["feature"].take(pa.array(ends - 1))).to_pylist()) - {OTHER}:
        raise GateRefused(f"Run not published: the last reason of a score is not always '{OTHER}', the rest.")


def _check_bounds(scores: pa.Table) -> None:
    low, probability, high, base = (
        scores[name].to_numpy() for name in ("low", "probability", "high", "base_probability")
    )
    wrong = np.flatnonzero(
        ~((low >= 0) & (low <= probability) & (probability <= high) & (high <= 1) & (base >= 0) & (base <= 1))
    )
    if len(wrong):
        row = int(wrong[0])
        raise GateRefused(
            f"Run not published: {len(wrong):,} scores break 0 <= low <= probability <= high <= 1 (first: account "
            f"{scores['account_id'][row]}, {low[row]:g} <= {probability[row]:g} <= {high[row]:g}, base {base[row]:g})."
        )


def _check_spread(scores: pa.Table) -> None:
    for label in pc.unique(scores["label"]).to_pylist():
        probability = scores["probability"].filter(pc.equal(scores["label"], label)).to_numpy()
        _, counts = np.unique(probability, return_counts=True)
        if len(probability) >= JUDGED_FROM and counts.max() > MOST_ALIKE * len(probability):
            raise GateRefused(
                f"Run not published: {counts.max():,} of {len(probability):,} '{label}' scores are the same number. "
                "A model that tells no accounts apart is degenerate; train it on more or other data."
            )


def _check_sums(scores: pa.Table, sums: pa.Table) -> None:
    if not all(sums[key].equals(scores[key]) for key in _SCORE):
        raise GateRefused(f"Run not published: {len(scores):,} scores, but reasons for {len(sums):,} (or for others).")
    total = sums["points"].to_numpy() + scores["base_probability"].to_numpy()
    off = np.abs(total - scores["probability"].to_numpy())
    if not off.max() <= CLOSE_ENOUGH:
        row = int(off.argmax())
        account, label = scores["account_id"][row], scores["label"][row]
        raise GateRefused(
            f"Run not published: the reasons of {account} ({label}) miss its probability by {off[row]:.1e}."
        )


def _check_moves(scores: pa.Table, moves: pa.Table) -> None:
    """The parts of each change add up: from the probability of the run before to that of this one."""
    joined = moves.join(scores, _SCORE, join_type="left outer")
    off = joined["before"].to_numpy() + joined["points"].to_numpy() - joined["probability"].to_numpy()
    wrong = np.flatnonzero(~(np.abs(off) <= CLOSE_ENOUGH))
    if len(wrong):
        row = int(wrong[0])
        account, label = joined["account_id"][row], joined["label"][row]
        raise GateRefused(
            f"Run not published: {len(wrong):,} changes do not lead to a score (first: {account}, {label}, off by "
            f"{abs(off[row]):.1e})."
        )
