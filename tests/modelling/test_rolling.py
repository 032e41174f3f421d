"""Rolling folds: the past teaches, a gap is left out, later rows of other accounts are judged, each once."""

from __future__ import annotations

import numpy as np
import pytest

from abm_ml.errors import GateRefused
from abm_ml.modelling.rolling import Rolling, rolling_folds

DATES, ACCOUNTS = 12, 60
GAP = np.timedelta64(90, "D")


def snapshots(share: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every account on every month's first day: labels, dates, accounts."""
    dates = np.array([f"2024-{month:02d}-01" for month in range(1, DATES + 1)], dtype="datetime64[us]")
    account = np.tile(np.arange(ACCOUNTS), DATES)
    y = (np.random.default_rng(0).random(len(account)) < share).astype(np.int64)
    return y, np.repeat(dates, ACCOUNTS), account


def test_the_past_teaches() -> None:
    """Between the last date that teaches and the first that is judged lies the gap."""
    y, time, account = snapshots()
    for teach, judge in rolling_folds(y, time, account, Rolling(gap=GAP)):
        assert time[teach].max() + GAP <= time[judge].min()


def test_accounts_are_apart() -> None:
    """No account teaches and is judged in the same fold, where accounts come back."""
    y, time, account = snapshots()
    for teach, judge in rolling_folds(y, time, account, Rolling(gap=GAP)):
        assert not set(account[teach]) & set(account[judge])


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_every_later_row_is_judged_once(blocks: int) -> None:
    """All rows from the first judged date on are judged by exactly one fold, whatever the number of blocks."""
    y, time, account = snapshots()
    folds = rolling_folds(y, time, account, Rolling(gap=GAP, blocks=blocks))
    judged = np.sort(np.concatenate([judge for _, judge in folds]))
    first = time[judged].min()
    assert np.array_equal(judged, np.flatnonzero(time >= first))
    assert len(folds) == 3 * blocks


def test_the_first_folds_see_every_block() -> None:
    """A search that gives up early has seen each block of dates."""
    y, time, account = snapshots()
    first, second, *_ = rolling_folds(y, time, account, Rolling(gap=GAP))
    assert time[first[1]].max() < time[second[1]].min()


def test_accounts_that_never_come_back() -> None:
    """Where each row is its own account, a block is one fold of all its rows."""
    y, time, _ = snapshots()
    assert len(rolling_folds(y, time, np.arange(len(y)), Rolling(gap=GAP))) == 2


def test_without_dates() -> None:
    """Without dates, accounts are dealt into folds, and every row is judged once."""
    y, _, account = snapshots()
    folds = rolling_folds(y, None, account, Rolling())
    assert np.array_equal(np.sort(np.concatenate([judge for _, judge in folds])), np.arange(len(y)))
    assert all(not set(account[teach]) & set(account[judge]) for teach, judge in folds)


def test_too_little_time() -> None:
    """Where the gap leaves nothing to learn from, folds are by account."""
    y, time, account = snapshots()
    folds = rolling_folds(y, time, account, Rolling(gap=np.timedelta64(3650, "D")))
    assert len(np.concatenate([judge for _, judge in folds])) == len(y)


def test_nobody_left_to_teach() -> None:
    """Of two events one would teach and one be judged: refused in words, not by an empty list of folds."""
    y = np.arange(4) < 2
    with pytest.raises(GateRefused, match="Too few accounts"):
        rolling_folds(y.astype(np.int64), None, None, Rolling())


def test_one_class_only() -> None:
    """Nothing can be compared where one class is all there is."""
    y, time, account = snapshots(share=0.0)
    with pytest.raises(GateRefused, match="0 positives"):
        rolling_folds(y, time, account, Rolling(gap=GAP))
