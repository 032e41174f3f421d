"""The market: companies with what is known of them, how well they fit, and the sellers who look after them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.sources.synthetic.columns import account_ids, ids, numbers, texts, times
from abm_ml.sources.synthetic.laws import Array
from abm_ml.sources.synthetic.names import SCRIPTS, SELLERS, company_names
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks, step_time

INDUSTRIES = ("software", "manufacturing", "healthcare", "finance", "logistics", "retail", "energy", "education")
_INDUSTRY_FIT = np.array([0.9, 0.5, 0.3, 0.7, 0.0, -0.5, -0.3, -1.0])
TECHNOLOGIES = ("salesforce", "sap", "hubspot", "snowflake", "aws", "azure")
_TECHNOLOGY_FIT = np.array([0.5, 0.1, 0.3, 0.6, 0.1, 0.0])
TERRITORIES = ("DACH", "WEST", "NORTH", "SOUTH", "AMER", "APAC", "EMEA")
# Country, its territory and the script of its companies; NA is Namibia.
_COUNTRIES = (
    ("DE", 0, "latin", 18), ("DE", 0, "accents", 4), ("AT", 0, "accents", 3), ("CH", 0, "latin", 3),
    ("FR", 1, "accents", 7), ("NL", 1, "latin", 6), ("GB", 1, "latin", 10), ("SE", 2, "accents", 4),
    ("PL", 2, "accents", 4), ("ES", 3, "accents", 4), ("GR", 3, "greek", 3), ("US", 4, "latin", 16),
    ("BR", 4, "accents", 3), ("CN", 5, "chinese", 4), ("JP", 5, "japanese", 4), ("AE", 6, "arabic", 3),
    ("BG", 6, "cyrillic", 3), ("NA", 6, "latin", 1),
)  # fmt: skip
# A name stands once in a coded column: Parquet writes doubled ones with bytes left to chance.
_COUNTRY_NAMES = tuple(dict.fromkeys(country for country, *_ in _COUNTRIES))
CURRENCIES = ("EUR", "USD")
_DOLLAR_TERRITORIES = (4, 5, 6)
_ACCOUNTS_PER_SELLER = 75
_COURTED_BY_TIER = np.array([0.9, 0.62, 0.38])
_FIT_NOISE = 0.25


@dataclass(frozen=True, kw_only=True)
class Market:
    """All accounts, in row order. Hidden: `fit` (0 poor to 2 good), `courted` (chance to be asked into the program).

    `created` is the week of creation (negative: before the first), `created_at` in microseconds; `tier` counts from 0;
    `currency` and `seller` are numbers of rows; `weekday` is the day of the account's decisions (0 = Monday).
    """

    size: int
    fit: Array
    courted: Array
    weekday: Array
    created: Array
    created_at: Array
    tier: Array
    employees: Array
    industry: Array
    technologies: Array
    place: Array
    seller: Array
    currency: Array
    is_target: Array
    in_tam: Array

    @property
    def territory(self) -> Array:
        """The number of each account's territory."""
        return np.array([territory for _, territory, _, _ in _COUNTRIES])[self.place]


def make_market(size: int, weeks: Weeks, dice: np.random.Generator) -> Market:
    """Companies of a market: who they are decides in part how well they fit."""
    industry = dice.choice(len(INDUSTRIES), size, p=[0.2, 0.18, 0.13, 0.12, 0.12, 0.1, 0.08, 0.07])
    employees = np.maximum(np.exp(dice.normal(5.4, 1.5, size)), 2).astype(np.int64)
    technologies = dice.random((size, len(TECHNOLOGIES))) < np.array([0.3, 0.3, 0.2, 0.2, 0.4, 0.35])
    size_fit = 0.6 - 0.45 * np.abs(np.log(employees) - 6.0)
    appeal = _INDUSTRY_FIT[industry] + size_fit + technologies @ _TECHNOLOGY_FIT
    score = appeal + dice.normal(0, _FIT_NOISE, size)
    fit = np.searchsorted(np.quantile(score, [0.35, 0.75]), score)
    guess = appeal + 0.25 * np.log(employees) + dice.normal(0, 0.7, size)
    tier = 2 - np.searchsorted(np.quantile(guess, [0.5, 0.85]), guess)
    shares = np.array([share for *_, share in _COUNTRIES], dtype=float)
    place = dice.choice(len(_COUNTRIES), size, p=shares / shares.sum())
    is_target = dice.random(size) < np.array([0.72, 0.9, 0.97])[fit]
    created = _created(size, weeks, dice)
    weekday = dice.integers(0, 5, size)
    territory = np.array([territory for _, territory, _, _ in _COUNTRIES])[place]
    return Market(
        size=size,
        fit=fit,
        courted=np.where(is_target, _COURTED_BY_TIER[tier], 0.0),
        weekday=weekday,
        created=created,
        created_at=step_time(weeks.day_of(created, weekday), np.arange(size)),
        tier=tier,
        employees=employees,
        industry=industry,
        technologies=technologies,
        place=place,
        seller=_sellers_of(territory, dice),
        currency=(np.isin(territory, _DOLLAR_TERRITORIES) & (dice.random(size) < 0.85)).astype(np.int64),
        is_target=is_target,
        in_tam=is_target | (dice.random(size) < 0.4),
    )


def _created(size: int, weeks: Weeks, dice: np.random.Generator) -> Array:
    """Two thirds are there from the first; the rest come evenly until a quarter before the end."""
    before = -1 - dice.integers(4 * 52, 8 * 52, size)
    during = dice.integers(1, weeks.count - 13, size)
    return np.sort(np.where(dice.random(size) < 0.66, before, during))


