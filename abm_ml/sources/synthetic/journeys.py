"""Journeys: the hidden state of every account, week by week, and the contracts that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from abm_ml.sources.synthetic.laws import (
    AWARE,
    CLIENT,
    CONSIDER,
    INSIDE,
    INTENTS,
    NEVER,
    NONE,
    PHASE_OF,
    REST_WEEKS,
    RESTING,
    SATISFACTIONS,
    WAITING,
    Array,
    Laws,
    laws,
)
from abm_ml.sources.synthetic.market import Market
from abm_ml.sources.synthetic.weeks import Weeks

UNDECIDED, RENEWED, DECLINED = range(3)
YEARS = np.array([1, 2, 3])
_TERM_CHANCES = np.array([0.62, 0.23, 0.15])
_FIRST_INTENT = np.array([0.5, 0.3, 0.14, 0.06])
_FIRST_SATISFACTION = np.array([0.04, 0.12, 0.28, 0.34, 0.22])
_FIRST_PLACE = np.array([0.30, 0.50, 0.20])
_CLIENTS_AT_FIRST = 0.30
_CHAMPION_AT_FIRST = 0.5
# What is kept of every week, in as few bytes as it needs.
_KEPT: dict[str, npt.DTypeLike] = dict.fromkeys(
    ("program", "champion", "intent", "place", "satisfaction", "decided"), np.dtype("int8")
)
_KEPT["end"] = np.dtype("int32")


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """The contracts in order of signing: account (row number), days since 1970 of start and end, years.

    `signed` and `cancelled` are weeks (-1: before the first, and never). `renews` says that it follows another contract
    of the account; `decided` is the outcome of its own renewal.
    """

    account: Array
    start: Array
    end: Array
    years: Array
    signed: Array
    cancelled: Array
    renews: Array
    decided: Array


@dataclass(frozen=True, kw_only=True)
class Journeys:
    """The state after each week's step, [week, account]; place -1: the account does not exist yet.

    `contract_end` (days since 1970) and `decided` are of the contract that runs; they mean nothing where there is none.
    """

    program: Array
    champion: Array
    intent: Array
    place: Array
    satisfaction: Array
    contract_end: Array
    decided: Array
    contracts: Contracts


@dataclass
class _Ledger:
    """Contracts while they are being written: one array per signing, and per account the number of its latest."""

    latest: Array
    signings: list[tuple[Array, ...]] = field(default_factory=list)
    cancelled: dict[int, Array] = field(default_factory=dict)
    decisions: list[tuple[Array, int]] = field(default_factory=list)
    count: int = 0

    def sign(self, week: int, account: Array, start: Array, years: Array, *, renews: int) -> Array:
        """Writes one contract per account down and returns their last days."""
        end = start + years * 365
        same = np.ones(len(account), dtype=np.int64)
        self.signings.append((account, start, end, years, same * week, same * renews))
        self.latest[account] = self.count + np.arange(len(account))
        self.count += len(account)
        return np.asarray(end)

    def decide(self, account: Array, outcome: int) -> None:
        """Notes how the renewal of the latest contract of each account turned out."""
        self.decisions.append((self.latest[account].copy(), outcome))

    def cancel(self, week: int, account: Array) -> None:
        """Notes a cancellation of the latest contract of each account."""
        self.cancelled[week] = self.latest[account].copy()

    def close(self) -> Contracts:
        """The finished contracts."""
        account, start, end, years, signed, renews = (np.concatenate(each) for each in zip(*self.signings, strict=True))
        cancelled, decided = np.full(self.count, -1), np.zeros(self.count, dtype=np.int64)
        for week, numbers in self.cancelled.items():
            cancelled[numbers] = week
        for numbers, outcome in self.decisions:
            decided[numbers] = outcome
        return Contracts(
            account=account,
            start=start,
            end=end,
            years=years,
            signed=signed,
            cancelled=cancelled,
            renews=renews,
            decided=decided,
        )


@dataclass
class _State:
    """The state of every account in the current week."""

    program: Array
    champion: Array
    intent: Array
    place: Array
    satisfaction: Array
    end: Array
    decided: Array
    next_end: Array
    rest: Array


def walk(market: Market, weeks: Weeks, dice: np.random.Generator) -> Journeys:
    """The journeys of all accounts of a market, from the first week to the last."""
    rules, ledger = laws(), _Ledger(np.full(market.size, -1))
    state = _first_state(market, weeks, dice, ledger)
    kept: dict[str, list[Array]] = {name: [] for name in _KEPT}
    for week in range(weeks.count):
        day = weeks.day_of(week, market.weekday)
        if week >= weeks.launch:
            state.program = draw(rules.program[state.program], dice)
        _hidden_moves(state, market, dice, rules)
        _lost_return(state, week)
        clients, funnel = state.place == CLIENT, (state.place >= NONE) & (state.place < CLIENT)
        _clients_move(np.flatnonzero(clients), state, market, (week, day), (dice, rules, ledger))
        _funnel_moves(np.flatnonzero(funnel), state, market, (week, day), (dice, rules, ledger))
        state.place[market.created == week] = NONE
        for name, small in _KEPT.items():
            kept[name].append(getattr(state, name).astype(small))
    whole = {name: np.stack(kept[name]) for name in _KEPT}
    return Journeys(contract_end=whole.pop("end"), contracts=ledger.close(), **whole)


def draw(chances: Array, dice: np.random.Generator) -> Array:
    """One outcome per row of a table of chances."""
    steps = np.cumsum(chances[..., :-1], axis=-1)
    return np.asarray((dice.random(chances.shape[:-1])[..., None] >= steps).sum(axis=-1))


def _first_state(market: Market, weeks: Weeks, dice: np.random.Generator, ledger: _Ledger) -> _State:
    size = market.size
    old = market.created < 0
    place = np.where(old, dice.choice([NONE, AWARE, CONSIDER], size, p=_FIRST_PLACE), -1)
    client = old & (dice.random(size) < _CLIENTS_AT_FIRST)
    place[client] = CLIENT
    years = dice.choice(YEARS, size, p=_TERM_CHANCES)
    ago = 1 + (dice.random(size) * (years * 365 - 9)).astype(np.int64)
    state = _State(
        program=np.where(dice.random(size) < market.courted, WAITING, NEVER),
        champion=(dice.random(size) < _CHAMPION_AT_FIRST).astype(np.int64),
        intent=dice.choice(INTENTS, size, p=_FIRST_INTENT),
        place=place,
        satisfaction=dice.choice(SATISFACTIONS, size, p=_FIRST_SATISFACTION),
        end=np.zeros(size, dtype=np.int64),
        decided=np.zeros(size, dtype=np.int64),
        next_end=np.zeros(size, dtype=np.int64),
        rest=np.zeros(size, dtype=np.int64),
    )
    who = np.flatnonzero(client)
    state.end[who] = ledger.sign(-1, who, weeks.first_day - ago[who], years[who], renews=0)
    return state


def _hidden_moves(state: _State, market: Market, dice: np.random.Generator, rules: Laws) -> None:
    phase = PHASE_OF[state.place]
    state.champion = draw(rules.champion[phase, state.champion], dice)
    inside = (state.program == INSIDE).astype(np.int64)
    state.intent = draw(rules.intent[market.fit, inside, phase, state.intent], dice)


def _lost_return(state: _State, week: int) -> None:
    state.place[(state.place == RESTING) & (state.rest <= week)] = AWARE


_When = tuple[int, Array]
_Tools = tuple[np.random.Generator, Laws, _Ledger]


def _funnel_moves(who: Array, state: _State, market: Market, when: _When, tools: _Tools) -> None:
    dice, rules, ledger = tools
    inside = (state.program[who] == INSIDE).astype(np.int64)
    chances = rules.place[market.fit[who], inside, state.champion[who], state.intent[who], state.place[who]]
    state.place[who] = draw(chances, dice)
    won = who[state.place[who] == CLIENT]
    years = dice.choice(YEARS, len(won), p=_TERM_CHANCES)
    state.end[won] = ledger.sign(when[0], won, when[1][won], years, renews=0)
    state.decided[won] = UNDECIDED
    state.satisfaction[won] = dice.choice(SATISFACTIONS, len(won), p=_FIRST_SATISFACTION)


def _clients_move(who: Array, state: _State, market: Market, when: _When, tools: _Tools) -> None:
    dice, rules, ledger = tools
    week, day = when
    inside = (state.program[who] == INSIDE).astype(np.int64)
    base = (market.fit[who], inside, state.champion[who])
    state.satisfaction[who] = draw(rules.satisfaction[(*base, state.satisfaction[who])], dice)
    gone = who[state.decided[who] == DECLINED]
    _leave(gone, state, week, dice)
    renewed = who[state.decided[who] == RENEWED]
    state.end[renewed], state.decided[renewed] = state.next_end[renewed], UNDECIDED
    staying = state.place[who] == CLIENT
    chance = dice.random(len(who))
    key = (*base, state.satisfaction[who])
    deciding = staying & (state.end[who] - day[who] <= 7)
    yes = who[deciding & (chance < rules.renews[key])]
    no = who[deciding & (chance >= rules.renews[key])]
    state.decided[yes], state.decided[no] = RENEWED, DECLINED
    ledger.decide(yes, RENEWED)
    ledger.decide(no, DECLINED)
    state.next_end[yes] = ledger.sign(
        week, yes, state.end[yes], dice.choice(YEARS, len(yes), p=_TERM_CHANCES), renews=1
    )
    quitting = who[staying & ~deciding & (chance < rules.cancels[key])]
    ledger.cancel(week, quitting)
    _leave(quitting, state, week, dice)


def _leave(who: Array, state: _State, week: int, dice: np.random.Generator) -> None:
    state.place[who] = RESTING
    state.rest[who] = week + dice.integers(*REST_WEEKS, size=len(who))
