"""Value: from which probability on a contact is worth it, by what it costs or by how many there can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm_ml.errors import ConfigError, SourceError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """What calling from a probability on would have brought on known rows.

    `right` is the share of the calls in which it happened (precision), `found` the share of all events among them
    (recall). Both are None where nobody is called.
    """

    probability: float
    called: int
    right: float | None
    found: float | None


def threshold_by_cost(cost_of_contact: float, value_of_success: float) -> float:
    """The probability from which on a contact pays: what it costs over what a success is worth; 1 at most.

    A contact costs c, and brings v with probability p. Its expected gain p v - c is positive where p > c / v, so the
    best cut-off is c / v whatever the base rate, and 0.5 only where a success is worth two contacts (Elkan 2001). It
    takes the whole of v as the contact's merit: what would have come without it is not known without an experiment.

    Raises:
        ConfigError: the cost is negative, or the value is not positive.
    """
    if cost_of_contact < 0 or not value_of_success > 0:
        raise ConfigError(
            f"A threshold needs a cost of 0 or more and a value above 0 (found: {cost_of_contact:g}, "
            f"{value_of_success:g})."
        )
    return min(cost_of_contact / value_of_success, 1.0)


def threshold_by_capacity(probability: ArrayLike, capacity: int) -> float:
    """The lowest probability to call from so that no more than `capacity` accounts are called; inf where none may be.

    Of n accounts the k with the highest probabilities hold the most events that k calls can expect. Accounts that tie
    at the border are all left out, for the threshold cannot tell them apart.

    Raises:
        SourceError: the capacity is negative.
    """
    if capacity < 0:
        raise SourceError(f"A capacity is 0 or more accounts (found: {capacity}).")
    falling = np.sort(np.asarray(probability, dtype=np.float64))[::-1]
    if capacity >= len(falling):
        return float(falling[-1]) if len(falling) else 0.0
    above = falling[falling > falling[capacity]]
    return float(above[-1]) if len(above) else float("inf")


def cut_offs(happened: ArrayLike, probability: ArrayLike, thresholds: Sequence[float]) -> tuple[CutOff, ...]:
    """What each threshold would have brought on rows whose outcome is known, in the given order."""
    came, said = np.asarray(happened, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    return tuple(_cut_off(came, said >= threshold, threshold) for threshold in thresholds)


def _cut_off(happened: Floats, called: NDArray[np.bool_], threshold: float) -> CutOff:
    calls, events = int(called.sum()), float(happened.sum())
    hits = float(happened[called].sum())
    right, found = (hits / calls, hits / events) if calls and events else (None, None)
    return CutOff(probability=threshold, called=calls, right=right, found=found)
