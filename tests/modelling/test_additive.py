"""A sum over features is what its terms say, exactly, and the same after it was stored."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from abm_ml.modelling.additive import Additive, Term, additive_from, centred

SIZE = Term(0, at=(0.0, 10.0, 100.0), adds=(-1.0, 0.0, 3.0), missing=0.5)
INDUSTRY = Term(2, at=(0.0, 1.0, 2.0), adds=(0.7, -0.2, 0.1))
MODEL = Additive(-1.5, (SIZE, INDUSTRY))
ROWS = np.array([[10.0, 7.0, 0.0], [55.0, 7.0, 2.0], [-5.0, np.nan, 1.0], [1e9, 0.0, np.nan], [np.nan, 0.0, np.nan]])


def test_a_curve_is_straight_between_points_and_level_beyond():
    """A number between two points adds what lies between, beyond the outermost no more; a gap has its own value."""
    assert SIZE.of(ROWS[:, 0]).tolist() == [0.0, 1.5, -1.0, 3.0, 0.5]


def test_a_category_is_a_table():
    """Each code adds exactly its own value, and no known category adds nothing."""
    assert INDUSTRY.of(ROWS[:, 2]).tolist() == [0.7, 0.1, -0.2, 0.0, 0.0]


def test_contributions_are_the_terms():
    """Base plus contributions is the margin; a feature without a term adds nothing."""
    parts = MODEL.contributions(ROWS)
    np.testing.assert_allclose(parts.sum(axis=1) + MODEL.base_margin, MODEL.margin(ROWS), rtol=0, atol=1e-15)
    assert (parts[:, 1] == 0).all()
    assert parts.shape == ROWS.shape


def test_rows_alone():
    """A row has the same margin alone and among others, and no rows have none."""
    assert [MODEL.margin(ROWS[[row]])[0] for row in range(len(ROWS))] == MODEL.margin(ROWS).tolist()
    assert MODEL.margin(ROWS[:0]).shape == (0,)
    assert MODEL.contributions(ROWS[:0]).shape == (0, 3)


def test_centred_changes_no_margin():
    """Centred, every term has mean 0 over the rows, terms of a feature are one, and all margins are as before."""
    terms = (SIZE, INDUSTRY, SIZE.times(0.5))
    plain = sum(term.of(ROWS[:, term.feature]) for term in terms) - 1.5
    weight = np.array([1.0, 2.0, 1.0, 3.0, 1.0])
    model = centred(-1.5, terms, ROWS, weight)
    np.testing.assert_allclose(model.margin(ROWS), plain, rtol=0, atol=1e-12)
    assert [term.feature for term in model.terms] == [0, 2]
    assert np.average(model.contributions(ROWS), axis=0, weights=weight) == pytest.approx(0.0, abs=1e-12)
    assert model.base_margin == pytest.approx(np.average(plain, weights=weight))


def test_stored_as_json():
    """What is read back from JSON is the same to the bit."""
    assert additive_from(json.loads(json.dumps(asdict(MODEL)))) == MODEL
