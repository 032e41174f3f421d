"""Numbers on a page, and that what is shown adds up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ml.web import formats

POINTS = st.lists(st.floats(-0.4, 0.4, allow_nan=False), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(POINTS, st.floats(0.0, 1.0))
def test_tenths_add_up_as_shown(points: list[float], base: float) -> None:
    """The shown beginning and the shown parts give the shown end, and no part is a whole tenth away from its value."""
    total = formats.tenths(base + math.fsum(points)) - formats.tenths(base)
    found = formats.tenths_that_add_up(points, total)
    assert sum(found) == total
    assert all(abs(shown - 1000 * value) < 2 for shown, value in zip(found, points, strict=True))


def test_tenths_go_to_those_that_lost_most() -> None:
    """Three parts of a third of a tenth give one tenth: the first gets it."""
    assert formats.tenths_that_add_up([0.00034, 0.00033, 0.00033], 1) == [1, 0, 0]


@pytest.mark.parametrize(
    ("probability", "told"),
    [(0.4445, "44%"), (0.0, "0%"), (0.004, "<1%"), (0.999, ">99%"), (1.0, "100%"), (0.5, "50%")],
)
def test_about(probability: float, told: str) -> None:
    """The list shows whole percents, and never certainty where there is none."""
    assert formats.about(probability) == told


def test_a_change_is_that_of_the_shown_numbers() -> None:
    """From 41.0% to 44.5% it is +3.5 points, even if the exact difference is 3.44."""
    assert formats.change_in_tenths(0.4445, 0.0344) == 35
    assert formats.change_in_tenths(0.4445, None) is None


def test_signs_of_numbers() -> None:
    """Differences bear their sign; the minus is one that does not break from its number."""
    assert [formats.points_of_tenths(count) for count in (34, 0, -12)] == ["+3.4", "0.0", f"{formats.MINUS}1.2"]
    assert formats.money(-1_250_000.0, "EUR") == f"{formats.MINUS}€1.25M"
    assert formats.interval(0.004, 0.127) == f"0{formats.DASH}13%"
