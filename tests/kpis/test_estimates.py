"""Intervals against published examples and scipy, and what nothing divided by nothing is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from abm_ml.engines import Engine
from abm_ml.kpis import estimates
from abm_ml.kpis.estimates import Estimate


def _numbers(engine: Engine, frame: pd.DataFrame, made: Any) -> tuple[float, ...]:
    rows = engine.register(pa.Table.from_pandas(frame, preserve_index=False))
    estimate: Estimate = made(rows)
    cells = {name: value for name in ("value", "low", "high") if (value := getattr(estimate, name)) is not None}
    found = engine.compute(rows.aggregate(**cells)).to_pylist()[0]
    return tuple(found[name] for name in cells)


def _outcomes(**groups: tuple[int, int]) -> pd.DataFrame:
    """Per group, so many yes of so many."""
    rows = [(group, n < yes) for group, (yes, of) in groups.items() for n in range(of)]
    return pd.DataFrame(rows, columns=["group", "yes"])


def _share(rows: Any, group: str) -> Estimate:
    mine = rows.group == group
    return estimates.share((rows.yes & mine).sum(), mine.sum())


@pytest.mark.parametrize(("yes", "of"), [(0, 10), (10, 10), (1, 1), (12, 40), (3, 60), (60, 500)])
def test_share_has_wilsons_interval(engine: Engine, yes: int, of: int) -> None:
    """The interval of a share is Wilson's, as scipy computes it, and lies within 0 and 1."""
    found = _numbers(engine, _outcomes(a=(yes, of)), lambda rows: _share(rows, "a"))
    wanted = stats.binomtest(yes, of).proportion_ci(method="wilson")
    assert found == pytest.approx((yes / of, wanted.low, wanted.high), abs=1e-9)


def test_difference_has_newcombes_interval(engine: Engine) -> None:
    """Newcombe 1998, example (a): 56 of 70 against 48 of 80 differ by 0.20 (0.0524 to 0.3339)."""
    frame = _outcomes(a=(56, 70), b=(48, 80))
    found = _numbers(engine, frame, lambda rows: estimates.difference(_share(rows, "a"), _share(rows, "b")))
    assert found == pytest.approx((0.20, 0.0524, 0.3339), abs=5e-5)


def test_lift_of_a_ratio(engine: Engine) -> None:
    """The interval of a lift holds it, and leaves 0 out exactly where that of the difference does."""
    frame = _outcomes(a=(56, 70), b=(48, 80))
    value, low, high = _numbers(engine, frame, lambda rows: estimates.lift(_share(rows, "a"), _share(rows, "b")))
    assert value == pytest.approx(1 / 3)
    assert 0 < low < value < high < 0.7


@pytest.mark.parametrize("count", [3, 4, 6, 11, 60])
def test_mean_has_students_interval(engine: Engine, count: int) -> None:
    """The interval of a mean is Student's to 1 % of its width, from three values on."""
    values = np.random.default_rng(count).normal(50, 10, count).round(3)
    found = _numbers(engine, pd.DataFrame({"x": values}), lambda rows: estimates.mean(rows.x))
    reach = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) / count**0.5
    assert found == pytest.approx((values.mean(), values.mean() - reach, values.mean() + reach), abs=0.01 * reach)


def test_two_values_have_no_interval(engine: Engine) -> None:
    """Two values give a mean, and nothing is said of how sure it is."""
    assert _numbers(engine, pd.DataFrame({"x": [1.0, 3.0]}), lambda rows: estimates.mean(rows.x)) == (2.0, None, None)


NOTHING = {
    "share": lambda rows: _share(rows, "a"),
    "mean": lambda rows: estimates.mean(rows.yes.cast("float64")),
    "ratio": lambda rows: estimates.ratio(rows.yes.sum(), rows.yes.count()),
    "lift": lambda rows: estimates.lift(_share(rows, "a"), _share(rows, "b")),
    "difference": lambda rows: estimates.difference(_share(rows, "a"), _share(rows, "b")),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_gives_nothing(engine: Engine, name: str) -> None:
    """A zero denominator gives null, never 0 and never an error."""
    empty = _outcomes().astype({"group": "str", "yes": "bool"})
    assert set(_numbers(engine, empty, NOTHING[name])) == {None}


def test_a_lift_over_zero_is_none(engine: Engine) -> None:
    """Against a rate of 0 nothing is so many times more."""
    frame = _outcomes(a=(5, 10), b=(0, 10))
    found = _numbers(engine, frame, lambda rows: estimates.lift(_share(rows, "a"), _share(rows, "b")))
    assert found == (None, None, None)


def test_money_does_not_depend_on_order(engine: Engine) -> None:
    """Sums of money are the same to the last bit in any order of rows."""
    money = np.random.default_rng(7).uniform(0, 1e6, 5000).round(2)
    frames = [pd.DataFrame({"x": order}) for order in (money, money[::-1])]
    one, other = (_numbers(engine, frame, lambda rows: estimates.total(rows.x)) for frame in frames)
    assert one == other
