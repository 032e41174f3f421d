"""Worked examples of the features of people: who came, and who is known."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, did, person

EXAMPLES = (
    Example("people_first_engaged", "Each person once, with the first engagement worth points.",
            [did(100, by="ann"), did(5, by="ann"), did(45, by="bob"), did(5, "email_sent", by="cy"), did(5, by="dee"),
             did(4, by="dee"), did(3)], {30: 1, 90: 2}),
    Example("people_first_engaged", "An older engagement that is told later does not undo it; of the date is no day.",
            [did(10, by="ann"), did(200, by="ann", known_at=2), did(0, by="bob"), did(5, by="cy", known_at=0)],
            {30: 1, 90: 1}),
    Example("people_returned", "After 91 days of silence, not after 90, and not for the first time.",
            [did(96, by="ann"), did(5, by="ann"), did(95, by="bob"), did(5, by="bob"), did(5, by="cy")], {30: 1}),
    Example("people_returned", "As known when they came: what is told later does not undo it.",
            [did(100, by="ann"), did(5, by="ann"), did(50, by="ann", known_at=2)], {30: 1}),
    Example("buying_roles_known", "Each role once, without those who left.",
            [person("ann", buying_role="champion"), person("bob", buying_role="champion"),
             person("cy", buying_role="user"), person("dee", buying_role="blocker", left_at=9), person("eve")], 2),
    Example("seniority_known", "Of one of two; who left, or is known only on the date, does not count.",
            [person("ann", seniority="vp"), person("bob"), person("cy", seniority="vp", left_at=9),
             person("dee", 0, seniority="vp")], 0.5),
    Example("seniority_known", "Nobody known: missing.", [], None),
    Example("buying_role_known", "Of one of four.",
            [person("ann", buying_role="user"), *(person(name) for name in ("bob", "cy", "dee"))], 0.25),
    Example("known_people_share", "Ann is known, Bob only on the date, and the other two visits were nobody's.",
            [person("ann"), person("bob", 0), did(5, by="ann"), did(6, by="bob"), did(7), did(8)], 0.25),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_people(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
