"""Readers while new runs are published: no request fails, and no answer speaks of two runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

from abm_ml.web.store import Store
from tests.web.company import AS_OF, WEST, publish
from tests.web.conftest import Page, page_at, populate
from tests.web.door import served

READERS, PUBLICATIONS = 20, 50
ADDRESSES = ("/accounts", f"/accounts/{WEST}", "/models", "/api/accounts", f"/api/accounts/{WEST}/history")
PATIENCE = 60.0  # seconds, for a machine with much else to do

Answers = list[tuple[str, int, str]]


def publish_next(page: Page, number: int) -> None:
    """Publishes a run with other probabilities and another date, and lets the page find it."""
    publish(page.workspace, as_of=AS_OF + dt.timedelta(days=number), shift=number / 500)
    page.app.state.desk.current.look()


@pytest.fixture
def whole(tmp_path: Path, portal: BlockingPortal) -> dict[str, set[str]]:
    """Every address as it is under each of the runs, read while nothing is published."""
    page = populate(page_at(tmp_path / "alone", portal))
    found: dict[str, set[str]] = {address: set() for address in ADDRESSES}
    for number in range(PUBLICATIONS + 1):
        publish_next(page, number)
        for address in ADDRESSES:
            found[address].add(page.as_("west").get(address).text.replace(page.csrf("west"), ""))
    return found


def read(page: Page, host: str, number: int, rounds: Barrier) -> Answers:
    """The answers to a reader who asks for one page in each round."""
    answers: Answers = []
    csrf, headers = page.csrf("west"), {"Cookie": f"__Host-abm={page.tokens['west']}"}
    with closing(HTTPConnection(host, timeout=PATIENCE)) as connection:
        for place in range(number, number + PUBLICATIONS):
            address = ADDRESSES[place % len(ADDRESSES)]
            rounds.wait(PATIENCE)
            connection.request("GET", address, headers=headers)
            answer = connection.getresponse()
            answers.append((address, answer.status, answer.read().decode().replace(csrf, "")))
    return answers


def answers_to_readers(page: Page) -> Iterator[tuple[str, int, str]]:
    """What twenty readers are answered, while a run is published in each of fifty rounds."""
    rounds = Barrier(READERS + 1)
    page.as_("west")
    with served(page.app) as host, ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read, page, host, number, rounds) for number in range(READERS)]
        for number in range(1, PUBLICATIONS + 1):
            rounds.wait(PATIENCE)
            publish_next(page, number)
        for reader in readers:
            yield from reader.result()


def test_F51_twenty_readers_during_fifty_publications(
    tmp_path: Path, portal: BlockingPortal, whole: dict[str, set[str]]
) -> None:
    """Each of a thousand answers is, sign for sign, the page of one run."""
    page = populate(page_at(tmp_path / "busy", portal))
    publish_next(page, 0)
    answers = list(answers_to_readers(page))
    assert {len(each) for each in whole.values()} == {PUBLICATIONS + 1}  # every run can be told from all others
    assert len(answers) == READERS * PUBLICATIONS
    assert {status for _, status, _ in answers} == {200}
    assert [address for address, _, text in answers if text not in whole[address]] == []
    assert len({text for address, _, text in answers if address == "/accounts"}) > PUBLICATIONS / 5


@pytest.mark.parametrize(
    ("address", "question"),
    [
        ("/accounts", "accounts"),
        (f"/accounts/{WEST}", "account"),
        ("/api/accounts", "accounts"),
        (f"/api/accounts/{WEST}/reasons", "reasons"),
    ],
)
def test_a_run_that_comes_in_the_middle_of_a_page_waits_for_the_next(
    fresh: Page, monkeypatch: pytest.MonkeyPatch, address: str, question: str
) -> None:
    """Whatever is published between two questions of one page, all of that page is of the run that it began with."""
    before = fresh.as_("manager").get(address)
    asked = getattr(Store, question)

    def interrupted(store: Store, *arguments: Any, **options: Any) -> Any:
        found = asked(store, *arguments, **options)
        publish_next(fresh, 1)
        return found

    monkeypatch.setattr(Store, question, interrupted)
    meanwhile = fresh.as_("manager").get(address)
    monkeypatch.undo()
    assert before.status_code == meanwhile.status_code == 200
    assert meanwhile.text == before.text
    assert fresh.as_("manager").get(address).text != before.text
