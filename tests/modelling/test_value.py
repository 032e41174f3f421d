"""From which probability on a call is worth it: by hand, and as a law over capacities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from abm_ml.errors import ConfigError, SourceError
from abm_ml.labels import LABELS
from abm_ml.modelling.card_value import Price, cut_off_lines
from abm_ml.modelling.pictures import HeldOut
from abm_ml.modelling.value import CutOff, cut_offs, threshold_by_capacity, threshold_by_cost


def test_a_call_of_50_for_a_deal_of_1000_pays_from_5_percent_on() -> None:
    """0.05 x 1000 - 50 is nothing, and less is a loss. 0.5 is right where a success is worth two calls."""
    assert threshold_by_cost(50, 1000) == 0.05
    assert threshold_by_cost(1, 2) == 0.5
    assert threshold_by_cost(0, 10) == 0.0
    assert threshold_by_cost(20, 10) == 1.0


@pytest.mark.parametrize(("cost", "value"), [(-1, 10), (1, 0), (1, math.nan)])
def test_a_threshold_needs_a_cost_and_a_value(cost: float, value: float) -> None:
    """A value of nothing has no threshold."""
    with pytest.raises(ConfigError, match="a value above 0"):
        threshold_by_cost(cost, value)


def test_capacity_by_hand() -> None:
    """Two calls take the two best; where three tie for two places none of them is called."""
    assert threshold_by_capacity([0.1, 0.4, 0.3], 2) == 0.3
    assert threshold_by_capacity([0.9, 0.4, 0.4, 0.4], 3) == 0.9
    assert threshold_by_capacity([0.4, 0.4], 1) == math.inf
    assert threshold_by_capacity([0.4, 0.2], 5) == 0.2
    assert threshold_by_capacity([], 5) == 0.0
    with pytest.raises(SourceError, match="0 or more"):
        threshold_by_capacity([0.1], -1)


@given(some.lists(some.sampled_from([0.1, 0.2, 0.3, 0.5, 0.7]), max_size=30), some.integers(0, 40))
def test_never_more_than_capacity(probability: list[float], capacity: int) -> None:
    """Whatever ties there are, no more are called than there is time for, and the best are."""
    threshold = threshold_by_capacity(probability, capacity)
    called = [p for p in probability if p >= threshold]
    assert len(called) <= capacity
    assert all(p < threshold for p in probability if p not in called)


def test_cut_offs_by_hand() -> None:
    """Of four calls from 0.3 on three are right, of five events three are found; nobody is called from 0.9 on."""
    happened, said = [1, 1, 0, 1, 1, 1, 0], [0.8, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1]
    assert cut_offs(happened, said, [0.3, 0.9]) == (
        CutOff(probability=0.3, called=4, right=0.75, found=0.6),
        CutOff(probability=0.9, called=0, right=None, found=None),
    )


def test_the_card_says_where_to_cut() -> None:
    """By capacity, by cost where one is configured, and 0.5 only for comparison."""
    said = np.arange(100) / 200
    rows = HeldOut(label=LABELS["win"], happened=(np.arange(100) % 2).astype(float), probability=said)
    text = cut_off_lines(LABELS["win"], rows, None)
    assert "| the best 10% | 45.0% | 10 | 50.0% | 10.0% |" in text
    assert "| who is likelier than not |  | 0 |  |  |" in text
    priced = cut_off_lines(LABELS["win"], rows, Price(cost_of_contact=40, value_of_success=100, currency="EUR"))
    assert "| who pays for the call | 40.0% | 20 | 50.0% | 20.0% |" in priced
    assert "40 EUR, with 100 EUR at stake" in priced[0]
