"""Drift: chance alone is not taken for it, and real changes are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abm_ml.monitoring.drift import Drift, drift_of, reference_of, strongest


def drawn(seed: int, accounts: int) -> pd.DataFrame:
    """A company: revenue, a share that is often 0 or not known, and a country."""
    dice = np.random.default_rng(seed)
    share = np.where(dice.random(accounts) < 0.6, 0.0, dice.random(accounts))
    return pd.DataFrame(
        {
            "revenue": dice.lognormal(15, 1.5, accounts),
            "share": np.where(dice.random(accounts) < 0.2, np.nan, share),
            "country": dice.choice(["DE", "FR", "IT", "中国"], accounts, p=[0.5, 0.2, 0.2, 0.1]),
        }
    )


def drifts(then: pd.DataFrame, now: pd.DataFrame) -> dict[str, Drift]:
    """What became of each column."""
    references = [reference_of(then[name], accounts=len(then)) for name in then]
    found = [drift_of(each, each.counted(now[each.feature])) for each in references]
    return {each.feature: each for each in found if each is not None}


@pytest.mark.parametrize("accounts", [200, 1_000, 20_000])
def test_chance_is_no_drift(accounts: int) -> None:
    """Companies drawn alike: none of hundreds is said to have drifted far; a look is asked for at most now and then."""
    seeds = range(20 if accounts > 1_000 else 333)
    levels = [
        each.level
        for seed in seeds
        for each in drifts(drawn(2 * seed, accounts), drawn(2 * seed + 1, accounts)).values()
    ]
    assert len(levels) == 3 * len(seeds)
    assert levels.count("large") == 0
    assert levels.count("watch") <= 0.05 * len(levels)


@pytest.mark.parametrize("seed", range(20))
def test_changes_are_found(seed: int) -> None:
    """Another unit, columns that changed places, twenty points of another mix, values that are lost: all large."""
    then, now = drawn(seed, 1_000), drawn(1_000 + seed, 1_000)
    dice = np.random.default_rng(seed)
    scaled = drifts(then, now.assign(revenue=now["revenue"] * 10))
    assert {name: each.level for name, each in scaled.items()} | {"share": "steady"} == {
        "revenue": "large",
        "share": "steady",
        "country": "steady",
    }
    swapped = drifts(then, now.assign(revenue=now["share"], share=now["revenue"]))
    assert (swapped["revenue"].level, swapped["share"].level) == ("large", "large")
    mixed = now.assign(country=np.where(dice.random(1_000) < 0.4, "FR", now["country"]))
    assert drifts(then, mixed)["country"].level == "large"
    lost = drifts(then, now.assign(revenue=now["revenue"].where(dice.random(1_000) < 0.8)))["revenue"]
    assert (lost.level, lost.bin, lost.then) == ("large", "not known", 0.0)


def test_the_index_is_the_textbook_one() -> None:
    """Two bins that go from half and half to 3 in 4: 1/4 ln(3/2) - 1/4 ln(1/2), apart from half a row more in each."""
    then = pd.Series(["a"] * 50_000 + ["b"] * 50_000, name="x")
    now = pd.Series(["a"] * 75_000 + ["b"] * 25_000)
    reference = reference_of(then, accounts=100_000)
    found = drift_of(reference, reference.counted(now))
    assert found is not None
    assert found.index == pytest.approx(0.25 * np.log(1.5) - 0.25 * np.log(0.5), abs=1e-4)
    assert (found.bin, found.then, found.now) == ("b", 0.5, 0.25)


def test_too_few_accounts_say_nothing() -> None:
    """With 199 accounts, then or now, nothing is judged; rows of the same account again do not make more of them."""
    many, few = drawn(1, 1_000), drawn(2, 199)
    assert drifts(many, few) == {}
    assert drifts(few, many) == {}
    rows = reference_of(many["revenue"], accounts=150)
    assert drift_of(rows, rows.counted(many["revenue"])) is None


def test_values_of_every_kind_have_a_bin() -> None:
    """A new category, a number beyond all, and nothing known at all: each row is counted once, in words of its own."""
    country = reference_of(pd.Series(["DE", "FR", None], name="country", dtype="category"), accounts=3)
    assert country.counted(pd.Series(["DE", "XX", None, None])).tolist() == [1, 0, 1, 2]
    assert [country.bin_name(place) for place in range(4)] == ["DE", "FR", "others", "not known"]
    days = reference_of(pd.Series([1.0, 1.0, 1.0, 5.0, np.nan], name="days"), accounts=5)
    assert days.counted(pd.Series([0.0, 1.0, 3.0, 99.0, np.nan])).sum() == 5
    assert days.bin_name(0) == "up to 1"
    assert days.bin_name(days.bins - 2).startswith("over ")
    nothing = reference_of(pd.Series([np.nan] * 4, name="days"), accounts=4)
    assert nothing.counted(pd.Series([1.0, np.nan])).tolist() == [1, 1]
    assert [nothing.bin_name(place) for place in range(2)] == ["known", "not known"]


def test_what_drifted_most_comes_first() -> None:
    """Only what drifted is told, the most of it first."""
    then, now = drawn(1, 1_000), drawn(2, 1_000)
    found = drifts(then, now.assign(revenue=now["revenue"] * 10, country="IT"))
    assert [each.feature for each in strongest(list(found.values()))] == ["country", "revenue"]
