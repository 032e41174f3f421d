"""Feedback on the page: noted beside the score, shown to whom it concerns, kept through runs."""

from __future__ import annotations

import datetime as dt

import pytest

from abm_ml.publishing.feedback import read_feedback
from tests.web.company import AS_OF, WEST, publish
from tests.web.conftest import Page

FEEDBACK = f"/accounts/{WEST}/feedback"


def note(page: Page, name: str, **form: str) -> int:
    """The answer to a note by a user."""
    sent = {"label": "win", "verdict": "disagree", "because": "they merge", "estimate": "90", **form}
    return int(page.as_(name).post(FEEDBACK, data={**sent, "csrf": page.csrf(name)}).status_code)


def test_a_note_keeps_both_numbers_and_survives_the_next_run(fresh: Page) -> None:
    """The score as it was shown and the own estimate; a later run changes neither, nor does the note change a score."""
    assert note(fresh, "west") == 303
    publish(fresh.workspace, as_of=AS_OF + dt.timedelta(days=7), shift=0.05)
    fresh.app.state.desk.current.look()
    (said,) = read_feedback(fresh.workspace)
    assert (said.user, said.probability, said.estimate, said.as_of) == ("west", 0.1, 0.9, "2026-06-30")
    shown = fresh.as_("west").get(f"/api/accounts/{WEST}").json()["account"]["scores"][0]["probability"]
    assert shown == pytest.approx(0.15)


def test_a_seller_reads_the_own_notes_and_a_manager_all(fresh: Page) -> None:
    """What a manager wrote is not told to the seller."""
    note(fresh, "manager", because="a takeover is coming")
    note(fresh, "west")
    assert "a takeover is coming" not in fresh.as_("west").get(f"/accounts/{WEST}").text
    text = fresh.as_("manager").get(f"/accounts/{WEST}").text
    assert "a takeover is coming" in text
    assert "they merge" in text


@pytest.mark.parametrize(
    "form", [{"label": "churn"}, {"verdict": "maybe"}, {"estimate": "101"}, {"estimate": "nan"}, {"because": "x" * 501}]
)
def test_what_cannot_be_meant_is_refused(fresh: Page, form: dict[str, str]) -> None:
    """A score that the account does not have, a third verdict, no percentage, a long text: 400, and nothing is kept."""
    assert note(fresh, "west", **form) == 400
    assert read_feedback(fresh.workspace) == ()
