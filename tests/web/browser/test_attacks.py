"""Attacks that only a browser can suffer: texts that are scripts (S07 to S09), and forms of other sites (S10)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from abm_ml.web.records import Viewer
from tests.web.browser.conftest import ADMIN, Site, served

BIDI = "Acme\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe"
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><svg onload=alert(1)>",
    "{{7*7}}${7*7}",
    "';alert(1)//",
    BIDI,
)
ACCOUNT = "A000002"
# Every text that comes from a company's data, its configuration or its models.
TEXTS = {
    "models": ("question", "yes", "no", "model", "card"),
    "accounts": ("name", "domain", "industry", "country", "tier", "seller_name", "territory", "stage", "first_reason"),
    "scores": ("model", "rule_level", "first_reason"),
    "reasons": ("feature", "text"),
    "changes": ("text",),
    "what_if": ("scenario", "text"),
    "history": ("model",),
    "kpi_definitions": ("title", "definition", "formula", "example", "reference"),
    "timeline": ("kind", "channel", "side", "role", "seniority", "detail"),
    "buying_group": ("role", "seniority"),
    "deals": ("opportunity_id", "kind", "stage"),
    "sellers": ("name",),
}
PAGES = (
    *("/accounts", "/accounts?sort=change", f"/accounts/{ACCOUNT}", "/program"),
    *("/models", "/models/win", "/models/progression", "/models/churn", "/admin/users"),
)
# Where an address itself comes back on the page.
ECHOES = ("/accounts?search={}", "/accounts?industry={}", "/accounts?sort={}", "/accounts/{}", "/models/{}", "/{}")
INJECTED = "script:not([src]), img, [onerror], [onload], a[href^='javascript'], a[href^='data'], iframe, object"
FOREIGN = ("http://127.0.0.1:5999", "http://localhost:5999", "http://evil.example")
ENCODINGS = ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data")


def spoil(path: Path) -> None:
    """Puts one of the scripts before every text of a run."""
    scripts = cycle(SCRIPTS)
    with closing(sqlite3.connect(path)) as file, file:
        file.create_function("script", 0, lambda: next(scripts))
        for table, columns in TEXTS.items():
            for column in columns:
                file.execute(f"update {table} set {column} = script() || coalesce({column}, '')")  # noqa: S608  names of ours
        file.execute("update accounts set website = 'javascript:alert(1)'")
        file.execute("update accounts set website = 'data:text/html,x' where employees % 2")


@pytest.fixture(scope="module")
def spoilt(browser: Browser, publish: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page of a company whose every text is a script, and so are a user and what was noted."""
    workspace = tmp_path_factory.mktemp("spoilt")
    publish(workspace, after=spoil)
    with served(workspace, browser) as site:
        site.app.state.desk.users.add(Viewer(name=SCRIPTS[0], role="manager", territories=SCRIPTS[:5]))
        yield site


def noted(page: Page, because: str) -> None:
    """Notes something about an account."""
    page.goto(f"/accounts/{ACCOUNT}")
    page.locator("[name=verdict][value=agree]").check()
    page.locator("[name=because]").fill(because)
    page.locator("form.feedback button").click()
    expect(page.locator(".notes li").first).to_be_visible()


def test_S07_scripts_are_shown_as_text(spoilt: Site) -> None:
    """On every page, in its title, tooltips and pictures: no dialog, no breach of the policy, no element of theirs."""
    page = spoilt.signed_in(ADMIN)
    noted(page, " ".join(SCRIPTS))
    for address in PAGES:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        text = page.locator("main").inner_text()
        assert any(script in text for script in SCRIPTS[:5]), address
        assert page.locator(INJECTED).count() == 0, address
    page.goto(f"/accounts/{ACCOUNT}")
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    text = page.locator("main").inner_text()
    assert [script for script in SCRIPTS[:5] if script not in text] == []
    assert any(script in page.title() for script in (*SCRIPTS[:5], "U+202E"))
    assert spoilt.troubles == []


