"""The truth: the exact chance of every label at every snapshot, given the whole hidden state of that moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.columns import account_ids, texts, times
from abm_ml.sources.synthetic.journeys import DECLINED, RENEWED, Journeys
from abm_ml.sources.synthetic.laws import (
    CHAMPIONS,
    CLIENT,
    DECIDE_DEAL,
    FITS,
    HAS_DEAL,
    INSIDE,
    INTENTS,
    NONE,
    PHASE_OF,
    PLACES,
    PROGRAMS,
    SATISFACTIONS,
    STAGE_OF,
    Array,
    Laws,
    laws,
)
from abm_ml.sources.synthetic.market import Market
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks, month_starts

DEAL_DAYS, CHURN_DAYS = 90, 180
_HISTORY_DAYS = 183
_INSIDE_OF = (np.arange(PROGRAMS) == INSIDE).astype(np.int64)


def chances_of_place(rules: Laws, reached: Array, steps: int) -> Array:
    """The chance to come to one of the `reached` places within 0, 1, ... `steps` steps.

    `reached` says for each place whether it counts. Shape: [step, fit, program, champion, intent, place].
    """
    places = rules.place[:, _INSIDE_OF]
    intent = rules.intent[:, _INSIDE_OF][:, :, PHASE_OF]
    values = [np.zeros((FITS, PROGRAMS, CHAMPIONS, INTENTS, PLACES))]
    for _ in range(steps):
        moved = np.einsum("fpcigh,fpcih->fpcig", places, np.where(reached, 1.0, values[-1]))
        hidden = np.einsum("gcd,fqgij,fqdjg->fqcig", rules.champion[PHASE_OF], intent, moved, optimize=True)
        value = np.einsum("pq,fqcig->fpcig", rules.program, hidden)
        values.append(np.where(np.arange(PLACES) < CLIENT, value, 0.0))
    return np.stack(values)


@dataclass(frozen=True, kw_only=True)
class Losses:
    """The chance that a client is lost, over [fit, program, champion, satisfaction].

    `by_cancelling` [n, ...]: within n steps, none of which decides on a renewal. `by_lapsing` [n, k, ...]: within n
    steps, the k-th of which decides on the renewal of a contract that ends within them.
    """

    by_cancelling: Array
    by_lapsing: Array


def losses(rules: Laws, steps: int) -> Losses:
    """The chances of losing a client within up to `steps` steps."""
    satisfaction = rules.satisfaction[:, _INSIDE_OF]
    cancels, renews = rules.cancels[:, _INSIDE_OF], rules.renews[:, _INSIDE_OF]

    def before(after: Array) -> Array:
        client = rules.champion[PHASE_OF[CLIENT]]
        hidden = np.einsum("cd,fqdst,fqdt->fqcs", client, satisfaction, after, optimize=True)
        return np.asarray(np.einsum("pq,fqcs->fpcs", rules.program, hidden))

    shape = (FITS, PROGRAMS, CHAMPIONS, SATISFACTIONS)
    by_cancelling, by_lapsing = np.zeros((steps + 1, *shape)), np.zeros((steps + 1, steps + 1, *shape))
    for n in range(1, steps + 1):
        by_cancelling[n] = before(cancels + (1 - cancels) * by_cancelling[n - 1])
        by_lapsing[n, 1] = before(1 - renews + renews * by_cancelling[n - 1])
        for k in range(2, n + 1):
            by_lapsing[n, k] = before(cancels + (1 - cancels) * by_lapsing[n - 1, k - 1])
    return Losses(by_cancelling=by_cancelling, by_lapsing=by_lapsing)


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """All accounts at midnight of a day: state after their last step, and how many steps each horizon holds."""

    day: int
    fit: Array
    program: Array
    champion: Array
    intent: Array
    place: Array
    satisfaction: Array
    end: Array
    decided: Array
    was_client: Array
    deal_steps: Array
    churn_steps: Array
    renewal_step: Array


def _moment(day: int, market: Market, weeks: Weeks, journeys: Journeys) -> _Moment:
    done = weeks.steps_before(day, market.weekday)
    at = (done - 1, np.arange(market.size))
    end = journeys.contract_end[at].astype(np.int64)
    first = np.full(market.size, np.iinfo(np.int64).max)
    np.minimum.at(first, journeys.contracts.account, journeys.contracts.start)
    return _Moment(
        day=day,
        fit=market.fit,
        program=journeys.program[at],
        champion=journeys.champion[at],
        intent=journeys.intent[at],
        place=journeys.place[at],
        satisfaction=journeys.satisfaction[at],
        end=end,
        decided=journeys.decided[at],
        was_client=first < day,
        deal_steps=weeks.steps_before(day + DEAL_DAYS, market.weekday) - done,
        churn_steps=weeks.steps_before(day + CHURN_DAYS, market.weekday) - done,
        renewal_step=weeks.steps_before(end, market.weekday) - done,
    )


def _is_client(now: _Moment) -> Array:
    return np.asarray((now.place == CLIENT) & ~((now.decided == DECLINED) & (now.end < now.day)))


def _is_prospect(now: _Moment) -> Array:
    return (now.place >= NONE) & HAS_DEAL[now.place]


def _win(now: _Moment, values: Array, who: Array) -> Array:
    return np.asarray(
        values[now.deal_steps[who], now.fit[who], now.program[who], now.champion[who], now.intent[who], now.place[who]]
    )


def _churn(now: _Moment, chances: Losses, who: Array) -> Array:
    n, k = now.churn_steps[who], now.renewal_step[who]
    state = (now.fit[who], now.program[who], now.champion[who], now.satisfaction[who])
    ends = now.end[who] < now.day + CHURN_DAYS
    # A decision inside the horizon on a contract that ends outside of it takes the place of one chance to cancel.
    quiet = np.where(~ends & (k <= n), n - 1, n)
    cancelling = chances.by_cancelling[(np.where(now.decided[who] == RENEWED, n, quiet), *state)]
    lapsing = chances.by_lapsing[(n, np.clip(k, 0, n), *state)]
    value = np.where((now.decided[who] == RENEWED) | ~ends, cancelling, lapsing)
    return np.where(now.decided[who] == DECLINED, 1.0, value)


def true_chances(market: Market, weeks: Weeks, journeys: Journeys) -> pa.Table:
    """The exact probability of each label for each account eligible at each month's start and at the data's end."""
    rules = laws()
    steps = DEAL_DAYS // 7 + 1
    wins = chances_of_place(rules, np.arange(PLACES) == CLIENT, steps)
    later = np.stack([chances_of_place(rules, stage < STAGE_OF, steps) for stage in range(-1, STAGE_OF[DECIDE_DEAL])])
    chances = losses(rules, CHURN_DAYS // 7 + 1)
    start = weeks.first_day + 7 * weeks.starts
    days = sorted({*month_starts(start + _HISTORY_DAYS, weeks.end_day), weeks.end_day})
    rows = []
    for day in days:
        now = _moment(day, market, weeks, journeys)
        client, prospect = _is_client(now), _is_prospect(now)
        target = market.is_target & (now.place >= NONE) & ~client & ~prospect & ~now.was_client
        moving = np.flatnonzero((target | prospect) & (STAGE_OF[now.place] < STAGE_OF[DECIDE_DEAL]))
        stages = STAGE_OF[now.place[moving]] + 1
        at = (now.deal_steps, now.fit, now.program, now.champion, now.intent, now.place)
        rows.append((day, "progression", moving, later[(stages, *(part[moving] for part in at))]))
        dealing, paying = np.flatnonzero(prospect), np.flatnonzero(client)
        rows.append((day, "win", dealing, _win(now, wins, dealing)))
        rows.append((day, "churn", paying, _churn(now, chances, paying)))
    return _table(rows, market)


def _table(rows: list[tuple[int, str, Array, Array]], market: Market) -> pa.Table:
    labels = ("progression", "win", "churn")
    counts = [len(who) for _, _, who, _ in rows]
    return pa.table(
        {
            "account_id": account_ids(market.size).take(pa.array(np.concatenate([who for _, _, who, _ in rows]))),
            "as_of": times(np.repeat([day * DAY * MICROSECONDS for day, *_ in rows], counts)),
            "label": texts(np.repeat([labels.index(label) for _, label, *_ in rows], counts), labels),
            "probability": np.concatenate([chances for *_, chances in rows]),
        }
    )
