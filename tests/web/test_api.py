"""The API against its own description: whatever is asked, by whomever, is answered as the description says."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from abm_ml.web.api import described
from tests.web.company import EAST, WEST
from tests.web.conftest import ADDRESS, Page

SCHEMA = schemathesis.openapi.from_dict(described())
OPERATIONS = [each.ok() for each in SCHEMA.get_all_operations()]
ASKED = st.sampled_from(list(GenerationMode)).flatmap(
    lambda mode: st.tuples(*[operation.as_strategy(generation_mode=mode) for operation in OPERATIONS])
)


@pytest.mark.parametrize("role", ["anonymous", "west", "east", "manager", "admin"])
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases=ASKED)
def test_any_question_is_answered_as_described(page: Page, role: str, cases: tuple[Any, ...]) -> None:
    """No failure of the server, only documented codes, kinds and fields; right or wrong questions alike."""
    browser = page.browser() if role == "anonymous" else page.as_(role)
    for case in cases:
        asked = case.as_transport_kwargs(base_url=ADDRESS)
        known = {name: asked[name] for name in ("method", "url", "params") if name in asked}
        case.validate_response(browser.request(**known), checks=CHECKS)


CHECKS = [
    check
    for check in schemathesis.checks.CHECKS.get_all()
    if check.__name__
    in {"not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"}
]


def test_all_routes_of_item_eight_are_described() -> None:
    """What programs may rely on."""
    assert {operation.path for operation in OPERATIONS} == {
        "/api/accounts",
        "/api/accounts/{account_id}",
        "/api/accounts/{account_id}/reasons",
        "/api/accounts/{account_id}/history",
        "/api/program/kpis",
        "/healthz",
    }
    assert len(CHECKS) == 4


def test_the_api_says_what_the_page_says(page: Page) -> None:
    """An account's score, its reasons and its history, each marked with the run it comes from."""
    browser = page.as_("west")
    one = browser.get(f"/api/accounts/{WEST}").json()
    reasons = browser.get(f"/api/accounts/{WEST}/reasons").json()
    history = browser.get(f"/api/accounts/{WEST}/history").json()
    (score,) = one["account"]["scores"]
    added = score["base_probability"] + sum(reason["points"] for reason in reasons["reasons"])
    assert added == pytest.approx(score["probability"], abs=1e-9)
    assert history["history"][-1]["probability"] == score["probability"]
    assert one["run_id"] == reasons["run_id"] == history["run_id"] == page.app.state.desk.current.store.run.run_id


def test_lists_are_filtered_sorted_and_cut_into_pages(page: Page) -> None:
    """Filters narrow, values of one filter are alternatives, missing values come last, and no page is skipped."""

    def asked(**question: Any) -> list[str]:
        found = page.as_("manager").get("/api/accounts", params=question).json()
        return [account["account_id"] for account in found["accounts"]]

    assert asked(owner=["S1", "S2"], lifecycle="client") == ["E2", "W2"]
    assert asked(grade="A", sort="name", order="asc") == ["N1", "E2"]
    assert asked(agreement="agree", owner="S2") == ["E2"]
    assert asked(search="SECRET zephyr") == [EAST]
    assert asked(sort="win", lifecycle="prospect") == ["N1", EAST, "W/3 ü?&", WEST]
    assert asked(sort="expected_value")[-1] == "W2" == asked(sort="expected_value", order="asc")[-1]
    assert [asked(size=2, page=number) for number in (1, 2, 3, 4)] == [
        ["N1", "E2"],
        [EAST, "W/3 ü?&"],
        [WEST, "W2"],
        [],
    ]
