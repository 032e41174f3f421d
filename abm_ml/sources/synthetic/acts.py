"""Acts: what accounts do and receive in a week, how often in which situation, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm_ml.sources.synthetic.laws import INTENTS, SATISFACTIONS, Array

# Situations: untouched or lost; aware; considering without a deal; in a deal; deciding; client.
SITUATIONS = 6
SITUATION_OF = np.array([0, 1, 2, 2, 3, 3, 4, 5, 0])
_FLAT_INTENT, _FLAT_SATISFACTION = (1.0,) * INTENTS, (1.0,) * SATISFACTIONS


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that happens by itself: relative rates per week by situation, intent, satisfaction and in the program.

    `seconds` is the typical length, `content` and `campaign` say whether one belongs to it.
    """

    kind: str
    channel: str
    side: str
    rates: Sequence[float]
    intent: Sequence[float] = _FLAT_INTENT
    satisfaction: Sequence[float] = _FLAT_SATISFACTION
    inside: float = 1.0
    seconds: float = 0.0
    content: bool = False
    campaign: bool = False


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """What may follow an act, on the same channel: its chance by intent, and how many hours it typically takes.

    Reactions to one act are nested: who clicks has opened. `otherwise` turns the chance around: a mail bounces that is
    not delivered.
    """

    act: int
    kind: str
    chances: Sequence[float]
    hours: float
    seconds: float = 0.0
    content: bool = False
    otherwise: bool = False


ACTS = (
    Act(
        kind="email_sent",
        channel="email",
        side="marketing",
        rates=(0.04, 0.05, 0.06, 0.06, 0.05, 0.03),
        inside=2.0,
        campaign=True,
    ),
    Act(
        kind="email_sent",
        channel="email",
        side="sales",
        rates=(0.01, 0.03, 0.06, 0.36, 0.38, 0.03),
        intent=(0.8, 1, 1.1, 1.2),
    ),
    Act(
        kind="ad_impression",
        channel="ads",
        side="marketing",
        rates=(0.04, 0.05, 0.06, 0.05, 0.04, 0.01),
        inside=2.5,
        campaign=True,
    ),
    Act(
        kind="web_visit",
        channel="web",
        side="inbound",
        rates=(0.38, 0.44, 0.46, 0.6, 0.56, 0.05),
        intent=(0.14, 1, 4, 10),
        inside=1.15,
        seconds=90,
    ),
    Act(
        kind="webinar_attended",
        channel="webinar",
        side="marketing",
        rates=(0.006, 0.012, 0.018, 0.02, 0.015, 0.005),
        intent=(0.3, 1, 2, 3.5),
        inside=1.5,
        seconds=2400,
        content=True,
        campaign=True,
    ),
    Act(
        kind="event_invited",
        channel="event",
        side="marketing",
        rates=(0.01, 0.015, 0.02, 0.02, 0.02, 0.015),
        inside=2,
        campaign=True,
    ),
    Act(
        kind="mailing_sent",
        channel="mail",
        side="marketing",
        rates=(0.006, 0.008, 0.01, 0.01, 0.008, 0.003),
        inside=3,
        campaign=True,
    ),
    Act(
        kind="social_share",
        channel="social",
        side="inbound",
        rates=(0.003, 0.006, 0.008, 0.01, 0.008, 0.006),
        intent=(0.4, 1, 2, 3.5),
        satisfaction=(0.2, 0.4, 0.8, 1.3, 2),
        content=True,
    ),
    Act(
        kind="social_comment",
        channel="social",
        side="inbound",
        rates=(0.003, 0.006, 0.008, 0.01, 0.008, 0.006),
        intent=(0.4, 1, 2, 3.5),
        content=True,
    ),
    Act(
        kind="call",
        channel="phone",
        side="sales",
        rates=(0.01, 0.02, 0.04, 0.2, 0.22, 0.03),
        intent=(0.6, 1, 1.4, 1.8),
        seconds=280,
    ),
    Act(
        kind="meeting",
        channel="in_person",
        side="sales",
        rates=(0.001, 0.005, 0.02, 0.15, 0.2, 0.012),
        intent=(0.15, 0.6, 2, 5),
        seconds=2700,
    ),
    Act(
        kind="demo_request",
        channel="web",
        side="inbound",
        rates=(0.001, 0.005, 0.014, 0.03, 0.02, 0.0),
        intent=(0.1, 0.7, 2.5, 7),
    ),
    Act(
        kind="referral",
        channel="in_person",
        side="inbound",
        rates=(0.0002, 0.0004, 0.0006, 0.001, 0.001, 0.004),
        satisfaction=(0.1, 0.3, 0.7, 1.3, 2.2),
    ),
    Act(
        kind="product_use",
        channel="product",
        side="product",
        rates=(0, 0, 0, 0, 0, 1.55),
        satisfaction=(0.12, 0.35, 0.85, 1.15, 1.4),
    ),
    Act(
        kind="support_ticket",
        channel="support",
        side="support",
        rates=(0, 0, 0, 0, 0, 0.18),
        satisfaction=(4.5, 2.6, 1.0, 0.4, 0.2),
    ),
)
MAIL, SALES_MAIL, AD, VISIT, WEBINAR, EVENT, LETTER, SHARE, COMMENT, CALL, MEETING, DEMO, REFERRAL, USE, TICKET = range(
    len(ACTS)
)

