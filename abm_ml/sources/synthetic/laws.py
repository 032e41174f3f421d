"""The laws of the synthetic company: the chances by which an account's hidden state moves from week to week.

A week's step of one account is drawn in this order: program, champion, intent, then its place in the funnel, or, for a
client, satisfaction and then the contract. Each draw depends on the state before it and on nothing else, so that the
state is a Markov chain and the chance of any outcome follows exactly by backward recursion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# Where an account is: its stage in the funnel, with or without an open deal, or client, or lost and left alone.
PLACES = 9
NONE, AWARE, CONSIDER, EVALUATE, CONSIDER_DEAL, EVALUATE_DEAL, DECIDE_DEAL, CLIENT, RESTING = range(PLACES)
STAGE_OF = np.array([-1, 0, 1, 2, 1, 2, 3, 3, -1])
HAS_DEAL = np.isin(np.arange(PLACES), (CONSIDER_DEAL, EVALUATE_DEAL, DECIDE_DEAL))
# What a seller would call the place: without a deal, with one, client.
PHASES = 3
PHASE_OF = np.array([0, 0, 0, 0, 1, 1, 1, 2, 0])

FITS, INTENTS, CHAMPIONS, SATISFACTIONS, PROGRAMS = 3, 4, 2, 5, 4
NEVER, WAITING, INSIDE, LEFT = range(PROGRAMS)
# Lost clients are left alone for longer than any horizon, so that nobody is lost and won back within one.
REST_WEEKS = (28, 80)


@dataclass(frozen=True, kw_only=True)
class Laws:
    """Chances per week; the last axis of each table is where the step leads, and `inside` is 1 in the program.

    program [program, to], champion [phase, champion, to], intent [fit, inside, phase, intent, to],
    place [fit, inside, champion, intent, place, to], satisfaction [fit, inside, champion, satisfaction, to],
    cancels and renews [fit, inside, champion, satisfaction].
    """

    program: Array
    champion: Array
    intent: Array
    place: Array
    satisfaction: Array
    cancels: Array
    renews: Array


def laws() -> Laws:
    """The laws once the program runs; before its launch nobody joins."""
    return Laws(
        program=np.array([[1, 0, 0, 0], [0, 0.983, 0.017, 0], [0, 0, 0.998, 0.002], [0, 0, 0, 1.0]]),
        champion=np.array(
            [[[0.99, 0.01], [0.006, 0.994]], [[0.95, 0.05], [0.01, 0.99]], [[0.98, 0.02], [0.008, 0.992]]]
        ),
        intent=_intent(),
        place=_place(),
        satisfaction=_satisfaction(),
        cancels=_cancels(),
        renews=_renews(),
    )


def _ladder(up: Array, down: Array) -> Array:
    """Steps of one level up or down; the chances of leaving the ends are cut off."""
    levels = up.shape[-1]
    table = np.zeros((*up.shape, levels))
    for level in range(levels):
        if level + 1 < levels:
            table[..., level, level + 1] = up[..., level]
        if level:
            table[..., level, level - 1] = down[..., level]
        table[..., level, level] = 1 - table[..., level, :].sum(axis=-1)
    return table


def _intent() -> Array:
    fit = np.array([0.65, 1.0, 1.5])[:, None, None, None]
    inside = np.array([1.0, 1.3])[None, :, None, None]
    up_in_phase = np.array([1.0, 1.6, 1.0])[None, None, :, None]
    down_in_phase = np.array([1.0, 0.8, 1.0])[None, None, :, None]
    up = fit * inside * up_in_phase * np.array([0.007, 0.013, 0.015, 0.0])
    down = down_in_phase * np.array([0.0, 0.015, 0.018, 0.020]) * np.ones_like(fit * inside)
    return _ladder(up, down)


def _place() -> Array:
    """Moves up the funnel rise with intent, fit and the program; a deal is won more often with a champion."""
    fit = np.array([0.85, 1.0, 1.2])[:, None, None, None]
    inside = np.array([1.0, 1.15])[None, :, None, None]
    champion = np.array([0.5, 1.4])[None, None, :, None]
    wins_with = np.array([0.2, 1.4])[None, None, :, None]
    drive = fit * inside * champion
    push = fit * inside * wins_with
    slack = 1 / drive

    def by_intent(*chances: float) -> Array:
        return np.array(chances)

    table = np.zeros((FITS, 2, CHAMPIONS, INTENTS, PLACES, PLACES))

    def move(start: int, end: int, chance: Array) -> None:
        table[..., start, end] += chance

    first = by_intent(0.004, 0.011, 0.06, 0.13) * drive
    move(NONE, AWARE, first * 0.85)
    move(NONE, CONSIDER, first * 0.15)
    second = by_intent(0.004, 0.012, 0.07, 0.15) * drive
    move(AWARE, CONSIDER, second * 0.85)
    move(AWARE, EVALUATE_DEAL, second * 0.15)
    third = by_intent(0.007, 0.024, 0.10, 0.20) * drive
    move(CONSIDER, EVALUATE, third * 0.2)
    move(CONSIDER, CONSIDER_DEAL, third * 0.45)
    move(CONSIDER, EVALUATE_DEAL, third * 0.35)
    move(CONSIDER, AWARE, by_intent(0.02, 0.012, 0.006, 0.003) * slack)
    move(EVALUATE, EVALUATE_DEAL, by_intent(0.01, 0.03, 0.08, 0.14) * drive)
    move(EVALUATE, CONSIDER, by_intent(0.04, 0.02, 0.01, 0.005) * slack)
    move(CONSIDER_DEAL, EVALUATE_DEAL, by_intent(0.01, 0.03, 0.07, 0.12) * drive)
    move(CONSIDER_DEAL, AWARE, by_intent(0.05, 0.028, 0.015, 0.009) * slack)
    move(EVALUATE_DEAL, DECIDE_DEAL, by_intent(0.006, 0.02, 0.055, 0.10) * drive)
    move(EVALUATE_DEAL, CONSIDER_DEAL, by_intent(0.02, 0.012, 0.006, 0.003) * slack)
    move(EVALUATE_DEAL, CONSIDER, by_intent(0.055, 0.034, 0.02, 0.013) * slack)
    move(EVALUATE_DEAL, CLIENT, by_intent(0.0003, 0.001, 0.003, 0.006) * push)
    move(DECIDE_DEAL, CLIENT, by_intent(0.0015, 0.006, 0.027, 0.052) * push)
    move(DECIDE_DEAL, EVALUATE_DEAL, by_intent(0.02, 0.012, 0.006, 0.003) * slack)
    move(DECIDE_DEAL, CONSIDER, by_intent(0.065, 0.045, 0.028, 0.017) * slack)
    for place in range(PLACES):
        move(place, place, 1 - table[..., place, :].sum(axis=-1))
    return table


def _satisfaction() -> Array:
    fit = np.array([0.7, 1.0, 1.35])[:, None, None, None]
    inside = np.array([1.0, 1.15])[None, :, None, None]
    champion = np.array([0.55, 1.0])[None, None, :, None]
    lift = fit * inside * champion
    return _ladder(
        lift * np.array([0.016, 0.019, 0.019, 0.013, 0.0]), np.array([0.0, 0.008, 0.011, 0.015, 0.017]) / lift
    )


def _by_satisfaction(*chances: float) -> Array:
    table: Array = np.broadcast_to(np.array(chances), (FITS, 2, CHAMPIONS, SATISFACTIONS)).copy()
    return table


def _cancels() -> Array:
    without_champion = np.array([2.6, 0.85])[None, None, :, None]
    return np.asarray(_by_satisfaction(0.016, 0.006, 0.0014, 0.0006, 0.0003) * without_champion)


def _renews() -> Array:
    odds = _by_satisfaction(0.2, 0.7, 3.0, 11.0, 26.0)
    odds *= np.array([0.2, 1.3])[None, None, :, None] * np.array([1.0, 1.25])[None, :, None, None]
    return np.asarray(odds / (1 + odds))
