"""Compiled loops: they work also where nothing can be kept on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from abm_ml.compiled import compiled


def total(numbers: Any) -> float:
    """The sum of some numbers."""
    found = 0.0
    for number in numbers:
        found += number
    return found


def test_without_a_place_to_keep_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only installation without a home compiles anew in each process instead of failing."""
    monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [])
    assert compiled(total)(np.array([1.0, 2.5])) == 3.5
