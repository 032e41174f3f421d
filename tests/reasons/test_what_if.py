"""What if: only within what training saw is anything said."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from abm_ml.modelling.inputs import Feature
from abm_ml.reasons.scenarios import Scenario, SupposedRow, WhatIfConfig
from abm_ml.reasons.what_if import is_inside

FEATURES = (Feature("meetings", "number", low=0.0, high=5.0), Feature("industry", "category", ("a", "b")))


def inside(own: list[float], supposed: list[float]) -> bool:
    """Whether one row moves within what training saw."""
    return bool(is_inside(FEATURES, np.array([own]), np.array([supposed]))[0])


def test_a_move_to_where_training_was_is_inside() -> None:
    """The ends of what training saw are inside, beyond them is outside."""
    assert inside([4.0, 0.0], [5.0, 0.0])
    assert not inside([4.0, 0.0], [6.0, 0.0])
    assert not inside([1.0, 0.0], [-1.0, 0.0])


def test_what_does_not_move_may_lie_anywhere() -> None:
    """An account that is beyond what training saw already is no reason to be silent of its other features."""
    assert inside([9.0, 0.0], [9.0, 1.0])
    assert inside([np.nan, 0.0], [np.nan, 1.0])


def test_the_usual_scenarios_have_words() -> None:
    """Without configuration there are scenarios, worked out for a bounded number of accounts."""
    usual = WhatIfConfig()
    assert list(usual.scenarios) == ["key_meeting", "two_decision_makers", "daily_use"]
    assert all(scenario.text for scenario in usual.scenarios.values())
    assert usual.accounts == 10_000


def test_a_scenario_supposes_something() -> None:
    """A scenario without rows, or one row a thousand times, is refused."""
    with pytest.raises(ValidationError):
        Scenario(text="nothing", rows=())
    with pytest.raises(ValidationError):
        SupposedRow(kind="meeting", channel="in_person", side="sales", times=1_000)
