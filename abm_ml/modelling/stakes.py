"""Stakes: what a success with an account is worth, as known, or else as it usually is in the account's segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm_ml.modelling.segments import size_bands

ENOUGH = 10  # the median of fewer successes says less than that of a wider segment
# The segments from the narrowest to the widest, which is everybody.
SEGMENTS: tuple[tuple[str, ...], ...] = (("industry", "size"), ("size",), ())

Segment = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Typical:
    """What a success was worth at the median: by industry and size, by size, and over all; each of at least ten.

    A key is a value per column of its segment: ("software", "50-249"), ("50-249",), ().
    """

    amounts: Mapping[Segment, float]

    def of(self, accounts: pd.DataFrame) -> pd.Series[float]:
        """The amount of each account's narrowest segment that has one; NaN where not even all together have."""
        rows = segmented(accounts)
        found = pd.Series(np.nan, index=accounts.index)
        for columns in SEGMENTS:
            keys = pd.Series(list(zip(*(rows[name] for name in columns), strict=True)) or [()] * len(rows), rows.index)
            found = found.fillna(keys.map(dict(self.amounts)).astype("float64"))
        return found


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake with an account: the first of its features that says so, else what is typical."""

    columns: tuple[str, ...]
    typical: Typical = Typical({})

    def of(self, accounts: pd.DataFrame) -> pd.Series[float]:
        """The amount at stake with each account, in the reporting currency; NaN where nobody knows.

        `accounts` has the features; an amount of nothing is none.
        """
        found = pd.Series(np.nan, index=accounts.index)
        for column in self.columns:
            if column in accounts:
                amounts = accounts[column].astype("float64")
                found = found.fillna(amounts.where(amounts > 0))
        unknown = found.isna()
        return found.where(~unknown, self.typical.of(accounts[unknown]))


def typical(successes: pd.DataFrame) -> Typical:
    """The usual amounts of successes: `amount`, with the industry and the employees of the account it came from."""
    rows = segmented(successes).assign(amount=successes["amount"])
    rows = rows[rows["amount"] > 0]
    amounts: dict[Segment, float] = {}
    for columns in SEGMENTS:
        groups = rows.groupby(list(columns))["amount"] if columns else [((), rows["amount"])]
        for key, mine in groups:
            if len(mine) >= ENOUGH:
                amounts[key] = float(mine.median())
    return Typical(amounts)


def segmented(accounts: pd.DataFrame) -> pd.DataFrame:
    """The columns by which accounts are alike, `industry` and `size`; empty where the company does not know."""
    nothing = pd.Series(None, index=accounts.index, dtype=object)
    industry = accounts["industry"].astype(object) if "industry" in accounts else nothing
    size = size_bands(accounts["employees"]) if "employees" in accounts else nothing
    return pd.DataFrame({"industry": industry, "size": size})
