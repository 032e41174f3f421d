"""Activity: the engagements of all accounts, block by block, so that ten million fit in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.acts import (
    ACTS,
    CALL,
    REACTIONS,
    USE,
    USE_BY_SATISFACTION,
    VISIT,
    act_rates,
    rows_per_act,
    situation,
)
from abm_ml.sources.synthetic.columns import (
    account_ids,
    arrivals,
    contact_ids,
    dice_for,
    ids,
    near,
    numbers,
    texts,
    times,
)
from abm_ml.sources.synthetic.journeys import Journeys
from abm_ml.sources.synthetic.laws import INSIDE, INTENTS, SATISFACTIONS, STAGE_OF, Array
from abm_ml.sources.synthetic.market import Market
from abm_ml.sources.synthetic.people import People, someone
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks

BLOCK = 4_000
CONTENTS = 60
LEVELS = ("top", "middle", "bottom")
CAMPAIGNS_PER_QUARTER = 8
SOURCES = ("seo", "retargeting", "paid_keywords", "email", "social")
_SOURCE_STEPS = np.cumsum([0.57, 0.2, 0.1, 0.1])
# An engagement's role is the number of its act, or of its reaction after all acts; `_ACT_OF` leads back to the act.
_ROLES = (*ACTS, *REACTIONS)
_ACT_OF = (*ACTS, *(ACTS[reaction.act] for reaction in REACTIONS))
_KINDS = tuple(dict.fromkeys(role.kind for role in _ROLES))
_CHANNELS = tuple(dict.fromkeys(act.channel for act in ACTS))
_SIDES = tuple(dict.fromkeys(act.side for act in ACTS))
_HOUR = 3600 * MICROSECONDS
_ANONYMOUS_VISITS, _UNANSWERED = 0.55, 0.35
# Weeks differ by chance, and once in a while something else makes a week eight times as busy.
_EVENNESS, _BURSTS, _BURST = 3.5, 0.004, 8.0
_SKEW_BY_INTENT = np.array([3.0, 2.2, 1.6, 1.2])
# How willing the days from Monday to Sunday are, as fractions of the whole week.
_DAY_STEPS = np.cumsum([0.18, 0.2, 0.2, 0.19, 0.16, 0.03])


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What an account is like beside its state: how chatty it is, how much it uses, how broad its group reacts."""

    chatty: Array
    usage: Array


@dataclass(frozen=True, kw_only=True)
class World:
    """All that engagements depend on."""

    seed: int
    market: Market
    weeks: Weeks
    journeys: Journeys
    people: People
    habits: Habits
    scale: float


def make_habits(size: int, dice: np.random.Generator) -> Habits:
    """Habits that differ widely from account to account, whatever it wants: volume alone misleads."""
    return Habits(chatty=dice.lognormal(-0.08, 0.4, size), usage=dice.lognormal(2.5, 0.6, size))


def scale_of(journeys: Journeys, weeks: Weeks, habits: Habits, per_account: float) -> float:
    """The factor that turns relative rates into rates with so many engagements per account on average."""
    expected = (act_rates() * rows_per_act()).sum(axis=1)
    rows = sum(
        float(np.dot(habits.chatty[alive], expected[state]))
        for alive, state in (_situations(journeys, week, slice(None)) for week in range(weeks.starts, weeks.count))
    )
    return per_account * len(habits.chatty) / rows


def _situations(journeys: Journeys, week: int, block: slice) -> tuple[Array, Array]:
    """The accounts (within the block) that exist since the week before, and the situation of each."""
    alive = np.flatnonzero(journeys.place[week - 1, block] >= 0)
    names = ("place", "intent", "satisfaction", "program")
    place, intent, satisfaction, program = (
        getattr(journeys, name)[week, block][alive].astype(np.int64) for name in names
    )
    return alive, situation(place, intent, satisfaction, (program == INSIDE).astype(np.int64))


