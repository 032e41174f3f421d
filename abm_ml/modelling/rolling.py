"""Rolling folds: learn from the dates before, leave out one horizon, judge later dates; accounts apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm_ml.errors import GateRefused
from abm_ml.modelling.answers import FEWEST_EVENTS, require_both
from abm_ml.modelling.folds import MIN_EVENTS, OLDEST_SHARE, Fold, Labels, dealt, folds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """How folds roll: over so many blocks of later dates, each judged in so many parts of accounts.

    `gap` is what lies between the last date that teaches and the first that is judged: one horizon, in the unit of the
    times (a timedelta for dates). A fold costs one fit: there are `blocks` times `parts` of them, where accounts come
    back, else `blocks`.
    """

    gap: Any = None
    blocks: int = 2
    parts: int = 3
    seed: int = 7


def rolling_folds(y: Labels, time: ArrayLike | None, groups: Labels | None, how: Rolling) -> list[Fold]:
    """Pairs of teaching rows and later rows of other accounts; the first pairs see every block of dates once.

    The oldest dates only teach: 30 % of the rows, and 20 events of either class. What lies one gap after them is
    judged, in blocks of whole dates with about equally many rows; every row there is judged once. Without times, or
    where they are too few, accounts are dealt into folds instead.

    Raises:
        GateRefused: there are fewer than two rows of either class, or all of them are of one account.
    """
    require_both(y)
    blocks = [] if time is None else _blocks(y, np.asarray(time), how)
    folds = _apart(blocks, y, groups, how) if blocks else folds_of(y, groups, seed=how.seed)
    useful = [(teach, judge) for teach, judge in folds if len(judge) and _events(y[teach]) >= FEWEST_EVENTS]
    if not useful:
        raise GateRefused("Too few accounts show either outcome: none is left to be judged by the others.")
    return useful


def _blocks(y: Labels, time: NDArray[Any], how: Rolling) -> list[Fold]:
    """Pairs of the rows that teach a block and the rows of the block, of all accounts."""
    times = np.unique(time)
    starts = [start for start in times[1:] if _teaches(y, _before(time, start, how.gap))]
    if not starts:
        return []
    judged = time[time >= starts[0]]
    cuts = np.quantile(np.searchsorted(times, judged), np.arange(1, how.blocks) / how.blocks, method="higher")
    firsts = np.unique([starts[0], *times[cuts.astype(np.intp)]])
    ends = [*firsts[1:], None]
    return [
        (np.flatnonzero(_before(time, first, how.gap)), np.flatnonzero((time >= first) & (end is None or time < end)))
        for first, end in zip(firsts, ends, strict=True)
    ]


def _before(time: NDArray[Any], start: Any, gap: Any) -> NDArray[np.bool_]:
    """The rows whose outcome is known when a block starts."""
    return np.asarray(time < start if gap is None else (time <= start - gap) & (time < start))


def _teaches(y: Labels, rows: NDArray[np.bool_]) -> bool:
    return bool(rows.mean() >= OLDEST_SHARE and _events(y[rows]) >= MIN_EVENTS)


def _events(y: Labels) -> int:
    """How many rows the rarer class has."""
    return int(min(y.sum(), len(y) - y.sum()))


def _apart(blocks: list[Fold], y: Labels, groups: Labels | None, how: Rolling) -> list[Fold]:
    """The same blocks with no account on both sides; as they are, where no account comes back."""
    if groups is None or not any(np.isin(groups[judge], groups[teach]).any() for teach, judge in blocks):
        return blocks
    part = dealt(y, groups, how.parts, seed=how.seed)
    turns = [(turn, place) for turn in range(how.parts) for place in range(len(blocks))]
    folds = []
    for turn, place in turns:
        teach, judge = blocks[place]
        held = (turn + place) % how.parts
        folds.append((teach[part[teach] != held], judge[part[judge] == held]))
    return folds
