"""Worked examples of the features that are made of finished columns."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, account, deal, did, order, person

# `person`, `deal` and `order` rows also see to it that the tables are there at all.
EXAMPLES = (
    Example("engagement_trend", "2 points in 30 days against 3 in 90: twice the pace.",
            [did(5), did(6), did(60)], 2.0),
    Example("engagement_trend", "Nothing in 90 days: missing, not 0.", [did(100)], None),
    Example("engagement_momentum", "2 this week against 3 in the three weeks before.",
            [did(1), did(2), did(8), did(9), did(28)], 2.0),
    Example("engagement_momentum", "Nothing in the three weeks before: missing.", [did(1)], None),
    Example("recent_share", "10 of 40 points of the year.",
            [did(90, "meeting"), *(did(100 + day, "meeting") for day in range(3))], 0.25),
    Example("streak_weeks", "This week, the one before, but not the third.", [did(7), did(8), did(22)], 2),
    Example("streak_weeks", "Not this week: no streak.", [did(8), did(15), did(22)], 0),
    Example("streak_weeks", "At most four.", [did(1), did(8), did(15), did(22), did(29)], 4),
    Example("physical_share", "One call of four engagements.",
            [did(5, "call", channel="phone"), did(6), did(7), did(8)], 0.25),
    Example("click_share", "One click for two opens.",
            [did(5, "email_click"), did(6, "email_open"), did(7, "email_open")], 0.5),
    Example("click_share", "Nothing opened: missing.", [did(5, "email_click")], None),
    Example("penetration_rate", "One of two key people engaged.",
            [person("ann", is_key=True), person("bob", is_key=True), person("cy"), did(5, by="ann"), did(5,
             by="cy")], 0.5),
    Example("penetration_rate", "No key person known: missing.", [person("ann"), did(5, by="ann")], None),
    Example("engaged_share", "One of four people engaged.",
            [person("ann"), person("bob"), person("cy"), person("dee"), did(5, by="ann"), did(6, by="ann")], 0.25),
    Example("people_trend", "One of the two people of the quarter this month.",
            [did(5, by="ann"), did(45, by="bob")], 0.5),
    Example("company_age", "In 2026.", [account(founded_year=1999)], 27),
    Example("revenue_per_employee", "A million over ten.", [account(annual_revenue=1e6, employees=10)], 1e5),
    Example("revenue_per_employee", "Without employees: missing.", [account(annual_revenue=1e6, employees=0)], None),
    Example("past_win_rate", "One of four closed deals.",
            [deal("a", 90, 9, "won"), *(deal(name, 90, 9, "lost") for name in "bcd"), deal("e", 90)], 0.25),
    Example("past_win_rate", "None closed: missing.", [deal("a", 90)], None),
    Example("mean_cycle", "50 and 30 days.", [deal("a", 60, 10, "won"), deal("b", 60, 30, "won")], 40),
    Example("use_trend", "4 of 6 uses of 90 days fell into the last 30: twice the pace.",
            [did(5, "product_use", quantity=4), did(60, "product_use", quantity=2)], 2.0),
    Example("use_change", "3 in this quarter, 6 in the one before.",
            [did(5, "product_use", quantity=3), did(120, "product_use", quantity=6)], 0.5),
    Example("mean_order_gap", "90 days in two gaps.", [order(100), order(40), order(10)], 45),
    Example("mean_order_gap", "One order has no gap: missing.", [order(100)], None),
    Example("order_silence", "90 days of silence against a gap of 30.", [order(120), order(90)], 3.0),
    Example("order_trend", "One of two orders in the last quarter: twice the pace.", [order(5), order(200)], 2.0),
    Example("mean_order_amount", "90 over two orders; the credit note of 10 is deducted.",
            [order(5, 60), order(6, 40), order(7, -10, "credit")], 45),
    Example("tickets_per_use", "One ticket in four uses.",
            [did(5, "support_ticket"), did(6, "product_use", quantity=4)], 0.25),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_derived(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
