"""Worked examples of the features of depth: contents, visits and seniority."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, content, did, person

LIBRARY = (content("magazine", "top"), content("guide", "middle"), content("price", "bottom"))
# One look at the magazine, two at the guide, five at the prices.
LOOKS = (
    did(5, content_id="magazine"), *(did(6, content_id="guide") for _ in range(2)),
    *(did(7, content_id="price") for _ in range(5)),
)  # fmt: skip

EXAMPLES = (
    Example("seniority_score", "A vice president's meeting counts four times; who is unknown, or not yet known, once.",
            [person("ann", seniority="vp"), person("bob", seniority="staff"), person("cy", 0, seniority="c_level"),
             did(5, "meeting", by="ann"), did(6, by="bob"), did(7, by="cy"), did(8), did(9, by="ann", known_at=0)],
            {90: 40 + 1 + 1 + 1}),
    Example("seniority_of_engagement", "5 points of a director and 5 of nobody known.",
            [person("ann", seniority="director"), did(5, "form_fill", by="ann"), did(6, "form_fill")], 2.0),
    Example("seniority_of_engagement", "Nothing done: missing.", [did(100)], None),
    Example("top_funnel_share", "One look of eight; without content is no look, nor is what was only sent.",
            [*LIBRARY, *LOOKS, did(8), did(9, "email_sent", content_id="magazine")], 1 / 8),
    Example("middle_funnel_share", "Two looks of eight.", [*LIBRARY, *LOOKS], 2 / 8),
    Example("bottom_funnel_share", "Five looks of eight; those of the date or before the window are none.",
            [*LIBRARY, *LOOKS, did(0, content_id="price"), did(91, content_id="price")], 5 / 8),
    Example("bottom_funnel_share", "No look: missing.", [did(5)], None),
    Example("pages_per_visit", "Four pages and two; other quantities are no pages.",
            [did(5, quantity=4), did(6, quantity=2), did(7, "product_use", quantity=99), did(0, quantity=50)], 3.0),
    Example("pages_per_visit", "Where pages are not counted: missing.", [did(5)], None),
    Example("seconds_per_visit", "A minute and half a minute; a meeting is no visit.",
            [did(5, seconds=60), did(6, seconds=30), did(7, "meeting", seconds=3600)], 45),
    Example("seconds_per_visit", "Where visits are not timed: missing.", [did(5)], None),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_depth(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
