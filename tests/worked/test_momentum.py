"""Worked examples of the features of momentum: this week against the three before."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, did

# Two of this week against three in the three weeks before, that is one a week: one more than usual.
WEEKS = (1, 2, 8, 9, 28)

EXAMPLES = (
    Example("email_momentum", "Opened mails, not those that were only sent, nor what was done on the web.",
            [*(did(ago, "email_open", channel="email") for ago in WEEKS), did(1, "email_sent", channel="email"),
             did(1)], 1.0),
    Example("email_momentum", "What happens on the date, or is known only then, is not of this week.",
            [did(8, "email_open", channel="email"), did(0, "email_open", channel="email"),
             did(1, "email_open", channel="email", known_at=0)], -1 / 3),
    Example("web_momentum", "On the web site.", [*map(did, WEEKS), did(1, "email_open", channel="email")], 1.0),
    Example("web_momentum", "Nothing at all: nothing more than usual.", [did(29)], 0),
    Example("ad_momentum", "Clicks, not that an ad was shown.",
            [*(did(ago, "ad_click", channel="ads") for ago in WEEKS), did(1, "ad_impression", channel="ads")], 1.0),
    Example("physical_momentum", "Calls, meetings and events alike; an invitation is worth no points.",
            [did(1, "call", channel="phone"), did(2, "meeting", channel="in_person"),
             did(8, "event_attended", channel="event"), did(1, "event_invited", channel="event"), did(1)], 2 - 1 / 3),
    Example("sales_momentum", "The side decides, whatever the kind is worth.",
            [*(did(ago, "email_sent", side="sales") for ago in WEEKS), did(1)], 1.0),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_momentum(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