REACTIONS = (
    Reaction(act=MAIL, kind="email_delivered", chances=(0.97, 0.97, 0.97, 0.97), hours=0.02),
    Reaction(act=MAIL, kind="email_bounced", chances=(0.97, 0.97, 0.97, 0.97), hours=0.02, otherwise=True),
    Reaction(act=MAIL, kind="email_open", chances=(0.12, 0.2, 0.34, 0.48), hours=9),
    Reaction(act=MAIL, kind="email_click", chances=(0.008, 0.022, 0.06, 0.12), hours=10, content=True),
    Reaction(act=MAIL, kind="email_reply", chances=(0.001, 0.004, 0.012, 0.025), hours=20),
    Reaction(act=SALES_MAIL, kind="email_delivered", chances=(0.98, 0.98, 0.98, 0.98), hours=0.02),
    Reaction(act=SALES_MAIL, kind="email_open", chances=(0.3, 0.5, 0.7, 0.85), hours=6),
    Reaction(act=SALES_MAIL, kind="email_reply", chances=(0.03, 0.14, 0.38, 0.72), hours=20),
    Reaction(act=AD, kind="ad_click", chances=(0.006, 0.015, 0.035, 0.07), hours=0.05),
    Reaction(act=VISIT, kind="content_view", chances=(0.1, 0.12, 0.14, 0.16), hours=0.05, seconds=70, content=True),
    Reaction(act=VISIT, kind="content_download", chances=(0.02, 0.05, 0.10, 0.15), hours=0.1, content=True),
    Reaction(act=VISIT, kind="form_fill", chances=(0.004, 0.012, 0.035, 0.06), hours=0.15, content=True),
    Reaction(act=EVENT, kind="event_registered", chances=(0.1, 0.2, 0.35, 0.5), hours=60),
    Reaction(act=EVENT, kind="event_attended", chances=(0.05, 0.12, 0.24, 0.36), hours=400),
)
# How much is used at a time falls with satisfaction, too.
USE_BY_SATISFACTION = np.array([0.25, 0.5, 0.88, 1.1, 1.25])


def situation(place: Array, intent: Array, satisfaction: Array, inside: Array) -> Array:
    """The number of the situation that decides on the rates: one per place class, intent, program and satisfaction."""
    group = SITUATION_OF[place]
    content = np.where(group == SITUATIONS - 1, satisfaction, 2)
    return np.asarray(((group * INTENTS + intent) * 2 + inside) * SATISFACTIONS + content)


def act_rates() -> Array:
    """The relative rate of each act in each numbered situation: [situation, act]."""
    table = np.zeros((SITUATIONS, INTENTS, 2, SATISFACTIONS, len(ACTS)))
    for number, act in enumerate(ACTS):
        in_program = np.array([1.0, act.inside])
        satisfaction = np.ones((SITUATIONS, SATISFACTIONS))
        satisfaction[-1] = act.satisfaction
        table[..., number] = np.einsum("g,i,p,gs->gips", act.rates, act.intent, in_program, satisfaction)
    return table.reshape(-1, len(ACTS))


def rows_per_act() -> Array:
    """How many rows an act brings with its reactions, in each numbered situation: [situation, act]."""
    table = np.ones((SITUATIONS, INTENTS, 2, SATISFACTIONS, len(ACTS)))
    for reaction in REACTIONS:
        chance = np.array(reaction.chances)
        table[..., reaction.act] += (1 - chance if reaction.otherwise else chance)[None, :, None, None]
    return table.reshape(-1, len(ACTS))
