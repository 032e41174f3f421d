"""Grades: A, B or C from a lowest probability on; D is the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field


def _checked(cuts: dict[str, float]) -> dict[str, float]:
    if list(cuts) != ["A", "B", "C"]:
        raise ValueError("the grades are A, B and C with their lowest probabilities; D is the rest")
    if list(cuts.values()) != sorted(cuts.values(), reverse=True):
        raise ValueError("the grades fall from the first to the last")
    return cuts


Grades = Annotated[
    dict[str, float], AfterValidator(_checked), Field(default_factory=lambda: {"A": 0.50, "B": 0.25, "C": 0.10})
]


def grades(probability: Any, cuts: Mapping[str, float]) -> Any:
    """The grade of each probability: the first whose cut it reaches."""
    return np.select([probability >= cut for cut in cuts.values()], list(cuts), "D")
