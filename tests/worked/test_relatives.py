"""Worked examples of the features of relatives and of the seller's load."""

from __future__ import annotations

import pytest

from tests.worked.conftest import Score
from tests.worked.example import Example, account, changed, contract, deal, did

EXAMPLES = (
    Example("relatives_score", "The parent has 10 points, the sister 1; what is told on the date does not count.",
            [account(parent_account_id=1), did(5)], 11,
            others=[[did(5, "meeting")], [account(parent_account_id=1), did(6), did(7, "meeting", known_at=0)],
                    [did(5)]]),
    Example("relatives_score", "A parent that is no account of ours still has other daughters.",
            [account(parent_account_id="holding"), did(5)], 2,
            others=[[account(parent_account_id="holding"), did(5), did(6)]]),
    Example("relatives_score", "No relatives: 0.", [did(5, "meeting")], 0),
    Example("relatives_deals", "Open ones of the daughters, not its own.", [deal("a", 50)], 2,
            others=[[account(parent_account_id=0), deal("b", 50), deal("c", 50, 0, "won"), deal("d", 0)],
                    [account(parent_account_id=0), deal("e", 50, 9, "lost")]]),
    Example("relative_is_client", "The daughter has a running contract.", [], 1,
            others=[[account(parent_account_id=0), contract("b", 100, -265)]]),
    Example("relative_is_client", "Its own contract is not a relative's; the daughter's begins on the date.",
            [contract("a", 100, -265)], 0, others=[[account(parent_account_id=0), contract("b", 0, -365)]]),
    Example("seller_accounts", "Two are Eve's; the change of the date is not yet known.",
            [account(owner_id="eve"), changed("owner_id", "adam", 0)], 2,
            others=[[account(owner_id="adam"), changed("owner_id", "eve", 9)], [account(owner_id="adam")]]),
    Example("seller_accounts", "Nobody's: missing.", [account()], None),
    Example("seller_deals", "One of its own and two of the other account.", [account(owner_id="kim"), deal("a", 50)], 3,
            others=[[account(owner_id="kim"), deal("b", 50), deal("c", 50), deal("d", 0)],
                    [account(owner_id="lou"), deal("e", 50)]]),
    Example("seller_focus", "One of three.", [account(owner_id="pat"), deal("a", 50)], 1 / 3,
            others=[[account(owner_id="pat"), deal("b", 50), deal("c", 50)]]),
    Example("seller_focus", "The seller has no open deal: missing.", [account(owner_id="rob")], None),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.feature)
def test_relatives(example: Example, score: Score) -> None:
    """Each example's value follows from its rows."""
    assert score(example) == pytest.approx(example.columns), example.rule