def engagements(world: World) -> Iterator[pa.Table]:
    """The table of engagements, in blocks of accounts."""
    written = 0
    for number, first in enumerate(range(0, world.market.size, BLOCK)):
        block = slice(first, min(first + BLOCK, world.market.size))
        table = _block(world, block, written, dice_for(world.seed, "engagements", number))
        written += len(table)
        yield table


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Engagements as numbers: `role` counts acts first, then reactions; `intent` is the account's of that week."""

    account: Array
    role: Array
    happened: Array
    intent: Array
    stage: Array
    satisfaction: Array
    contact: Array
    content: Array
    campaign: Array

    def take(self, rows: Array, *, role: int, happened: Array) -> _Rows:
        """Some of the rows in another role and at another time."""
        return _Rows(
            account=self.account[rows],
            role=np.full(len(rows), role),
            happened=happened,
            intent=self.intent[rows],
            stage=self.stage[rows],
            satisfaction=self.satisfaction[rows],
            contact=self.contact[rows],
            content=self.content[rows],
            campaign=self.campaign[rows],
        )


def _acts(world: World, block: slice, dice: np.random.Generator) -> _Rows:
    """What happens by itself: a bursty number of acts per account and week, then which, when and by whom."""
    rates = act_rates() * world.scale
    totals, steps = rates.sum(axis=1), np.cumsum(rates, axis=1)
    whens, whos, states = [], [], []
    for week in range(world.weeks.starts, world.weeks.count):
        alive, state = _situations(world.journeys, week, block)
        mean = totals[state] * world.habits.chatty[block][alive] * _season(world.weeks, week)
        burst = np.where(dice.random(len(alive)) < _BURSTS, _BURST, 1.0)
        count = dice.poisson(mean * burst * dice.standard_gamma(_EVENNESS, len(alive)) / _EVENNESS)
        whos.append(np.repeat(alive, count) + block.start)
        states.append(np.repeat(state, count))
        whens.append(np.full(int(count.sum()), week))
    account, state, weeks = np.concatenate(whos), np.concatenate(states), np.concatenate(whens)
    role = (dice.random(len(account))[:, None] * totals[state][:, None] >= steps[state][:, :-1]).sum(axis=1)
    happened = _moments(world, account, weeks, dice)
    place = world.journeys.place[weeks, account]
    intent = state // (2 * SATISFACTIONS) % INTENTS
    inside = state // SATISFACTIONS % 2
    slot = dice.integers(0, CAMPAIGNS_PER_QUARTER // 2, len(account)) + CAMPAIGNS_PER_QUARTER // 2 * (1 - inside)
    return _Rows(
        account=account,
        role=role,
        happened=happened,
        intent=intent,
        stage=STAGE_OF[place],
        satisfaction=state % SATISFACTIONS,
        contact=_contacts(world.people, account, happened, (role, intent), dice),
        content=_contents(STAGE_OF[place], dice),
        campaign=(weeks // 13 - world.weeks.starts // 13) * CAMPAIGNS_PER_QUARTER + slot,
    )


def _season(weeks: Weeks, week: int) -> float:
    """Little happens in August and around New Year."""
    day_of_year = (weeks.first_day + 7 * week) % 365.2425
    return 0.65 if 213 <= day_of_year < 241 or day_of_year >= 355 or day_of_year < 4 else 1.05


def _moments(world: World, account: Array, week: Array, dice: np.random.Generator) -> Array:
    """Moments within the week that begins with the account's step, mostly on working days and by day."""
    weekday = world.market.weekday[account]
    day = np.searchsorted(_DAY_STEPS, dice.random(len(account)))
    start = world.weeks.day_of(week, weekday) + (day - weekday) % 7
    second = 21_600 + (dice.random(len(account)) + dice.random(len(account))) * 27_000
    return np.asarray(start * DAY * MICROSECONDS + (second * MICROSECONDS).astype(np.int64))


def _contacts(
    people: People, account: Array, happened: Array, role: tuple[Array, Array], dice: np.random.Generator
) -> Array:
    """Who it was: the more intent, the more different people; -1 where nobody is known."""
    acts, intent = role
    contact = someone(people, account, happened, _SKEW_BY_INTENT[intent], dice)
    nobody = (acts == VISIT) & (dice.random(len(account)) < _ANONYMOUS_VISITS)
    return np.where(nobody, -1, contact)


def _contents(stage: Array, dice: np.random.Generator) -> Array:
    """A piece of content: later stages read what is meant for them; some pieces are far more popular than others."""
    level = np.clip(np.round(stage * 0.7 + dice.normal(0, 0.7, len(stage))), 0, len(LEVELS) - 1).astype(np.int64)
    return np.asarray(level + len(LEVELS) * (CONTENTS // len(LEVELS) * dice.random(len(stage)) ** 2).astype(np.int64))


def _reactions(acts: _Rows, dice: np.random.Generator) -> Iterator[_Rows]:
    chance = dice.random(len(acts.account))
    for number, reaction in enumerate(REACTIONS):
        reached = chance < np.array(reaction.chances)[acts.intent]
        rows = np.flatnonzero((acts.role == reaction.act) & (~reached if reaction.otherwise else reached))
        delay = (0.1 + dice.exponential(0.9, len(rows))) * reaction.hours * _HOUR
        yield acts.take(rows, role=len(ACTS) + number, happened=acts.happened[rows] + delay.astype(np.int64))


def _block(world: World, block: slice, written: int, dice: np.random.Generator) -> pa.Table:
    acts = _acts(world, block, dice)
    parts = [acts, *_reactions(acts, dice)]
    names = _Rows.__dataclass_fields__
    rows = _Rows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
    known = arrivals(rows.happened, dice)
    kept = np.flatnonzero(known < world.weeks.end)
    rows = _Rows(**{name: getattr(rows, name)[kept] for name in names})
    return _table(world, rows, known[kept], written, dice)


def _table(world: World, rows: _Rows, known: Array, written: int, dice: np.random.Generator) -> pa.Table:
    size = len(rows.account)

    def of_role(values: list[int]) -> Array:
        return np.array(values)[rows.role]

    seconds = np.array([role.seconds for role in _ROLES])[rows.role]
    unanswered = (rows.role == CALL) & (dice.random(size) < _UNANSWERED)
    length = np.where(unanswered, 0.0, np.round(seconds * dice.lognormal(-0.3, 0.8, size)))
    usage = world.habits.usage[rows.account] * USE_BY_SATISFACTION[rows.satisfaction]
    quantity = np.round(usage * dice.lognormal(0, 0.35, size), 1)
    source = np.searchsorted(_SOURCE_STEPS, dice.random(size))
    content = np.where(of_role([int(role.content) for role in _ROLES]) == 1, rows.content, -1)
    campaign = np.where(of_role([int(act.campaign) for act in _ACT_OF]) == 1, rows.campaign, -1)
    return pa.table(
        {
            "engagement_id": ids("E", np.arange(written + 1, written + size + 1), 9),
            "account_id": near(rows.account, account_ids),
            "contact_id": near(rows.contact, contact_ids),
            "happened_at": times(rows.happened),
            "known_at": times(known),
            "kind": texts(of_role([_KINDS.index(role.kind) for role in _ROLES]), _KINDS),
            "channel": texts(of_role([_CHANNELS.index(act.channel) for act in _ACT_OF]), _CHANNELS),
            "side": texts(of_role([_SIDES.index(act.side) for act in _ACT_OF]), _SIDES),
            "content_id": texts(content, content_ids()),
            "campaign_id": texts(campaign, campaign_ids(world.weeks)),
            "traffic_source": texts(np.where(rows.role == VISIT, source, -1), SOURCES),
            "seconds": numbers(length, seconds > 0),
            "quantity": numbers(quantity, rows.role == USE),
        }
    )


def content_ids() -> pa.Array:
    """The ids of all contents; their levels take turns."""
    return ids("K", np.arange(1, CONTENTS + 1), 3)


def campaign_ids(weeks: Weeks) -> pa.Array:
    """The ids of all campaigns, quarter by quarter; the first half of a quarter's are the program's."""
    quarters = (weeks.count - 1) // 13 - weeks.starts // 13 + 1
    return ids("C", np.arange(1, quarters * CAMPAIGNS_PER_QUARTER + 1), 4)
