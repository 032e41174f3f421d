"""Deals: new business, renewals and more of the same, read off the journeys, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.columns import ids
from abm_ml.sources.synthetic.journeys import DECLINED, RENEWED, UNDECIDED, Contracts, Journeys
from abm_ml.sources.synthetic.laws import CLIENT, HAS_DEAL, INSIDE, NONE, Array
from abm_ml.sources.synthetic.market import Market
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks, moment_key, step_time

KINDS = ("new", "upsell", "cross_sell", "renewal")
NEW, UPSELL, CROSS_SELL, RENEWAL = range(len(KINDS))
OUTCOMES = ("won", "lost")
WON, LOST, OPEN = 0, 1, -1
NEVER = np.iinfo(np.int64).max
_DAY = DAY * MICROSECONDS
_RENEWAL_DAYS = 91
# By satisfaction: the chance per week that a client starts to buy more, and to say yes; the chance to decide on it.
_MORE = np.array([0.001, 0.003, 0.007, 0.013, 0.02])
_DECIDES = 0.09
_SAYS_YES = np.array([0.2, 0.3, 0.4, 0.5, 0.55])


@dataclass(frozen=True, kw_only=True)
class Deals:
    """The deals in order of opening; `account` and `kind` are numbers, `closed_at` (microseconds) is 0 while open.

    `amount` is that of the day of opening, `final` the latest one, which holds from `changed_at` (0: never changed).
    """

    account: Array
    kind: Array
    opened_at: Array
    closed_at: Array
    outcome: Array
    amount: Array
    final: Array
    changed_at: Array

    @property
    def ids(self) -> pa.Array:
        """The ids of the deals."""
        return ids("D", np.arange(1, len(self.account) + 1), 7)


@dataclass(frozen=True, kw_only=True)
class _Spans:
    """Deals before they have a price."""

    account: Array
    kind: Array
    opened_at: Array
    closed_at: Array
    outcome: Array


def losses_at(contracts: Contracts, market: Market, weeks: Weeks) -> Array:
    """When each contract's client is lost, in microseconds; 0 where another contract follows or all is still open."""
    day = weeks.day_of(np.maximum(contracts.cancelled, 0), market.weekday[contracts.account])
    cancelled = step_time(day, contracts.account)
    lapsed = np.where(contracts.decided == DECLINED, contracts.end * _DAY, 0)
    return np.where(contracts.cancelled >= 0, cancelled, lapsed)


