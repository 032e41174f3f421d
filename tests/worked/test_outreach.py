"""Worked examples of the features of outreach and its answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, Row, When, did


def mailed(ago: When, **cells: Any) -> Row:
    """A seller's e-mail."""
    return did(ago, "email_sent", side="sales", channel="email", **cells)


def replied(ago: When, **cells: Any) -> Row:
    """An answer by e-mail."""
    return did(ago, "email_reply", side="sales", channel="email", **cells)


EXAMPLES = (
    Example("answers", "Within seven days to the hour; later is no answer, nor is a visit or an opened e-mail.",
            [mailed(30), did(29, side="inbound"), did(28, "email_open", side="sales"), did(23, "meeting", side="sales"),
             mailed(20), replied(15), did(12.9, "demo_request", side="inbound")], {90: 2}),
    Example("answers", "A call of their own is an answer; one of ours is an outreach.",
            [did(20, "call", side="sales"), did(18, "call", side="inbound"), did(10, "call", side="sales")], {90: 1}),
    Example("answers", "What marketing sent is no outreach, and what was never asked for no answer.",
            [did(20, "email_sent"), replied(19)], {90: 0}),
    Example("answers", "An outreach that was known only after the answer was not yet there to be answered; an answer "
            "that is known on the date is none yet.", [mailed(20, known_at=10), replied(15), replied(14, known_at=0)],
            {90: 0}),
    Example("days_since_answer", "Since the answer.", [mailed(20), replied(15), mailed(5)], {365: 15}),
    Example("days_since_answer", "Never answered: missing.", [mailed(20)], {365: None}),
    Example("answer_share", "One of two was answered, if twice.", [mailed(40), mailed(20), replied(18), replied(15)],
            0.5),
    Example("answer_share", "Both answers count, but only one outreach was in the window: 1, not 2.",
            [mailed(92), replied(88), mailed(86), replied(84)], 1.0),
    Example("answer_share", "No outreach: missing.", [replied(5)], None),
    Example("days_to_answer", "Two days and five.", [mailed(40), replied(38), mailed(20), replied(15)], 3.5),
    Example("days_to_answer", "Never answered: missing.", [mailed(20)], None),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_outreach(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