def _sellers_per_territory(territory: Array) -> Array:
    return 1 + np.bincount(territory, minlength=len(TERRITORIES)) // _ACCOUNTS_PER_SELLER


def _sellers_of(territory: Array, dice: np.random.Generator) -> Array:
    """A seller of the account's own territory; sellers are numbered territory by territory."""
    each = _sellers_per_territory(territory)
    first = np.cumsum(each) - each
    return first[territory] + (dice.random(len(territory)) * each[territory]).astype(np.int64)


def seller_ids(market: Market) -> pa.Array:
    """The ids of all sellers."""
    return ids("S", np.arange(1, _sellers_per_territory(market.territory).sum() + 1), 4)


def sellers(market: Market, dice: np.random.Generator) -> pa.Table:
    """The table of sellers."""
    each = _sellers_per_territory(market.territory)
    count = int(each.sum())
    return pa.table(
        {
            "owner_id": seller_ids(market),
            "name": texts(dice.permutation(np.arange(count) % len(SELLERS)), SELLERS),
            "territory": texts(np.repeat(np.arange(len(TERRITORIES)), each), TERRITORIES),
            "capacity": dice.integers(60, 101, count),
        }
    )


def _technology_texts(market: Market, known: Array) -> pa.Array:
    every = [
        ";".join(name for bit, name in enumerate(TECHNOLOGIES) if code >> bit & 1)
        for code in range(2 ** len(TECHNOLOGIES))
    ]
    codes = market.technologies @ (1 << np.arange(len(TECHNOLOGIES)))
    return texts(np.where(known & (codes > 0), codes, -1), every)


def accounts(market: Market, program: tuple[Array, Array], dice: np.random.Generator) -> pa.Table:
    """The table of accounts as they were on the day of their creation; later facts are changes.

    `program` holds when each account joined the program and when it left, in microseconds (0: never).
    """
    size = market.size
    codes = [list(SCRIPTS).index(script) for _, _, script, _ in _COUNTRIES]
    countries = np.array([_COUNTRY_NAMES.index(country) for country, *_ in _COUNTRIES])
    names, domains = company_names(np.array(codes)[market.place], 1, dice)

    def known(share: float) -> Array:
        return dice.random(size) < share

    revenue = np.round(market.employees * dice.lognormal(np.log(150_000), 0.6, size), -3)
    joined, left = program
    parents = (dice.random(size) * np.arange(size)).astype(np.int64)
    has_parent = (dice.random(size) < 0.04) & (np.arange(size) > 0)
    return pa.table(
        {
            "account_id": account_ids(size),
            "name": names,
            "domain": pc.if_else(pa.array(known(0.97)), domains, None),
            "industry": texts(np.where(known(0.95), market.industry, -1), INDUSTRIES),
            "country": texts(np.where(known(0.98), countries[market.place], -1), _COUNTRY_NAMES),
            "employees": numbers(market.employees, known(0.94)),
            "annual_revenue": numbers(revenue, known(0.9)),
            "founded_year": numbers(2018 - np.minimum(dice.gamma(1.6, 14, size), 180).astype(np.int64), known(0.92)),
            "technologies": _technology_texts(market, known(0.85)),
            "tier": texts(market.tier, ("1", "2", "3")),
            "owner_id": texts(np.where(known(0.98), market.seller, -1), seller_ids(market)),
            "territory": texts(market.territory, TERRITORIES),
            "parent_account_id": texts(np.where(has_parent, parents, -1), account_ids(size)),
            "is_target": market.is_target,
            "in_tam": numbers(market.in_tam, known(0.99)),
            "in_program": np.zeros(size, dtype=bool),
            "program_from": times(joined, joined > 0),
            "program_to": times(left, left > 0),
            "created_at": times(market.created_at),
        }
    )


def account_changes(market: Market, program: tuple[Array, Array], weeks: Weeks, dice: np.random.Generator) -> pa.Table:
    """The table of what changed about accounts: program membership, growth, a new tier, a new owner."""
    joined, left = (np.flatnonzero(moment) for moment in program)
    grown = np.maximum((market.employees * dice.lognormal(0.05, 0.2, market.size)).astype(np.int64), 2)
    tier = np.clip(market.tier + dice.choice([-1, 1], market.size), 0, 2) + 1
    owner = seller_ids(market).take(pa.array(np.maximum(market.seller - 1, 0)))
    changes = (
        ("in_program", joined, program[0][joined], pa.repeat("true", market.size)),
        ("in_program", left, program[1][left], pa.repeat("false", market.size)),
        ("employees", *_some(0.35, market, weeks, dice), pa.array(grown).cast(pa.string())),
        ("tier", *_some(0.04, market, weeks, dice), pa.array(tier).cast(pa.string())),
        ("owner_id", *_some(0.06, market, weeks, dice), owner),
    )
    return pa.concat_tables(
        pa.table(
            {
                "account_id": account_ids(market.size).take(pa.array(who)),
                "column": texts(np.zeros(len(who)), (column,)),
                "value": values.take(pa.array(who)),
                "happened_at": times(when),
                "known_at": times(when),
            }
        )
        for column, who, when, values in changes
    ).unify_dictionaries()


def _some(share: float, market: Market, weeks: Weeks, dice: np.random.Generator) -> tuple[Array, Array]:
    """Some accounts, and for each a moment between its creation (or the start) and the end."""
    who = np.flatnonzero(dice.random(market.size) < share)
    begin = (weeks.first_day + 7 * weeks.starts) * DAY * MICROSECONDS
    start = np.maximum(market.created_at[who], begin)
    return who, start + (dice.random(len(who)) * (weeks.end - start)).astype(np.int64)
