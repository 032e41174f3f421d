"""The pipeline's tables: opportunities and their changes, stage moves, contracts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.columns import account_ids, arrivals, ids, numbers, texts, times
from abm_ml.sources.synthetic.deals import KINDS, NEW, OUTCOMES, RENEWAL, Deals, deal_at
from abm_ml.sources.synthetic.journeys import RENEWED, Contracts, Journeys
from abm_ml.sources.synthetic.laws import CLIENT, HAS_DEAL, STAGE_OF, Array
from abm_ml.sources.synthetic.market import CURRENCIES, Market, seller_ids
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks, step_time
from abm_ml.tables.terms import Terms

_DAY = DAY * MICROSECONDS
_HALF_AN_HOUR = 1800 * MICROSECONDS


def opportunities(deals: Deals, market: Market, dice: np.random.Generator) -> pa.Table:
    """The table of opportunities; the amount is the one at opening."""
    size = len(deals.account)
    before = (dice.lognormal(np.log(18), 0.9, size) * _DAY).astype(np.int64)
    contacted = np.maximum(deals.opened_at - before, market.created_at[deals.account])
    return pa.table(
        {
            "opportunity_id": deals.ids,
            "account_id": texts(deals.account, account_ids(market.size)),
            "kind": texts(deals.kind, KINDS),
            "opened_at": times(deals.opened_at),
            "first_contact_at": times(np.minimum(contacted, deals.opened_at), dice.random(size) < 0.93),
            "closed_at": times(deals.closed_at, deals.closed_at > 0),
            "outcome": texts(deals.outcome, OUTCOMES),
            "amount": deals.amount,
            "currency": texts(market.currency[deals.account], CURRENCIES),
            "owner_id": texts(market.seller[deals.account], seller_ids(market)),
        }
    )


def opportunity_changes(deals: Deals, weeks: Weeks, dice: np.random.Generator) -> pa.Table:
    """The table of changed amounts."""
    known = arrivals(deals.changed_at, dice)
    rows = np.flatnonzero((deals.changed_at > 0) & (known < weeks.end))
    return pa.table(
        {
            "opportunity_id": deals.ids.take(pa.array(rows)),
            "column": texts(np.zeros(len(rows)), ("amount",)),
            "value": pa.array(deals.final[rows]).cast(pa.string()),
            "happened_at": times(deals.changed_at[rows]),
            "known_at": times(known[rows]),
        }
    )


def stage_changes(
    deals: Deals, market: Market, weeks: Weeks, journeys: Journeys, dice: np.random.Generator
) -> pa.Table:
    """The table of stage moves, forth and back; a lost client who is sought again begins with awareness."""
    stage = np.full((weeks.count + 1, market.size), -1, dtype=np.int8)
    stage[1:] = np.where(journeys.place >= 0, STAGE_OF[journeys.place], -1)
    week, account = np.nonzero((stage[1:] != stage[:-1]) & (stage[1:] >= 0))
    place = journeys.place[week, account]
    # A deal that is won has been decided on just before.
    when = step_time(weeks.day_of(week, market.weekday[account]), account) - np.where(place == CLIENT, _HALF_AN_HOUR, 0)
    known = arrivals(when, dice, typical_days=0.02)
    deal = np.where(HAS_DEAL[place] | (place == CLIENT), deal_at(deals, NEW, account, when), -1)
    rows = np.flatnonzero(known < weeks.end)
    return pa.table(
        {
            "account_id": texts(account[rows], account_ids(market.size)),
            "opportunity_id": texts(deal[rows], deals.ids),
            "stage": texts(stage[1:][week, account][rows], Terms().funnel),
            "happened_at": times(when[rows]),
            "known_at": times(known[rows]),
        }
    )


def starts_at(contracts: Contracts) -> Array:
    """When each contract starts, in microseconds: new ones when the deal is won, the others at midnight."""
    new = (contracts.renews == 0) & (contracts.signed >= 0)
    return np.where(new, step_time(contracts.start, contracts.account), contracts.start * _DAY)


def contract_values(contracts: Contracts, deals: Deals) -> Array:
    """What each contract is worth in all its years: the last amount of its deal per year."""
    start = starts_at(contracts)
    new = deal_at(deals, NEW, contracts.account, start, closed=True)
    renewal = deal_at(deals, RENEWAL, contracts.account, start, closed=True)
    deal = np.where((contracts.renews == 1) & (renewal >= 0), renewal, new)
    return np.asarray(deals.final[deal] * contracts.years)


def contracts(journeys: Journeys, deals: Deals, market: Market, weeks: Weeks) -> pa.Table:
    """The table of contracts that have started; a renewed client has the next contract without a gap."""
    every = journeys.contracts
    start, rows = starts_at(every), np.flatnonzero(starts_at(every) < weeks.end)
    account = every.account[rows]
    cancelled = step_time(weeks.day_of(every.cancelled[rows], market.weekday[account]), account)
    return pa.table(
        {
            "contract_id": ids("T", rows + 1, 7),
            "account_id": texts(account, account_ids(market.size)),
            "started_at": times(start[rows]),
            "ends_at": times(every.end[rows] * _DAY),
            "cancelled_at": times(cancelled, (every.cancelled[rows] >= 0) & (cancelled < weeks.end)),
            "total_value": contract_values(every, deals)[rows],
            "currency": texts(market.currency[account], CURRENCIES),
            "renewed": numbers(every.decided[rows] == RENEWED, every.end[rows] < weeks.end_day),
        }
    )
