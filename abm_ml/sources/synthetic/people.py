"""The people of the accounts: buying groups that grow and shrink, and champions who come and go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.columns import account_ids, contact_ids, texts, times
from abm_ml.sources.synthetic.journeys import Journeys
from abm_ml.sources.synthetic.laws import Array
from abm_ml.sources.synthetic.market import Market
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks, step_time
from abm_ml.tables.contacts import BUYING_ROLES, SENIORITY

STAYS = np.iinfo(np.int64).max
DEPARTMENTS = ("procurement", "it", "finance", "operations", "marketing", "sales", "management")
TITLES = ("head", "lead", "specialist", "analyst", "officer", "engineer")
_CHAMPION = BUYING_ROLES.index("champion")
# decision maker, influencer, user, champion (they come by themselves), blocker, and no role known.
_ROLE_CHANCES = (0.17, 0.26, 0.24, 0.0, 0.07, 0.26)
_YEAR = 365 * DAY * MICROSECONDS


@dataclass(frozen=True, kw_only=True)
class People:
    """All contacts, account by account; `first` and `count` say where those of an account are.

    Times in microseconds since 1970; `left_at` is STAYS for those who are still there. `buying_role` counts within its
    list, -1 is unknown.
    """

    account: Array
    created_at: Array
    left_at: Array
    buying_role: Array
    is_key: Array
    first: Array
    count: Array


def make_people(market: Market, weeks: Weeks, journeys: Journeys, dice: np.random.Generator) -> People:
    """The buying groups of all accounts: five to twelve people at most targets, fewer elsewhere."""
    typical = np.where(market.is_target, 6.2, 2.5) * (market.employees / 220) ** 0.08
    group = np.clip(np.round(typical * dice.lognormal(0, 0.38, market.size)), 1, 40).astype(np.int64)
    account = np.repeat(np.arange(market.size), group)
    start = market.created_at[account]
    later = dice.random(len(account)) < 0.4
    created = start + np.where(later, dice.exponential(2 * _YEAR, len(account)), 0).astype(np.int64)
    left = created + dice.exponential(9 * _YEAR, len(account)).astype(np.int64)
    role = dice.choice(len(_ROLE_CHANCES), len(account), p=_ROLE_CHANCES)
    role = np.where(role == len(BUYING_ROLES), -1, role)
    who, came, went = _champions(market, weeks, journeys)
    account, created = np.concatenate([account, who]), np.concatenate([created, came])
    left = np.concatenate([left, went])
    role = np.concatenate([role, np.full(len(who), _CHAMPION)])
    # Champions come first within their account: they are the ones who react most.
    order = np.lexsort((dice.random(len(account)), role != _CHAMPION, account))
    order = order[created[order] < weeks.end]
    account, role = account[order], role[order]
    count = np.bincount(account, minlength=market.size)
    chance_key = np.array([0.95, 0.4, 0.1, 0.95, 0.3, 0.05])[role]
    return People(
        account=account,
        created_at=created[order],
        left_at=np.where(left[order] < weeks.end, left[order], STAYS),
        buying_role=role,
        is_key=dice.random(len(account)) < chance_key,
        first=np.cumsum(count) - count,
        count=count,
    )


def _champions(market: Market, weeks: Weeks, journeys: Journeys) -> tuple[Array, Array, Array]:
    """Every champion: the account, when the champion came and when he or she went."""
    there = (journeys.champion == 1) & (journeys.place >= 0)
    edges = np.zeros((weeks.count + 1, market.size), dtype=np.int8)
    edges[1:] = there
    came = np.diff(edges, axis=0).T == 1
    gone = np.zeros((market.size, weeks.count + 1), dtype=bool)
    gone[:, :-1] = np.diff(edges, axis=0).T == -1
    # A champion who is never seen to go, goes after the last week.
    gone[:, -1] = there[-1]
    who, start = np.nonzero(came)
    _, stop = np.nonzero(gone)
    began = step_time(weeks.day_of(start, market.weekday[who]), who)
    began = np.where((start == np.maximum(market.created[who], 0)), market.created_at[who], began)
    went = step_time(weeks.day_of(stop, market.weekday[who]), who)
    return who, began, np.where(stop == weeks.count, STAYS, went)


def someone(people: People, account: Array, moment: Array, spread: Array, dice: np.random.Generator) -> Array:
    """One contact of each account who is there at the moment (-1: nobody); a larger spread favours the first ones."""
    contact = np.full(len(account), -1)
    for skew in (spread, np.ones(len(account))):
        pick = people.first[account] + (people.count[account] * dice.random(len(account)) ** skew).astype(np.int64)
        pick = np.minimum(pick, len(people.account) - 1)
        there = (people.count[account] > 0) & (people.created_at[pick] <= moment) & (moment < people.left_at[pick])
        contact = np.where((contact < 0) & there, pick, contact)
    return contact


def contacts(people: People, market: Market, dice: np.random.Generator) -> pa.Table:
    """The table of contacts."""
    size = len(people.account)
    senior = np.where(np.isin(people.buying_role, (0, 3)), 1.1, 2.8)
    seniority = np.clip(np.round(dice.normal(senior, 1.1)), 0, len(SENIORITY) - 1).astype(np.int64)

    def unknown(codes: Array, share: float) -> Array:
        return np.where(dice.random(size) < share, -1, codes)

    departments = dice.integers(0, len(DEPARTMENTS), size)
    titles = [f"{title} {department}" for title in TITLES for department in DEPARTMENTS]
    role = dice.integers(0, len(TITLES), size) * len(DEPARTMENTS) + departments
    return pa.table(
        {
            "contact_id": contact_ids(size),
            "account_id": texts(people.account, account_ids(market.size)),
            "role": texts(unknown(role, 0.1), titles),
            "department": texts(unknown(departments, 0.1), DEPARTMENTS),
            "seniority": texts(unknown(seniority, 0.08), SENIORITY),
            "is_key": people.is_key,
            "buying_role": texts(people.buying_role, BUYING_ROLES),
            "created_at": times(people.created_at),
            "left_at": times(np.where(people.left_at == STAYS, 0, people.left_at), people.left_at != STAYS),
        }
    )
