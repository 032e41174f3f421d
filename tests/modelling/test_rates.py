"""The two lowest rungs: the rule keeps its ranking, and rates of small segments stay near the rate of all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abm_ml.modelling.additive import Additive
from abm_ml.modelling.inputs import Feature, Prepared
from abm_ml.modelling.rates import fit_rates, fit_rules
from tests.modelling.prepared import place, prepared


def segments(sizes: list[int], events: list[int]) -> Prepared:
    """One category whose segments have so many rows and events."""
    code = np.repeat(np.arange(float(len(sizes))), sizes)
    y = np.concatenate([np.arange(size) < hits for size, hits in zip(sizes, events, strict=True)]).astype(np.int64)
    names = tuple(f"s{number}" for number in range(len(sizes)))
    return Prepared(
        matrix=code[:, None], y=y, weight=np.ones(len(y)), time=np.zeros(len(y), dtype=np.int64), groups=None,
        features=(Feature("segment", "category", names),), rows=np.arange(len(y)),
    )  # fmt: skip


def rates(model: Additive, values: int) -> np.ndarray:
    """The rate that the model gives to each segment."""
    return 1.0 / (1.0 + np.exp(-model.margin(np.arange(float(values))[:, None])))


def test_small_segments_are_drawn_to_the_whole():
    """Of two segments with the same rate of their own, the smaller one stays nearer to the rate of all."""
    said = rates(fit_rates(segments([400, 400, 40, 4], [40, 160, 16, 2])), 4)
    whole = 218 / 844
    assert said[0] == pytest.approx(0.1, abs=0.02)
    assert said[1] == pytest.approx(0.4, abs=0.02)
    assert whole < said[2] < said[1]
    assert abs(said[3] - whole) < 0.6 * abs(0.5 - whole)


def test_segments_that_differ_by_chance_are_one():
    """Where the segments' rates vary no more than chance makes them, all have the rate of all."""
    assert rates(fit_rates(segments([100, 100, 100], [10, 11, 9])), 3) == pytest.approx(0.1)


def test_an_account_counts_once():
    """The same accounts seen on ten dates give the rates that they give on one."""
    once = segments([30, 30], [3, 15])
    ten = replace(once.some(np.tile(np.arange(60), 10)), groups=np.tile(np.arange(60), 10))
    assert rates(fit_rates(ten), 2) == pytest.approx(rates(fit_rates(once), 2))
    alone = replace(ten, groups=None)
    assert np.ptp(rates(fit_rates(alone), 2)) > np.ptp(rates(fit_rates(once), 2))


def test_a_column_with_a_direction_is_no_segment():
    """What has a promised direction is left to the rungs that can keep it."""
    rows = prepared()
    model = fit_rates(rows, apart=["met"])
    assert place(rows, "met") not in {term.feature for term in model.terms}
    assert place(rows, "industry") in {term.feature for term in model.terms}


@pytest.mark.parametrize("direction", [1, -1])
def test_the_rule_ranks_as_it_did(direction):
    """Between the tenths a higher score has a higher margin, or a lower one where the rule speaks against the label."""
    rows = prepared()
    score = rows.matrix[:, place(rows, "engagement_score")]
    margin = fit_rules(rows, feature=place(rows, "engagement_score"), direction=direction).margin(rows.matrix)
    order = np.argsort(score, kind="stable")
    steps = np.diff(margin[order])[np.diff(score[order]) > 0]
    assert (direction * steps > 0).all()


def test_no_score_is_zero_points():
    """An account whose score is missing ranks like one with 0 points."""
    rows = prepared()
    model, at = fit_rules(rows, feature=place(rows, "engagement_score"), direction=1), place(rows, "engagement_score")
    gap, zero = rows.matrix[:1].copy(), rows.matrix[:1].copy()
    gap[0, at], zero[0, at] = np.nan, 0.0
    assert model.margin(gap) == model.margin(zero)
