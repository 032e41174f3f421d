"""Surveys: questions to clients and targets, and the answers of those who answer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.activity import CONTENTS, LEVELS, content_ids
from abm_ml.sources.synthetic.columns import account_ids, contact_ids, ids, numbers, texts, times
from abm_ml.sources.synthetic.journeys import Journeys
from abm_ml.sources.synthetic.laws import CLIENT, NONE, RESTING
from abm_ml.sources.synthetic.market import Market
from abm_ml.sources.synthetic.people import People, someone
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS, Weeks, step_time

KINDS = ("nps", "csat", "brand")
_CSAT, _BRAND = 1, 2
_PER_WEEK = np.array([1 / 22, 1 / 40, 1 / 160])
_ANSWER = np.array([0.42, 0.5, 0.25])
_TOPICS = ("account-based marketing", "clean data", "the buying group", "pipeline reviews", "renewals", "pricing")
_FORMS = (
    "guide",
    "checklist",
    "case study",
    "report",
    "webinar recording",
    "calculator",
    "template",
    "interview",
    "demo film",
    "brief",
)


def surveys(market: Market, weeks: Weeks, journeys: Journeys, people: People, dice: np.random.Generator) -> pa.Table:
    """The table of surveys: satisfaction of clients, the brand with the others; the unhappy answer more seldom."""
    place = journeys.place[weeks.starts :]
    client, other = place == CLIENT, (place > NONE) & (place < CLIENT) | (place == RESTING)
    asked = [
        np.nonzero(whom & (dice.random(place.shape, dtype=np.float32) < often))
        for whom, often in zip((client, client, other), _PER_WEEK, strict=True)
    ]
    week, account = (np.concatenate(each) for each in zip(*asked, strict=True))
    kind = np.repeat(np.arange(len(KINDS)), [len(weeks_asked) for weeks_asked, _ in asked])
    week += weeks.starts
    sent = step_time(weeks.day_of(week, market.weekday[account]), account) + 3600 * MICROSECONDS
    kept = np.flatnonzero(sent < weeks.end)
    kind, week, account, sent = kind[kept], week[kept], account[kept], sent[kept]
    satisfaction, intent = journeys.satisfaction[week, account], journeys.intent[week, account]
    size = len(sent)
    mood = np.where(kind == _BRAND, 4.5 + 0.9 * intent, 4.0 + 1.35 * satisfaction)
    score = np.clip(np.round(mood + dice.normal(0, 1.5, size)), 0, 10)
    answered = sent + (dice.lognormal(0.5, 1.0, size) * DAY * MICROSECONDS).astype(np.int64)
    willing = np.where(kind == _BRAND, 1.0, 0.75 + 0.12 * satisfaction)
    known = (dice.random(size) < _ANSWER[kind] * willing) & (answered < weeks.end)
    return pa.table(
        {
            "survey_id": ids("Q", np.arange(1, size + 1), 7),
            "account_id": texts(account, account_ids(market.size)),
            "contact_id": texts(someone(people, account, sent, np.ones(size), dice), contact_ids(len(people.account))),
            "sent_at": times(sent),
            "answered_at": times(answered, known),
            "kind": texts(kind, KINDS),
            "score": numbers(score, known),
            "would_recommend": numbers(score + dice.normal(0, 1, size) > 7, known & (kind != _CSAT)),
        }
    )


def contents(dice: np.random.Generator) -> pa.Table:
    """The table of contents; what is meant for later stages is gated more often."""
    level = np.arange(CONTENTS) % len(LEVELS)
    titles = [f"{_FORMS[n % len(_FORMS)]} on {_TOPICS[n // len(_FORMS) % len(_TOPICS)]}" for n in range(CONTENTS)]
    return pa.table(
        {
            "content_id": content_ids(),
            "title": pa.array([title[0].upper() + title[1:] for title in titles]),
            "funnel_level": texts(level, LEVELS),
            "gated": dice.random(CONTENTS) < np.array([0.15, 0.45, 0.6])[level],
            "personalised": dice.random(CONTENTS) < np.array([0.1, 0.25, 0.5])[level],
        }
    )
