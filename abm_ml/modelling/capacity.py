"""Capacity: which accounts sellers work on when they cannot work on all, and what that leaves on the table.

Accounts are a frame with account_id, owner_id, territory and value (expected, NaN where unknown); sellers one with
owner_id, territory and capacity, the accounts that a seller can work on.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many accounts there are for some capacity, how many are worked on, and the value of both.

    `left` is the value on the table: that of all accounts less that of those worked on.
    """

    accounts: int
    capacity: int
    worked: int
    value: float
    covered: float

    @property
    def left(self) -> float:
        """The value that nobody works on."""
        return self.value - self.covered

    @property
    def spare(self) -> int:
        """How many accounts more could be worked on."""
        return self.capacity - self.worked


def assigned(accounts: pd.DataFrame, sellers: pd.DataFrame, *, least: float = 0.0) -> pd.DataFrame:
    """The accounts with `place`, where each stands with its seller (from 1), and `worked`, whether it gets any time.

    A seller's accounts are taken by their value, the highest first, of equal ones the first by account_id. None is
    worked on whose value is not above `least`, what a contact costs, or whose seller is not known.
    """
    rows = accounts.assign(_value=accounts["value"].fillna(0.0))
    rows = rows.sort_values(["owner_id", "_value", "account_id"], ascending=[True, False, True], na_position="last")
    place = rows.groupby("owner_id", dropna=False).cumcount() + 1
    rooms = dict(zip(sellers["owner_id"], sellers["capacity"], strict=True))
    room = rows["owner_id"].astype(object).map(rooms).astype("float64").fillna(0.0)
    rows = rows.assign(place=place, worked=(place <= room) & (rows["_value"] > least))
    return rows.drop(columns="_value").reset_index(drop=True)


def load_of(rows: pd.DataFrame, sellers: pd.DataFrame) -> Load:
    """What some assigned accounts and some sellers come to."""
    worked = rows["worked"]
    return Load(
        accounts=len(rows),
        capacity=int(sellers["capacity"].sum()),
        worked=int(worked.sum()),
        value=float(rows["value"].sum()),
        covered=float(rows.loc[worked, "value"].sum()),
    )


def caught_within_territories(rows: pd.DataFrame, sellers: pd.DataFrame, *, least: float = 0.0) -> float:
    """The value that would be worked on besides, if accounts could move freely between the sellers of a territory.

    `rows` are assigned accounts. Each territory has its sellers' capacity together, and takes its accounts by value. An
    account belongs to the territory of its seller; one without a known seller to its own. A seller without a territory
    shares with nobody.
    """
    alone = sellers["owner_id"].map("only {}".format)
    team = sellers["territory"].astype(object).where(sellers["territory"].notna(), alone)
    home = rows["owner_id"].astype(object).map(dict(zip(sellers["owner_id"], team, strict=True)))
    pooled = rows.drop(columns=["place", "worked"]).assign(owner_id=home.where(home.notna(), rows["territory"]))
    pools = sellers.assign(owner_id=team).groupby("owner_id", as_index=False)["capacity"].sum()
    return load_of(assigned(pooled, pools, least=least), pools).covered - load_of(rows, sellers).covered
