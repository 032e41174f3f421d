"""Worked examples of the features of peers: an account against what is usual."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, Row, account, deal, did, entered, order, person, repriced

# Dates of their own: all others of the same date decide what is usual.
JANUARY, FEBRUARY, MARCH, APRIL, MAY = (dt.datetime(2026, month, 1) for month in range(1, 6))


def of(industry: str, *rows: Row, employees: int = 10) -> list[Row]:
    """An account of an industry with less than 50 employees."""
    return [account(industry=industry, employees=employees), *rows]


def key(name: str) -> Row:
    """A key person."""
    return person(name, is_key=True)


EXAMPLES = (
    Example("score_against_peers", "10 points, where the five of its kind have 1, 2, 3, 4 and 10.",
            of("anvils", did(5, "meeting")), 7.0,
            others=[of("anvils", *[did(9)] * 1), of("anvils", *[did(9)] * 2, employees=49), of("anvils", *[did(9)] * 3),
                    of("anvils", *[did(9)] * 4, did(0, "meeting")), of("anvils", did(5, "meeting"), employees=50),
                    of("boats", did(5, "meeting")), []]),
    Example("score_against_peers", "Only four of its kind: missing.", of("candles", did(5)), None,
            others=[of("candles"), of("candles"), of("candles")]),
    Example("score_against_peers", "Of no known industry: missing.", [account(employees=10), did(5)], None),
    Example("penetration_against_peers", "All engaged, where others reach 0, 0, a half and all of their key people.",
            of("dolls", key("ann"), did(5, by="ann")), 0.5,
            others=[of("dolls", key("bob")), of("dolls", key("cy")), of("dolls", key("dee"), did(5, by="dee")),
                    of("dolls", key("eve"), key("fay"), did(5, by="eve")), of("dolls")]),
    Example("open_amount_against_peers", "200, where those with open deals have 50, 100 and 200.",
            of("easels", deal("a", 50, amount=150), repriced("a", 200, 9)), 2.0,
            others=[of("easels", deal("b", 50, amount=50), repriced("b", 900, 0)),
                    of("easels", deal("c", 50, amount=100)),
                    of("easels"), of("easels", deal("d", 50, 9, "won", amount=999))]),
    Example("open_amount_against_peers", "No open deal: missing.", of("easels"), None),
    Example("stage_time_ratio", "60 days, where the three in this stage took 20, 30 and 60: twice the median.",
            [entered(60, "awareness")], 2.0, as_of=FEBRUARY,
            others=[[entered(20, "awareness")], [entered(30, "awareness")], [entered(500, "decision")], []]),
    Example("stage_time_ratio", "In no stage: missing.", [], None),
    Example("deal_age_ratio", "90 days, where the newest open deals are 30, 60 and 90 days old.",
            [deal("a", 90)], 1.5, as_of=MARCH, others=[[deal("b", 30)], [deal("c", 60)], [deal("d", 200, 9, "won")]]),
    Example("deal_age_ratio", "No open deal: missing.", [deal("a", 90, 9, "won")], None),
    Example("stage_time_to_win", "60 days; the wins so far took 40 and 20 days, one more is won on the date.",
            [entered(60, "awareness")], 2.0, as_of=APRIL,
            others=[[deal("b", 60, 20, "won")], [deal("c", 50, 30, "won")], [deal("d", 400, 0, "won")],
                    [deal("e", 400, 9, "lost")]]),
    Example("stage_time_to_win", "Nobody has won yet: missing.", [entered(60, "awareness")], None, as_of=JANUARY),
    Example("deal_age_to_win", "90 days; the wins so far took 40 and 20 days.", [deal("a", 90)], 3.0, as_of=MAY,
            others=[[deal("b", 60, 20, "won")], [deal("c", 50, 30, "won")]]),
    Example("season", "Two accounts bought in the half year, one of them in the last quarter.", [order(5), order(100)],
            0.5, as_of=FEBRUARY, others=[[order(100)], [order(200)], []]),
    Example("season", "Nobody bought: missing.", [order(200)], None, as_of=MARCH),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_peers(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
