"""What is at stake: as known, else the median of the narrowest segment with ten successes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abm_ml.modelling.stakes import Stake, Typical, typical


def won() -> pd.DataFrame:
    """Ten small deals of software, five large ones of retail, all of small companies; six of large ones."""
    rows = [("software", 20, amount) for amount in range(100, 1100, 100)]
    rows += [("retail", 30, 5000.0)] * 5 + [("retail", 9000, 80_000.0)] * 6
    return pd.DataFrame(rows, columns=["industry", "employees", "amount"])


def test_the_narrowest_segment_with_enough_counts() -> None:
    """Software of that size by its own median; retail of that size by all of the size; large ones by all deals."""
    asked = pd.DataFrame({"industry": ["software", "retail", None, "retail"], "employees": [10, 40, 12, 7000]})
    assert typical(won()).of(asked).tolist() == [550.0, 800.0, 800.0, 5000.0]


def test_fewer_than_ten_say_nothing() -> None:
    """Nine deals make no usual amount; deals without an amount do not count."""
    rows = won().head(10)
    rows.loc[3, "amount"] = np.nan
    assert typical(rows).amounts == {}
    assert Stake((), typical(rows)).of(rows).isna().all()


def test_what_is_known_comes_first() -> None:
    """An amount of nothing is none; a second column stands in for the first."""
    stake = Stake(("running_value", "order_amount_365d"), Typical({(): 70.0}))
    rows = pd.DataFrame({"running_value": [10.0, 0.0, np.nan, np.nan], "order_amount_365d": [1.0, 20.0, 30.0, -5.0]})
    assert stake.of(rows).tolist() == [10.0, 20.0, 30.0, 70.0]
    assert stake.of(rows.drop(columns=["running_value", "order_amount_365d"])).tolist() == [70.0] * 4


def test_the_order_and_company_of_rows_change_nothing() -> None:
    """An account's stake is its own, whoever stands beside it: batches may be cut anywhere."""
    asked = pd.DataFrame({"industry": ["software", "retail", None], "employees": [10, 40, 12]})
    usual = typical(won())
    turned = asked.iloc[[2, 0, 1]]
    assert usual.of(turned).loc[[0, 1, 2]].tolist() == usual.of(asked).tolist()
    assert usual.of(asked.iloc[[1]]).tolist() == [800.0]
