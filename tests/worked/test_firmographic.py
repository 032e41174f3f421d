"""Worked examples of the firmographic features."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, account, changed

EXAMPLES = (
    Example("industry", "As it was known on the date: the last change before it.",
            [account(industry="steel"), changed("industry", "glass", 9), changed("industry", "wood", 0)], "glass"),
    Example("industry", "A change counts from when it was known.",
            [account(industry="steel"), changed("industry", "glass", 9, known_at=0)], "steel"),
    Example("country", "As the source states it.", [account(country="NA")], "NA"),
    Example("tier", "As the source states it.", [account(tier="1")], "1"),
    Example("territory", "As the source states it.", [account(territory="north")], "north"),
    Example("territory", "Unknown: missing.", [account()], None),
    Example("employees", "The later of two changes holds.",
            [account(employees=10), changed("employees", "30", 9), changed("employees", "20", 20)], 30),
    Example("annual_revenue", "As the source states it.", [account(annual_revenue=5e6)], 5e6),
    Example("founded_year", "As the source states it.", [account(founded_year=1999)], 1999),
    Example("technologies", "Separated by a semicolon.", [account(technologies="crm;erp;shop")], 3),
    Example("has_parent", "Another account owns it.", [account(parent_account_id="holding")], 1),
    Example("has_parent", "Nobody owns it: 0, not missing.", [account()], 0),
    Example("in_program", "Inside from its first day until its last.",
            [account(in_program=False, program_from=100, program_to=0)], 1),
    Example("in_program", "It left yesterday.", [account(in_program=True, program_from=100, program_to=1)], 0),
    Example("in_program", "It enters on the date itself.", [account(in_program=True, program_from=0)], 0),
    Example("in_program", "Today's flag without a first day says nothing of the past.", [account(in_program=True)], 0),
    Example("days_in_program", "Since its first day.", [account(in_program=True, program_from=100)], 100),
    Example("days_in_program", "Outside: missing.", [account()], None),
    Example("days_known", "Since its creation.", [account(created_at=77)], 77),
    Example("completeness", "Two of the eight facts asked for; the territory is none of them.",
            [account(industry="steel", employees=10, territory="north")], 2 / 8),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_firmographic(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
