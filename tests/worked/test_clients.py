"""Worked examples of the features of clients."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, contract, did, order, survey

EXAMPLES = (
    Example("contracts_signed", "A contract counts from the moment after its start.",
            [contract("a", 800, 435), contract("b", 435, 70), contract("c", 0, -365)], 2),
    Example("days_as_client", "Since the first contract.", [contract("a", 800, 435), contract("b", 435, 70)], 800),
    Example("contract_age", "Since the newest contract.", [contract("a", 800, 435), contract("b", 435, 70)], 435),
    Example("days_to_renewal", "The last end counts.", [contract("a", 300, -65), contract("b", 90, -10)], 65),
    Example("days_to_renewal", "Below 0 where it has ended.", [contract("a", 400, 35)], -35),
    Example("days_to_renewal", "A cancelled contract has no renewal; that of the date is not yet known.",
            [contract("a", 300, -65, cancelled_at=9), contract("b", 300, -30, cancelled_at=0)], 30),
    Example("contract_value", "1,000 over two years is 500 a year; the newest contract counts.",
            [contract("a", 800, 435, 9999), contract("b", 100, 100 - 730.5, 1000)], 500),
    Example("running_value", "Both running contracts count, the one that has ended does not.",
            [contract("a", 100, 100 - 730.5, 1000), contract("b", 100, 100 - 730.5, 200),
             contract("c", 800, 435, 9999)], 600),
    Example("contract_term", "In years of 365.25 days.", [contract("a", 100, 100 - 730.5)], 2),
    Example("contracts_cancelled", "Known from the cancellation on.",
            [contract("a", 300, -65, cancelled_at=9), contract("b", 300, -65, cancelled_at=0)], 1),
    Example("orders_placed", "Credit notes do not count.",
            [order(0), order(30), order(90), order(180), order(365), order(5, -100, "credit")],
            {30: 1, 90: 2, 180: 3, 365: 4}),
    Example("order_amount", "Less credit notes, each at the rate of its day.",
            [order(9, 100), order(8, -30, "credit"), order(100, 10, currency="USD"), order(101, 10, currency="USD")],
            {90: 70, 180: 83, 365: 83}),
    Example("orders_decayed", "An order of 60 days ago is worth half, of 120 days a quarter.",
            [order(60), order(120), order(60, -1, "credit")], {730: 0.75}),
    Example("order_months", "Two orders of June and one of May are two months.",
            [order("2026-06-01"), order("2026-06-30"), order("2026-05-31"), order("2026-04-30", -1, "credit")],
            {180: 2, 365: 2}),
    Example("order_days", "Two orders of one day are one day.",
            [order("2026-06-30T08:00"), order("2026-06-30T09:00"), order("2026-06-29")], {365: 2}),
    Example("days_since_order", "A credit note is no order.", [order(40), order(9), order(2, -1, "credit")], 9),
    Example("days_since_first_order", "A credit note is no order.", [order(40), order(9), order(50, -1, "credit")], 40),
    Example("orders_ever", "However long ago.", [order(2000), order(9), order(8, -1, "credit")], 2),
    Example("order_span", "From first to last, whatever lies between.",
            [order(100), order(40), order(10), order(200, -1, "credit")], 90),
    Example("order_span", "An order that became known only at the date makes no gap.",
            [order(100), order(40, known_at=0), order(30)], 70),
    Example("last_order_gap", "Between the last two orders.", [order(100), order(40), order(10)], 30),
    Example("last_order_gap", "One order: missing.", [order(100), order(50, -1, "credit")], None),
    Example("last_order_amount", "In euros at the rate of its day.",
            [order(40, 500), order(9, 10, currency="USD"), order(2, -1, "credit")], 8),
    Example("credit_notes", "Only credit notes.",
            [order(9, -1, "credit"), order(9), order(366, -1, "credit")], {365: 1}),
    Example("product_use", "The log's own quantity adds up.",
            [did(5, "product_use", quantity=4), did(45, "product_use", quantity=2),
             did(100, "product_use", quantity=1), did(5, quantity=99)], {30: 4, 90: 6, 180: 7}),
    Example("product_use_days", "Twice on a day is one day.",
            [did(5, "product_use"), did(4.5, "product_use"), did(45, "product_use"), did(6)], {30: 1, 90: 2}),
    Example("days_since_use", "Only use counts.", [did(9, "product_use"), did(2)], {365: 9}),
    Example("support_tickets", "Only tickets count.",
            [did(5, "support_ticket"), did(45, "support_ticket"), did(100, "support_ticket"), did(5)],
            {30: 1, 90: 2, 365: 3}),
    Example("nps_score", "The last survey sent that has an answer; the answer of the date is not yet known.",
            [survey(90, "nps", 80, 6), survey(40, "nps", 30, 9), survey(20, "nps", 0, 1), survey(10), survey(5,
             "csat", 4, 2)],
            {730: 9}),
    Example("csat_score", "Only satisfaction surveys.",
            [survey(40, "csat", 30, 4), survey(10, "nps", 9, 10)], {730: 4}),
    Example("surveys_sent", "Answered or not.", [survey(40), survey(10, "csat", 9, 4), survey(366)], {365: 2}),
    Example("surveys_answered", "Known from the answer on.",
            [survey(40, "nps", 1, 9), survey(40, "nps", 0, 9), survey(10)],
            {365: 1}),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_clients(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