def test_S07_an_address_comes_back_as_text(spoilt: Site) -> None:
    """What is searched for, and what does not exist, is said again as text, where it is said at all."""
    page = spoilt.signed_in()
    for echo in ECHOES:
        page.goto(echo.format(quote(" ".join(SCRIPTS), safe="")))
        assert page.locator(INJECTED).count() == 0, echo
    page.goto(f"/accounts?search={quote(SCRIPTS[0])}")
    expect(page.locator("[data-search]")).to_have_value(SCRIPTS[0])
    assert spoilt.troubles == []


def test_S08_an_address_that_is_a_script_is_no_link(spoilt: Site) -> None:
    """A website is linked only if it is http or https; it is shown in any case."""
    page = spoilt.signed_in(ADMIN)
    for account in (ACCOUNT, "A000003", "A000004", "A000005"):
        page.goto(f"/accounts/{account}")
        expect(page.locator("dl.facts")).to_contain_text("alert(1)")
        assert page.locator("dl.facts a").count() == 0


def test_S09_hidden_signs_are_seen(spoilt: Site) -> None:
    """A sign that turns the reading direction around is shown by its number, and turns nothing around."""
    page = spoilt.signed_in(ADMIN)
    page.goto("/accounts?size=100")
    expect(page.locator("tr.account .name .sign").first).to_have_text("U+202E")
    assert BIDI[4] not in page.locator("main").inner_text()


@pytest.mark.parametrize(
    ("foreign", "encoding"),
    [*((each, ENCODINGS[0]) for each in FOREIGN), *((FOREIGN[0], each) for each in ENCODINGS[1:])],
)
def test_S10_a_form_of_another_site_changes_nothing(site: Site, foreign: str, encoding: str) -> None:
    """Though it brings the right token, and from the same machine the cookie, too: its origin is another one."""
    page = site.signed_in()
    page.goto(f"/accounts/{ACCOUNT}")
    csrf = page.locator("form.feedback [name=csrf]").input_value()
    fields = {"csrf": csrf, "label": "win", "verdict": "agree"}
    for action in (f"/accounts/{ACCOUNT}/feedback", "/logout"):
        shown(page, foreign, form(site.address + action, fields, encoding))
        with page.expect_response(f"**{action}") as answer:
            page.locator("button").click()
        assert answer.value.status in (401, 403, 415)
    page.goto(f"/accounts/{ACCOUNT}")
    expect(page.locator("form.feedback")).to_be_visible()
    assert site.app.state.desk.notes.of(ACCOUNT) == ()


def test_S10_the_cookie_goes_along_from_the_same_machine(site: Site) -> None:
    """So it is the guard that refuses, not the browser; to and from another machine the cookie stays at home."""
    page = site.signed_in()
    went = {}
    for foreign in FOREIGN:
        shown(page, foreign, form(f"{site.address}/logout", {}, ENCODINGS[0]))
        with page.expect_request("**/logout") as request:
            page.locator("button").click()
        went[foreign] = "cookie" in request.value.all_headers()
    assert went == dict(zip(FOREIGN, (True, False, False), strict=True))


def test_another_site_cannot_show_the_page_in_a_frame(site: Site) -> None:
    """Nobody can be made to click on what is not seen."""
    page = site.signed_in()
    shown(page, FOREIGN[0], f"<iframe src='{site.address}/accounts'></iframe>")
    page.wait_for_load_state()
    assert page.frames[1].locator("tr.account").count() == 0
    site.troubles.clear()  # the browser says that it refused


def form(action: str, fields: dict[str, str], encoding: str) -> str:
    """A form that sends some fields."""
    inputs = "".join(f"<input name='{name}' value='{value}'>" for name, value in fields.items())
    return f"<form method=post action='{action}' enctype='{encoding}'>{inputs}<button>Win a prize</button></form>"


def shown(page: Page, origin: str, content: str) -> None:
    """Opens a page of another site."""

    def answer(route: Any) -> None:
        route.fulfill(body=content, content_type="text/html")

    page.unroute_all()
    page.route(f"{origin}/**", answer)
    page.goto(f"{origin}/")
