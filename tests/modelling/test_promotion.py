"""A challenger takes the champion's place where it is for certain not much worse."""

from __future__ import annotations

import pytest

from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.promotion import Against, against_from, against_text, odds_apart

WORSE = Against(champion="win/3", difference=Metric(-0.01, -0.03, 0.01))
UNKNOWN = Against(champion="win/3", why="its features were defined otherwise.")


@pytest.mark.parametrize(
    ("against", "worse_by", "may"),
    [(WORSE, 0.02, False), (WORSE, 0.03, True), (UNKNOWN, 0.0, True)],
)
def test_not_worse(against, worse_by, may):
    """The lower bound decides: what is unknown because there is too little data is not allowed for."""
    assert against.allows(worse_by) is may


def test_it_says_its_numbers():
    """The comparison is told with its interval, or with the reason why there is none."""
    assert str(WORSE) == "AUC -0.010 (-0.030 to +0.010) against win/3"
    assert str(UNKNOWN) == "cannot be compared with win/3: its features were defined otherwise."


@pytest.mark.parametrize("against", [WORSE, UNKNOWN])
def test_it_survives_as_text(against):
    """What the registry keeps of a comparison comes back the same."""
    assert against_from(against_text(against)) == against


@pytest.mark.parametrize(
    ("mean", "other", "apart"), [(0.5, 0.5, 1.0), (0.5, 0.8, 4.0), (0.8, 0.5, 4.0), (0.1, 0.2, 2.25)]
)
def test_odds_apart(mean, other, apart):
    """The odds of 80 % are four times those of 50 %, whichever of the two is the champion's."""
    assert odds_apart(mean, other) == pytest.approx(apart)
