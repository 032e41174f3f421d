"""A seller's browser on this machine: Chromium, a small company with a page that is served, and people to sign in."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.app import create_app
from abm_ml.web.records import Viewer
from tests.studies.slices import EXPERIMENTS
from tests.web import door
from tests.web.conftest import PASSWORD, ROOMY, Clock, cheap

ACCOUNTS, SELLERS = 60, 2
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox",  # CI is root, and the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SELLER = Viewer(name="ada", role="seller", owners=("S000",))
ADMIN = Viewer(name="grace", role="admin")
# What a browser says when the page breaks its own policy; the page's listeners are told before its first script.
REPORTING = "addEventListener('securitypolicyviolation', event => console.error('policy: ' + event.violatedDirective))"


@dataclass
class Site:
    """A page that is served, and a way to look at it; what goes wrong in a browser is written down."""

    address: str
    app: FastAPI
    browser: Browser
    troubles: list[str] = field(default_factory=list)

    def window(self, **settings: Any) -> Page:
        """A window of a browser without any past."""
        context = self.browser.new_context(base_url=self.address, **settings)
        context.set_default_timeout(10_000)
        context.add_init_script(REPORTING)
        page = context.new_page()
        page.on("dialog", self._refuse)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self._note(page, message.type, message.text))
        return page

    def signed_in(self, viewer: Viewer = SELLER, **settings: Any) -> Page:
        """A window in which somebody has signed in."""
        page = self.window(**settings)
        page.goto("/login")
        sign_in(page, viewer.name, PASSWORD)
        page.wait_for_url("**/accounts")
        return page

    def _refuse(self, dialog: Any) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note(self, page: Page, kind: str, text: str) -> None:
        if kind == "error" and "the server responded with a status of 4" not in text:
            self.troubles.append(f"{page.url}: {text}")


def sign_in(page: Page, name: str, password: str) -> None:
    """Fills in the form on the page of the entrance, and sends it."""
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(password)
    page.locator("main button").click()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; it is closed with its module, as asyncio cannot be used beside Playwright in the same thread."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def publish() -> Iterator[Callable[..., str]]:
    """Publishes a made-up company of so many accounts; the benchmark of the page makes it, as large as is asked."""
    folder = EXPERIMENTS / "bench-page"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        made = importlib.import_module("made_company")
    yield lambda workspace, **more: made.publish(
        workspace, made.Company(accounts=ACCOUNTS, sellers=SELLERS, events=20), **more
    )
    for name in [name for name in sys.modules if name in {file.stem for file in folder.iterdir()}]:
        del sys.modules[name]


@contextmanager
def served(workspace: Path, browser: Browser) -> Iterator[Site]:
    """The page of a workspace with a seller and an administrator, on a port of its own; nothing may have gone wrong."""
    app = create_app(workspace, WebConfig(limits=ROOMY), clock=Clock(), passwords=cheap())
    for viewer in (SELLER, ADMIN):
        app.state.desk.users.add(viewer)
        app.state.desk.users.choose_password(viewer.name, PASSWORD)
    with door.served(app) as host:
        yield Site(f"http://{host}", app, browser)


@pytest.fixture(scope="module")
def kept(browser: Browser, publish: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page of the small company."""
    workspace = tmp_path_factory.mktemp("company")
    publish(workspace)
    with served(workspace, browser) as site:
        yield site


@pytest.fixture
def site(kept: Site) -> Iterator[Site]:
    """The page of the small company; after each test no script has failed, and no window asked for anything."""
    kept.troubles.clear()
    yield kept
    for context in kept.browser.contexts:
        context.close()
    assert kept.troubles == []
