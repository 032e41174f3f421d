"""Sellers' capacity: a small team by hand, and the laws that hold for any."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from abm_ml.modelling.capacity import assigned, caught_within_territories, load_of

SELLERS = pd.DataFrame({"owner_id": ["s1", "s2"], "territory": ["north", "north"], "capacity": [1, 3]})


def accounts(rows: list[tuple[str, str | None, float]]) -> pd.DataFrame:
    """Accounts of the north: id, owner, expected value."""
    return pd.DataFrame(rows, columns=["account_id", "owner_id", "value"]).assign(territory="north")


TEAM = accounts([("a", "s1", 50.0), ("b", "s1", 80.0), ("c", "s2", 10.0), ("d", None, 30.0), ("e", "s1", np.nan)])


def test_a_team_by_hand() -> None:
    """Seller 1 has time for b only and leaves a; d has no seller; seller 2 could have taken both."""
    rows = assigned(TEAM, SELLERS)
    taken = rows.set_index("account_id")["worked"].to_dict()
    assert taken == {"a": False, "b": True, "c": True, "d": False, "e": False}
    total = load_of(rows, SELLERS)
    assert (total.accounts, total.worked, total.value, total.covered, total.left, total.spare) == (5, 2, 170, 90, 80, 2)
    assert caught_within_territories(rows, SELLERS) == 80.0


def test_a_call_that_costs_more_than_it_brings_is_not_made() -> None:
    """With a cost of 20 the account worth 10 is left, however much time there is, also by the whole territory."""
    rows = assigned(TEAM, SELLERS, least=20.0)
    assert rows.loc[rows["worked"], "account_id"].tolist() == ["b"]
    assert caught_within_territories(rows, SELLERS, least=20.0) == 80.0


def test_ties_go_by_account() -> None:
    """Of equal values the first by account_id is taken."""
    rows = assigned(accounts([("z", "s1", 5.0), ("m", "s1", 5.0), ("n", "s1", 5.0)]), SELLERS)
    assert rows["account_id"].tolist() == ["m", "n", "z"]
    assert rows["place"].tolist() == [1, 2, 3]
    assert rows["worked"].tolist() == [True, False, False]


def test_a_seller_without_a_territory_shares_with_nobody() -> None:
    """Where nothing says who sits where, nothing can be caught by sharing."""
    sellers = SELLERS.assign(territory=None)
    assert caught_within_territories(assigned(TEAM, sellers), sellers) == pytest.approx(0.0)


OWNERS = some.sampled_from(["s1", "s2", "s9", None])


@settings(max_examples=20)
@given(some.lists(some.tuples(OWNERS, some.integers(0, 9)), max_size=25), some.integers(0, 4), some.integers(0, 4))
def test_laws(owned: list[tuple[str | None, int]], first: int, second: int) -> None:
    """Nobody gets more than the capacity, the parts make the whole, and sharing never loses anything."""
    sellers = SELLERS.assign(capacity=[first, second])
    rows = accounts([(f"a{place:02}", owner, float(value)) for place, (owner, value) in enumerate(owned)])
    found = assigned(rows, sellers)
    assert sorted(found["account_id"]) == rows["account_id"].tolist()
    for owner, capacity in (("s1", first), ("s2", second)):
        mine = found[found["owner_id"] == owner]
        assert mine["worked"].sum() <= capacity
        taken, left = mine.loc[mine["worked"], "value"], mine.loc[~mine["worked"], "value"]
        assert not len(taken) or not len(left) or taken.min() >= left.max()
    assert not found.loc[~found["owner_id"].isin(["s1", "s2"]), "worked"].any()
    total = load_of(found, sellers)
    parts = [load_of(part, sellers) for _, part in found.groupby("owner_id", dropna=False)]
    assert total.value == sum(part.value for part in parts) == rows["value"].sum()
    assert total.covered + total.left == total.value
    assert caught_within_territories(found, sellers) >= 0