def make_deals(market: Market, weeks: Weeks, journeys: Journeys, dice: np.random.Generator) -> Deals:
    """All deals of a history with their amounts: larger companies buy more, and so do accounts in the program."""
    parts = [
        _earlier_deals(journeys, dice),
        _funnel_deals(market, weeks, journeys),
        _renewal_deals(market, weeks, journeys, dice),
        _extra_deals(market, weeks, journeys, dice),
    ]
    names = _Spans.__dataclass_fields__
    spans = _Spans(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
    order = np.lexsort((spans.account, spans.opened_at))
    order = order[spans.opened_at[order] < weeks.end]
    spans = _Spans(**{name: getattr(spans, name)[order] for name in names})
    return _priced(spans, market, weeks, journeys, dice)


def _priced(spans: _Spans, market: Market, weeks: Weeks, journeys: Journeys, dice: np.random.Generator) -> Deals:
    size = len(spans.account)
    week = np.clip((spans.opened_at // _DAY - weeks.first_day) // 7, 0, weeks.count - 1)
    inside = journeys.program[week, spans.account] == INSIDE
    kind = np.array([1.0, 0.25, 0.35, 0.9])[spans.kind]
    budget = (market.employees / 220) ** 0.45 * dice.lognormal(0, 0.5, market.size)
    scale = 14_000 * budget[spans.account] * kind * np.where(inside, 1.15, 1.0)
    amount = np.round(scale * dice.lognormal(0, 0.25, size), -2) + 500
    until = np.where(spans.closed_at > 0, np.minimum(spans.closed_at, weeks.end), weeks.end)
    changes = (dice.random(size) < 0.35) & (until - spans.opened_at > 14 * _DAY)
    changed_at = spans.opened_at + ((0.1 + 0.8 * dice.random(size)) * (until - spans.opened_at)).astype(np.int64)
    final = np.where(changes, np.round(amount * dice.lognormal(-0.03, 0.25, size), -2) + 100, amount)
    closed = spans.closed_at < weeks.end
    return Deals(
        account=spans.account,
        kind=spans.kind,
        opened_at=spans.opened_at,
        closed_at=np.where(closed, spans.closed_at, 0),
        outcome=np.where(closed & (spans.closed_at > 0), spans.outcome, OPEN),
        amount=amount,
        final=final,
        changed_at=np.where(changes, changed_at, 0),
    )


def _earlier_deals(journeys: Journeys, dice: np.random.Generator) -> _Spans:
    """The won deals behind the contracts that ran before the first week."""
    contracts = journeys.contracts
    first = contracts.signed < 0
    closed = contracts.start[first] * _DAY
    count = len(closed)
    return _Spans(
        account=contracts.account[first],
        kind=np.full(count, NEW),
        opened_at=closed - (np.minimum(dice.lognormal(np.log(110), 0.5, count), 360) * _DAY).astype(np.int64),
        closed_at=closed,
        outcome=np.full(count, WON),
    )


def _funnel_deals(market: Market, weeks: Weeks, journeys: Journeys) -> _Spans:
    """New business: opened with the first place that has a deal, closed with the step that leaves such places."""
    dealing = HAS_DEAL[journeys.place] & (journeys.place >= NONE)
    edges = np.zeros((weeks.count + 1, market.size), dtype=np.int8)
    edges[1:] = dealing
    moves = np.diff(edges, axis=0).T
    account, week = np.nonzero(moves == 1)
    leaver, left = np.nonzero(moves == -1)
    closed_at, outcome = np.zeros(len(account), dtype=np.int64), np.full(len(account), OPEN)
    # Row by row an account's openings and closings take turns: the n-th closing ends the n-th opening.
    ended = np.searchsorted(account, leaver) + np.arange(len(leaver)) - np.searchsorted(leaver, leaver)
    closed_at[ended] = step_time(weeks.day_of(left, market.weekday[leaver]), leaver)
    outcome[ended] = np.where(journeys.place[left, leaver] == CLIENT, WON, LOST)
    return _Spans(
        account=account,
        kind=np.full(len(account), NEW),
        opened_at=step_time(weeks.day_of(week, market.weekday[account]), account),
        closed_at=closed_at,
        outcome=outcome,
    )


def _renewal_deals(market: Market, weeks: Weeks, journeys: Journeys, dice: np.random.Generator) -> _Spans:
    """A quarter before a contract ends the renewal is a deal, which the decision or a cancellation closes."""
    contracts = journeys.contracts
    weekday = market.weekday[contracts.account]
    decision = weeks.day_of(weeks.steps_before(contracts.end, weekday) - 1, weekday)
    opened = (decision - _RENEWAL_DAYS + dice.integers(-10, 11, len(decision))) * _DAY + 10 * 3600 * MICROSECONDS
    lost = losses_at(contracts, market, weeks)
    early = contracts.cancelled >= 0
    closed = np.where(early, lost, step_time(decision, contracts.account))
    outcome = np.where(~early & (contracts.decided == RENEWED), WON, LOST)
    closed = np.where(~early & (contracts.decided == UNDECIDED), 0, closed)
    there = (opened >= weeks.first_day * _DAY) & ((closed == 0) | (opened < closed))
    return _Spans(
        account=contracts.account[there],
        kind=np.full(int(there.sum()), RENEWAL),
        opened_at=opened[there],
        closed_at=closed[there],
        outcome=np.where(closed == 0, OPEN, outcome)[there],
    )


def _extra_deals(market: Market, weeks: Weeks, journeys: Journeys, dice: np.random.Generator) -> _Spans:
    """Satisfied clients buy more; a deal with a client who leaves is lost with the client."""
    stays = (journeys.place == CLIENT) & (journeys.decided != DECLINED)
    more = dice.random(stays.shape) < np.where(stays, _MORE[journeys.satisfaction], 0.0)
    account, week = np.nonzero(more.T)
    opened = step_time(weeks.day_of(week, market.weekday[account]), account) + 1800 * MICROSECONDS
    length = dice.geometric(_DECIDES, len(account))
    closed = opened + length * 7 * _DAY + dice.integers(0, 3 * 3600, len(account)) * MICROSECONDS
    yes = dice.random(len(account)) < _SAYS_YES[journeys.satisfaction[week, account]]
    leaving = _next_loss(account, opened, market, weeks, journeys.contracts)
    return _Spans(
        account=account,
        kind=np.where(dice.random(len(account)) < 0.6, UPSELL, CROSS_SELL),
        opened_at=opened,
        closed_at=np.minimum(closed, leaving),
        outcome=np.where(yes & (closed < leaving), WON, LOST),
    )


def _next_loss(account: Array, opened: Array, market: Market, weeks: Weeks, contracts: Contracts) -> Array:
    """When the client is lost with whom a deal was opened; far in the future if never."""
    last = losses_at(contracts, market, weeks)
    lost = np.flatnonzero(last > 0)
    lost = lost[np.argsort(moment_key(contracts.account[lost], last[lost]))]
    at = np.searchsorted(moment_key(contracts.account[lost], last[lost]), moment_key(account, opened))
    found = np.append(contracts.account[lost], -1)[at] == account
    return np.where(found, np.append(last[lost], 0)[at], NEVER)


def deal_at(deals: Deals, kind: int, account: Array, moment: Array, *, closed: bool = False) -> Array:
    """The latest deal of a kind that an account had opened (or closed) by a moment; -1 if none."""
    when = deals.closed_at if closed else deals.opened_at
    chosen = np.flatnonzero((deals.kind == kind) & (when > 0) & ((deals.outcome == WON) | (not closed)))
    chosen = chosen[np.argsort(moment_key(deals.account[chosen], when[chosen]), kind="stable")]
    at = np.searchsorted(moment_key(deals.account[chosen], when[chosen]), moment_key(account, moment), side="right") - 1
    found = (at >= 0) & (np.append(deals.account[chosen], -1)[at] == account)
    return np.where(found, np.append(chosen, -1)[at], -1)
