"""The guard: what is refused before any route is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from abm_ml.publishing.web_config import LimitsConfig, WebConfig
from tests.web.company import publish
from tests.web.conftest import Page, page_at, populate

HEADERS = [(b"host", b"page.example"), (b"origin", b"https://page.example")]
FORM = (b"content-type", b"application/x-www-form-urlencoded")


def scope(method: str, path: str, *more: tuple[bytes, bytes]) -> dict[str, Any]:
    """A request as a server hands it to the app."""
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "https",
        "headers": [*HEADERS, *more], "client": ("192.0.2.1", 5), "server": ("page.example", 443),
    }  # fmt: skip


def limited(tmp_path: Path, portal: BlockingPortal, **limits: Any) -> Page:
    """The page with some limits."""
    publish(tmp_path)
    config = WebConfig(hosts=("page.example",), limits=LimitsConfig(**limits))
    return populate(page_at(tmp_path, portal, config))


async def codes_of(page: Page, *requests: Any) -> list[int]:
    """The codes of requests that are asked at the same time, each a scope and how its body arrives."""

    async def one(asked: dict[str, Any], receive: Any) -> int:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await page.app(asked, receive, send)
        return int(sent[0]["status"])

    return list(await asyncio.gather(*[one(*request) for request in requests]))


async def never() -> Any:
    """A body that does not come."""
    await asyncio.Event().wait()


def test_F59_a_body_that_does_not_come_is_given_up(tmp_path: Path, portal: BlockingPortal) -> None:
    """After its time the request is answered with 408, so that it holds no place."""
    page = limited(tmp_path, portal, body_seconds=0.01)
    assert portal.call(codes_of, page, (scope("POST", "/login", FORM, (b"content-length", b"10")), never)) == [408]


def test_F59_more_requests_than_can_be_answered_are_shed(tmp_path: Path, portal: BlockingPortal) -> None:
    """Beyond so many at once the answer is 429 at once; those inside go on."""
    page = limited(tmp_path, portal, at_once=2, body_seconds=0.05)
    waiting = (scope("POST", "/login", FORM, (b"content-length", b"10")), never)
    assert sorted(portal.call(codes_of, page, waiting, waiting, waiting)) == [408, 408, 429]


def test_a_user_who_asks_too_much_waits(tmp_path: Path, portal: BlockingPortal) -> None:
    """429 with the seconds to wait, for this user only."""
    page = limited(tmp_path, portal, burst=2, per_second=0.1)
    answers = [page.as_("west").get("/api/accounts") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) in range(1, 12)
    assert page.as_("east").get("/api/accounts").status_code == 200


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"99999999999999", b"abc"])
def test_lengths_that_are_none_are_refused(page: Page, portal: BlockingPortal, length: bytes) -> None:
    """A content length is a number within the limit."""
    asked = scope("POST", "/login", FORM, (b"content-length", length))
    assert portal.call(codes_of, page, (asked, never)) == [413]


def test_two_hosts_are_none(page: Page, portal: BlockingPortal) -> None:
    """A request that names two hosts could mean either; it is refused."""
    assert portal.call(codes_of, page, (scope("GET", "/healthz", (b"host", b"page.example")), never)) == [400]


def test_a_head_request_has_the_headers_and_no_body(page: Page) -> None:
    """HEAD is GET without a body, on every route."""
    head, get = (page.as_("west").request(method, "/api/accounts") for method in ("HEAD", "GET"))
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", get.headers["content-type"])
