"""Every page, light and dark, by axe-core: WCAG 2.2 AA has no serious violation, folded parts included."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.browser.conftest import ADMIN, Site

AXE = (Path(__file__).parent / "axe.min.js").read_text("utf-8")
ALL = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}  # all that dark colours can do harm to
ACCOUNTS = ("/accounts/A000002", "/accounts/A000005")
PAGES = (
    *("/accounts", "/accounts?sort=change&tier=1&top=1", "/accounts?search=nobody", *ACCOUNTS),
    *("/program", "/models", "/models/win", "/password", "/admin/users", "/nothing"),
)
PHONE = {"width": 390, "height": 844}
ASK = """
rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(result =>
  result.violations.map(each => ({...each, nodes: each.nodes.map(node => node.html.slice(0, 120))})))
"""


def violations(page: Page, rules: Mapping[str, Any] = ALL) -> list[str]:
    """The serious and critical violations of a page, each with the first element that has it."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(ASK, rules)
    return [f"{each['id']}: {each['nodes'][0]}" for each in found if each["impact"] in ("serious", "critical")]


def test_a_serious_violation_is_found(site: Site) -> None:
    """A picture without a text, and grey on grey, do not pass."""
    page = site.window()
    page.goto("/login")
    page.evaluate("document.querySelector('h1').innerHTML += '<img src=icon.svg>'")
    page.evaluate("document.querySelector('h1').style.color = '#bbb'")
    assert [each.partition(":")[0] for each in violations(page)] == ["color-contrast", "image-alt"]
    site.troubles.clear()  # the picture is not there, and a style that is written in the page is refused


@pytest.mark.parametrize(("scheme", "rules"), [("light", ALL), ("dark", CONTRAST)])
def test_nothing_serious(site: Site, scheme: str, rules: Mapping[str, Any]) -> None:
    """Contrast, names, roles and labels hold on every page that is signed in to, and on the entrance."""
    entrance = site.window(color_scheme=scheme)
    entrance.goto("/login")
    found = {"/login": violations(entrance, rules)}
    page = site.signed_in(ADMIN, color_scheme=scheme)
    for address in PAGES:
        page.goto(address)
        found[address] = violations(page, rules)
    assert {address: each for address, each in found.items() if each} == {}


def test_nothing_serious_on_a_phone(site: Site) -> None:
    """The list becomes cards there, and stays a table to who listens to it."""
    page = site.signed_in(viewport=PHONE)
    found = {}
    for address in ("/accounts", ACCOUNTS[0]):
        page.goto(address)
        found[address] = violations(page)
    assert found == {"/accounts": [], ACCOUNTS[0]: []}
