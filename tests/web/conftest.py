"""What the tests of the page share: the page over a published run, and people in every role."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import argon2
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.testclient import TestClient

from abm_ml.publishing.web_config import LimitsConfig, WebConfig
from abm_ml.web.app import create_app
from abm_ml.web.passwords import Passwords
from abm_ml.web.records import Viewer
from tests.web.company import publish

ADDRESS = "https://page.example"
PASSWORD = "four unlikely words walk"  # noqa: S105  a password of test users
PEOPLE = (
    Viewer(name="west", role="seller", territories=("West",)),
    Viewer(name="east", role="seller", owners=("S2",)),
    Viewer(name="manager", role="manager"),
    Viewer(name="admin", role="admin"),
)
ROOMY = LimitsConfig(burst=100_000, accounts_burst=100_000)


@dataclass
class Clock:
    """A clock that stands until it is moved; at first half a day after the scoring date."""

    now: float = 1_782_864_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@dataclass
class Page:
    """The page of a workspace, and ways to come to it."""

    workspace: Path
    app: FastAPI
    clock: Clock
    portal: BlockingPortal
    tokens: dict[str, str] = field(default_factory=dict)

    def browser(self, cookie: str | None = None, *, address: str = "192.0.2.1") -> TestClient:
        """A browser somewhere, without a session or with some cookie for one."""
        headers = {"origin": ADDRESS}
        client = TestClient(
            self.app, base_url=ADDRESS, headers=headers, follow_redirects=False, client=(address, 50_000)
        )
        client.portal = self.portal  # one event loop for all requests: each would else start its own
        if cookie is not None:
            client.headers["cookie"] = f"__Host-abm={cookie}"
        return client

    def as_(self, name: str) -> TestClient:
        """A browser with an open session of a user; further sessions of the same user are the same one."""
        sessions = self.app.state.desk.sessions
        if name not in self.tokens or sessions.find(self.tokens[name]) is None:
            self.tokens[name] = sessions.begin(name, first=False)
        return self.browser(self.tokens[name])

    def csrf(self, name: str) -> str:
        """What the forms of a user's session hold."""
        self.as_(name)
        session = self.app.state.desk.sessions.find(self.tokens[name])
        return str(session.csrf)

    def sign_in(self, name: str, password: str, **more: Any) -> Any:
        """The answer to a name and a password."""
        return self.browser().post("/login", data={"username": name, "password": password}, **more)

    def audited(self) -> list[Mapping[str, str]]:
        """All lines of the audit."""
        lines = (self.workspace / "web" / "audit.log").read_text().splitlines()
        return [json.loads(line) for line in lines]


def cheap() -> Passwords:
    """Passwords that are hashed in no time."""
    return Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


HASHED = cheap().hash(PASSWORD)


def page_at(workspace: Path, portal: BlockingPortal, config: WebConfig | None = None) -> Page:
    """The page of a workspace with its own clock."""
    clock = Clock()
    app = create_app(
        workspace, config or WebConfig(hosts=("page.example",), limits=ROOMY), clock=clock, passwords=cheap()
    )
    return Page(workspace, app, clock, portal)


def populate(page: Page) -> Page:
    """Takes in people of every role, with passwords of their own."""
    users = page.app.state.desk.users
    for viewer in PEOPLE:
        users.add(viewer)
        users._database.write("update users set password = ?, first_until = null where name = ?", HASHED, viewer.name)
    return page


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """The event loop that answers all requests of the tests."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory, portal: BlockingPortal) -> Page:
    """The page over one run, with people in every role; for tests that leave it as it is."""
    workspace = tmp_path_factory.mktemp("page")
    publish(workspace)
    return populate(page_at(workspace, portal))


@pytest.fixture
def fresh(tmp_path: Path, portal: BlockingPortal) -> Page:
    """The same for tests that change it."""
    publish(tmp_path)
    return populate(page_at(tmp_path, portal))
