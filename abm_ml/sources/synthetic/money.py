"""Money: orders, costs of the program and of other selling, and exchange rates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.activity import CAMPAIGNS_PER_QUARTER, campaign_ids
from abm_ml.sources.synthetic.columns import account_ids, arrivals, ids, texts, times
from abm_ml.sources.synthetic.deals import CROSS_SELL, KINDS, NEW, RENEWAL, UPSELL, WON, Deals
from abm_ml.sources.synthetic.journeys import Journeys
from abm_ml.sources.synthetic.laws import CLIENT, INSIDE, Array
from abm_ml.sources.synthetic.market import CURRENCIES, Market
from abm_ml.sources.synthetic.pipeline import contract_values, starts_at
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks, month_starts, step_time
from abm_ml.tables.costs import CATEGORIES

_DAY = DAY * MICROSECONDS
_ORDER_KINDS = (*KINDS, "credit")
_CREDIT = len(KINDS)
_CREDITS_PER_WEEK = np.array([0.008, 0.004, 0.0015, 0.0008, 0.0005])
_PROGRAMS = ("abm", "other")
# Per account and month, in euros: what the program costs for those inside, and other selling for those outside.
_MONTHLY = np.array([150.0, 95.0])
_SHARES = np.array([[0.14, 0.16, 0.22, 0.14, 0.2, 0.07, 0.07], [0.08, 0.08, 0.2, 0.22, 0.24, 0.1, 0.08]])
_CAMPAIGN = CATEGORIES.index("campaign")
_TYPICAL_RATE = 0.92


def orders(journeys: Journeys, deals: Deals, market: Market, weeks: Weeks, dice: np.random.Generator) -> pa.Table:
    """The table of orders: each contract's value, what clients bought more, and credits for those with trouble."""
    contracts = journeys.contracts
    more = np.flatnonzero((deals.outcome == WON) & np.isin(deals.kind, (UPSELL, CROSS_SELL)))
    chance = np.where(journeys.place == CLIENT, _CREDITS_PER_WEEK[journeys.satisfaction], 0.0)
    week, credited = np.nonzero(dice.random(chance.shape) < chance)
    account = np.concatenate([contracts.account, deals.account[more], credited])
    credited_at = step_time(weeks.day_of(week, market.weekday[credited]), credited)
    happened = np.concatenate([starts_at(contracts), deals.closed_at[more], credited_at])
    credit = -np.round(dice.lognormal(np.log(900), 0.8, len(credited)), -1)
    amount = np.concatenate([contract_values(contracts, deals), deals.final[more], credit])
    first = np.where(contracts.renews == 1, RENEWAL, NEW)
    kind = np.concatenate([first, deals.kind[more], np.full(len(credited), _CREDIT)])
    known = arrivals(happened, dice)
    rows = np.lexsort((account, happened))
    rows = rows[known[rows] < weeks.end]
    return pa.table(
        {
            "order_id": ids("O", np.arange(1, len(rows) + 1), 7),
            "account_id": texts(account[rows], account_ids(market.size)),
            "happened_at": times(happened[rows]),
            "known_at": times(known[rows]),
            "amount": amount[rows],
            "currency": texts(market.currency[account[rows]], CURRENCIES),
            "kind": texts(kind[rows], _ORDER_KINDS),
        }
    )


def costs(journeys: Journeys, weeks: Weeks, dice: np.random.Generator) -> pa.Table:
    """The table of costs: monthly bills by program and category; campaigns one by one, technology in dollars."""
    days = np.array(month_starts(weeks.first_day + 7 * weeks.starts, weeks.end_day - 1))
    week = (days - weeks.first_day) // 7
    inside = (journeys.program[week] == INSIDE).sum(axis=1)
    exists = (journeys.place[week] >= 0).sum(axis=1)
    accounts = np.stack([inside, exists - inside], axis=1)
    bills = accounts[:, :, None] * _MONTHLY[None, :, None] * _SHARES[None]
    month, program, category, part = (each.ravel() for each in np.indices((*bills.shape, CAMPAIGNS_PER_QUARTER // 2)))
    billed = (bills[month, program, category] > 0) & ((category == _CAMPAIGN) | (part == 0))
    month, program, category, part = (each[billed] for each in (month, program, category, part))
    parts = np.where(category == _CAMPAIGN, CAMPAIGNS_PER_QUARTER // 2, 1)
    amount = bills[month, program, category] / parts * dice.lognormal(0, 0.15, len(month))
    dollars = category == CATEGORIES.index("technology")
    quarter = week[month] // 13 - weeks.starts // 13
    campaign = quarter * CAMPAIGNS_PER_QUARTER + program * (CAMPAIGNS_PER_QUARTER // 2) + part
    happened = (days[month] * DAY + 12 * 3600) * MICROSECONDS + dice.integers(0, 26, len(month)) * _DAY
    known = arrivals(happened, dice, typical_days=5)
    rows = np.flatnonzero(known < weeks.end)
    return pa.table(
        {
            "cost_id": ids("B", rows + 1, 6),
            "happened_at": times(happened[rows]),
            "known_at": times(known[rows]),
            "program": texts(program[rows], _PROGRAMS),
            "category": texts(category[rows], CATEGORIES),
            "campaign_id": texts(np.where(category == _CAMPAIGN, campaign, -1)[rows], campaign_ids(weeks)),
            "account_id": pa.nulls(len(rows), pa.string()),
            "amount": np.round(np.where(dollars, amount / _TYPICAL_RATE, amount)[rows], 2),
            "currency": texts(dollars[rows], CURRENCIES),
        }
    )


def rates(deals: Deals, weeks: Weeks, dice: np.random.Generator) -> pa.Table:
    """The table of rates: what a euro and a dollar are worth in euros, day by day from the first deal on."""
    first = int(deals.opened_at.min(initial=weeks.end) // _DAY) - 1
    days = np.arange(first, weeks.end_day)
    drift = np.zeros(len(days))
    for day, push in enumerate(dice.normal(0, 0.004, len(days) - 1), start=1):
        drift[day] = 0.995 * drift[day - 1] + push
    dollar = np.round(_TYPICAL_RATE * np.exp(drift), 4)
    return pa.table(
        {
            "currency": texts(np.repeat([0, 1], len(days)), CURRENCIES),
            "day": times(np.tile(days, 2) * _DAY),
            "rate": np.concatenate([np.ones(len(days)), dollar]),
        }
    )


def joined_and_left(journeys: Journeys, market: Market, weeks: Weeks) -> tuple[Array, Array]:
    """When each account joined the program and when it left, in microseconds; 0 for never or not yet."""
    inside = (journeys.program == INSIDE) & (journeys.place >= 0)
    once, accounts = inside.any(axis=0), np.arange(market.size)
    first = inside.argmax(axis=0)
    last = weeks.count - inside[::-1].argmax(axis=0)
    joined = step_time(weeks.day_of(first, market.weekday), accounts)
    left = step_time(weeks.day_of(last, market.weekday), accounts)
    joined = np.maximum(joined, market.created_at)
    gone = once & (last < weeks.count) & (left < weeks.end)
    return np.where(once & (joined < weeks.end), joined, 0), np.where(gone, left, 0)
