"""Worked examples of the pipeline features."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, deal, entered, repriced

# The funnel: 1 awareness, 2 consideration, 3 evaluation, 4 decision.
EXAMPLES = (
    Example("stage", "The stage entered last, also when it is an earlier one.",
            [entered(90, "evaluation"), entered(20, "consideration"), entered(0, "decision")], 2),
    Example("stage", "Of one moment the highest counts; stages outside the funnel do not.",
            [entered(20, "decision"), entered(20, "awareness"), entered(5, "parked")], 4),
    Example("days_in_stage", "Since it was entered.", [entered(90, "awareness"), entered(20, "decision")], 20),
    Example("stage_moves", "Forward and back alike.",
            [entered(10, "awareness"), entered(30, "evaluation"), entered(90, "awareness"), entered(365, "decision")],
            {30: 2, 90: 3, 365: 4}),
    Example("moves_forward", "Against the stage before, which may lie before the window; the first stage is no move.",
            [entered(200, "awareness"), entered(80, "evaluation"), entered(20, "awareness")], {90: 1}),
    Example("moves_back", "Against the stage before.",
            [entered(400, "decision"), entered(300, "evaluation"), entered(20, "decision")], {365: 1}),
    Example("stages_skipped", "From the first to the third is a skip, to the next is none.",
            [entered(90, "awareness"), entered(60, "evaluation"), entered(20, "decision")], 1),
    Example("stages_seen", "Each stage counts once.",
            [entered(90, "awareness"), entered(60, "decision"), entered(20, "awareness")], 2),
    Example("days_in_stage_before", "Between the last two entries.",
            [entered(200, "awareness"), entered(90, "evaluation"), entered(20, "decision")], 70),
    Example("open_deals", "A deal that closes on the date is still open, one that opens is not yet there.",
            [deal("a", 50), deal("b", 50, 0, "won"), deal("c", 50, 1, "lost"), deal("d", 0)], 2),
    Example("open_amount", "As known on the date; a dollar of 200 days ago was worth half a euro.",
            [deal("a", 50, amount=100), repriced("a", 120, 9), repriced("a", 999, 0),
             deal("b", 200, amount=10, currency="USD"), deal("c", 50, 1, "won", amount=1000)], 125),
    Example("open_amount", "The rate is that of the opening: 0.80 since 100 days.",
            [deal("b", 100, amount=10, currency="USD")], 8),
    Example("open_expansion_deals", "Upsell and cross-sell.",
            [deal("a", 50, kind="upsell"), deal("b", 50, kind="cross_sell"), deal("c", 50), deal("d", 50,
             kind="renewal")],
            2),
    Example("days_since_open_deal", "The newest open one.",
            [deal("a", 50), deal("b", 30), deal("c", 9, 1, "lost")], 30),
    Example("days_since_first_contact", "Known from the contact on.",
            [deal("a", 50, first_contact_at=40), deal("b", 50, first_contact_at=0)], 40),
    Example("days_to_open", "Of the newest open deal.",
            [deal("a", 50, first_contact_at=60), deal("b", 90, first_contact_at=190), deal("c", 9, 5, "won")], 10),
    Example("deals_opened", "Open or closed.", [deal("a", 50), deal("b", 90, 80, "lost"), deal("c", 365)],
            {90: 2, 365: 3}),
    Example("recent_wins", "The close counts, not the opening.",
            [deal("a", 300, 180, "won"), deal("b", 300, 181, "won")],
            {180: 1}),
    Example("recent_losses", "The close counts, not the opening.",
            [deal("a", 300, 5, "lost"), deal("b", 300, 0, "lost"), deal("c", 300, 5, "won")], {180: 1}),
    Example("past_wins", "All so far.",
            [deal("a", 400, 300, "won"), deal("b", 90, 5, "won"), deal("c", 90, 0, "won")], 2),
    Example("past_losses", "All so far.", [deal("a", 400, 300, "lost"), deal("b", 90, 5, "won")], 1),
    Example("amount_won", "In euros at the rate of the opening.",
            [deal("a", 400, 300, "won", amount=100), deal("b", 90, 5, "won", amount=10, currency="USD"),
             deal("c", 90, 5, "lost", amount=1000)], 108),
    Example("cycle_days_won", "From first contact to close; without one from the opening.",
            [deal("a", 60, 10, "won", first_contact_at=70), deal("b", 60, 20, "won")], 60 + 40),
    Example("cycle_days_won", "A first contact after the close is none.",
            [deal("a", 60, 10, "won", first_contact_at=-5)], 50),
    Example("days_since_win", "The last one.", [deal("a", 300, 200, "won"), deal("b", 90, 5, "won")], 5),
    Example("days_since_loss", "None yet: missing.", [deal("a", 300, 200, "won"), deal("b", 90, 0, "lost")], None),
    Example("days_since_loss", "The last one.", [deal("a", 300, 200, "lost"), deal("b", 90, 7, "lost")], 7),
    Example("amount_changes", "Of the open deal; that of the date is not yet known, a closed deal's is past.",
            [deal("a", 50, amount=100), repriced("a", 150, 20), repriced("a", 120, 9), repriced("a", 999, 0),
             deal("b", 50, 5, "won", amount=10), repriced("b", 20, 9)], 2),
    Example("amount_changes", "A closing of the date is not yet known.",
            [deal("a", 50, 0, "won", amount=100), repriced("a", 150, 20)], 1),
    Example("amount_growth", "120 instead of 100; a change that is told on the date is not yet one.",
            [deal("a", 50, amount=100), repriced("a", 150, 20), repriced("a", 120, 9), repriced("a", 999, 5,
             known_at=0)],
            1.2),
    Example("amount_growth", "Never changed: missing.", [deal("a", 50, amount=100)], None),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_pipeline(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
