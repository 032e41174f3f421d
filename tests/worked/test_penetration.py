"""Worked examples of the penetration features."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, did, person

EXAMPLES = (
    Example("contacts_known", "Who left is known no more; who leaves at the date is still there.",
            [person("ann"), person("bob", left_at=1), person("cy", left_at=0), person("dee", since=0)], 2),
    Example("key_contacts_known", "Only key people who are still there.",
            [person("ann", is_key=True), person("bob"), person("cy", is_key=True, left_at=9)], 1),
    Example("contacts_added", "The window's first day counts; who left meanwhile counts, too.",
            [person("ann", since=90, left_at=5), person("bob", since=91)], {90: 1}),
    Example("champions_known", "A champion who left is none.",
            [person("ann", buying_role="champion"), person("bob", buying_role="champion", left_at=9)], 1),
    Example("blockers_known", "Only blockers.", [person("ann", buying_role="blocker"), person("bob")], 1),
    Example("decision_makers_known", "Only decision makers.",
            [person("ann", buying_role="decision_maker"), person("bob", buying_role="user")], 1),
    Example("levels_known", "Two managers are one level; an unknown level is none.",
            [person("ann", seniority="manager"), person("bob", seniority="manager"),
             person("cy", seniority="vp"), person("dee"), person("eve", seniority="staff", left_at=9)], 2),
    Example("contacts_left", "Leaving counts from the next moment on, for half a year.",
            [person("ann", left_at=180), person("bob", left_at=181), person("cy", left_at=0)], {180: 1}),
    Example("contacts_left", "Whoever became known only after leaving leaves on the day of becoming known.",
            [person("ann", since=0, left_at=9), person("bob", since=5, left_at=9)], {180: 1}),
    Example("champions_left", "Only champions.",
            [person("ann", buying_role="champion", left_at=9), person("bob", left_at=9)], {180: 1}),
    Example("people_engaged", "Each person counts once, and only while still there.",
            [person("ann"), person("bob", left_at=1), did(5, by="ann"), did(6, by="ann"), did(7, by="bob"),
             did(45, by="cy"), did(8), did(200, by="dee")], {30: 1, 90: 2, 365: 3}),
    Example("key_people_engaged", "Only key people.",
            [person("ann", is_key=True), person("bob"), did(5, by="ann"), did(5, by="bob"),
             person("cy", is_key=True), did(45, by="cy")], {30: 1, 90: 2}),
    Example("key_people_engaged", "That somebody is a key person is known from when the contact was created.",
            [person("ann", since=0, is_key=True), did(5, by="ann")], {30: 0, 90: 0}),
    Example("levels_engaged", "Two managers are one level.",
            [person("ann", seniority="manager"), person("bob", seniority="manager"), person("cy", seniority="vp"),
             did(5, by="ann"), did(6, by="bob"), did(91, by="cy")], {90: 1}),
    Example("buying_roles_engaged", "Each role counts once.",
            [person("ann", buying_role="user"), person("bob", buying_role="champion"),
             did(5, by="ann"), did(6, by="bob"), did(7, by="bob")], {90: 2}),
    Example("decision_makers_engaged", "A sent e-mail engages nobody.",
            [person("ann", buying_role="decision_maker"), person("bob", buying_role="decision_maker"),
             did(5, by="ann"), did(6, "email_sent", by="bob")], {90: 1}),
    Example("champions_engaged", "Only champions.",
            [person("ann", buying_role="champion"), person("bob"), did(5, by="ann"), did(5, by="bob")], {90: 1}),
    Example("blockers_engaged", "Only blockers.",
            [person("ann", buying_role="blocker"), person("bob"), did(5, by="ann"), did(5, by="bob")], {90: 1}),
    Example("executives_engaged", "C level and vice presidents.",
            [person("ann", seniority="c_level"), person("bob", seniority="vp"), person("cy", seniority="director"),
             did(5, by="ann"), did(6, by="bob"), did(7, by="cy")], {90: 2}),
    Example("multi_threading", "It takes an answer and sales: a visit or a meeting without sales is none.",
            [did(5, "meeting", by="ann", side="sales"), did(6, "call", by="ann", side="sales"),
             did(7, "email_reply", by="bob", side="sales"), did(8, "meeting", by="cy"), did(9, by="dee", side="sales")],
            {90: 2}),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_penetration(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
