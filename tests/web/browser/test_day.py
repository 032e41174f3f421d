"""A seller's day in a browser: in with the first password, from the list to an account and its reasons, and out."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from abm_ml.web.records import Viewer
from abm_ml.web.texts import texts
from tests.web.browser.conftest import ACCOUNTS, SELLERS, Site, sign_in
from tests.web.conftest import PASSWORD

TEXTS = texts()
OWN = ACCOUNTS // SELLERS
PHONE = {"width": 390, "height": 844}
PAGES = ("/accounts", "/accounts?sort=change", "/accounts?search=nobody", "/accounts/A000002", "/program", "/models")
PAGES = (*PAGES, "/models/win", "/password", "/accounts/unknown")


def rows(page: Page) -> Locator:
    """The accounts in the list."""
    return page.locator("tr.account")


def an_account(page: Page, *, label: str = "win") -> str:
    """Opens the first account of the list that has a score of a label; returns its name."""
    link = page.locator(f"tr.account:has(td[data-head='{TEXTS['columns'][label]}'] .chance) .name a").first
    name = link.inner_text()
    link.click()
    return name


def shown_number(cell: Locator) -> Decimal:
    """The first number that is written in a cell."""
    text = cell.inner_text().replace("\N{MINUS SIGN}", "-")
    return Decimal(re.search(r"[-+]?\d+(\.\d+)?", text).group())


def test_first_password_opens_the_door_once(site: Site) -> None:
    """It lets in to choose an own one and to nothing else, and is of no use afterwards; the own one is."""
    first = site.app.state.desk.users.add(Viewer(name="new", role="seller", owners=("S001",)))
    page = site.window()
    page.goto("/accounts?tier=1")
    sign_in(page, "new", first)
    page.goto("/accounts")
    expect(rows(page)).to_have_count(0)
    page.goto("/password")
    page.locator("[name=new]").fill(PASSWORD)
    page.locator("[name=again]").fill(PASSWORD)
    page.locator("main button").click()
    expect(page).to_have_title(re.compile(TEXTS["list"]["title"]))
    for password, comes_in in ((first, False), (PASSWORD, True)):
        other = site.window()
        other.goto("/accounts?tier=1")
        sign_in(other, "new", password)
        expect(rows(other).first).to_be_visible() if comes_in else expect(other.get_by_role("alert")).to_be_visible()
        assert other.url.endswith("/accounts?tier=1") is comes_in


def test_list(site: Site) -> None:
    """Only the own accounts; search, filter, order and page stand in the address, and one can be taken back."""
    page = site.signed_in()
    count = page.locator(".tools [role=status]")
    expect(count).to_have_text(f"1 to 25 of {OWN}")
    page.locator("[rel=next]").click()
    expect(rows(page)).to_have_count(OWN - 25)
    page.locator("[data-search]").fill("a000004")
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1)
    assert page.url.endswith("/accounts?search=a000004&sort=expected_value")
    page.locator(".chips").get_by_text(TEXTS["list"]["reset"]).click()
    page.locator("details.more summary").click()
    page.get_by_role("group", name=TEXTS["filters"]["lifecycle"]).get_by_label(TEXTS["lifecycles"]["client"]).check()
    page.locator("details.more button").click()
    stages = page.locator(f"td[data-head='{TEXTS['columns']['stage']}'] > span")
    assert set(stages.all_inner_texts()) == {TEXTS["lifecycles"]["client"]}
    column = page.get_by_role("columnheader", name=TEXTS["columns"]["churn"])
    column.get_by_role("link").click()
    expect(column).to_have_attribute("aria-sort", "descending")
    said = [shown_number(cell) for cell in page.locator("td .chance b").all()]
    assert said == sorted(said, reverse=True)
    shared = site.signed_in()
    shared.goto(page.url)
    assert rows(shared).all_inner_texts() == rows(page).all_inner_texts()


def test_what_is_seen_is_what_is_exported(site: Site, tmp_path: Path) -> None:
    """Both files hold the accounts of the list as it is filtered, in its order, over all of its pages."""
    page = site.signed_in()
    page.goto("/accounts?lifecycle=target&lifecycle=client&sort=name")
    names = page.locator("tr.account .name a").all_inner_texts()
    files = {}
    for kind in ("csv", "xlsx"):
        with page.expect_download() as download:
            page.get_by_role("link", name=TEXTS["list"][kind]).click()
        download.value.save_as(tmp_path / f"list.{kind}")
        files[kind] = (tmp_path / f"list.{kind}").read_bytes()
    written = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig"))))
    assert 0 < len(names) < OWN
    assert [line["name"] for line in written] == names
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(files["xlsx"])).namelist()


def test_account(site: Site) -> None:
    """Reasons and parts of the change add up to what is shown; the scenarios say with and without; history is drawn."""
    page = site.signed_in()
    name = an_account(page)
    expect(page.locator("h1")).to_have_text(name)
    falls = page.locator("table.waterfall").all()
    assert len(falls) >= 2
    for fall in falls:
        start, *steps, end = [shown_number(cell) for cell in fall.locator("tr:not(.kind) td.number").all()]
        assert start + sum(steps) == end
    for scenario in page.locator("table.whatif tbody tr").all()[:2]:
        without, with_it, effect = [shown_number(cell) for cell in scenario.locator("td.number").all()]
        assert without + effect == with_it
    expect(page.get_by_text(TEXTS["account"]["outside"]).first).to_be_visible()
    expect(page.locator("section.panel svg[role=img]").first).to_be_visible()
    page.locator("[data-back]").click()
    expect(page.locator("h1")).to_have_text(TEXTS["list"]["title"])


def test_feedback(site: Site) -> None:
    """A note with an own estimate is kept and shown beside the score, which stays as it is."""
    page = site.signed_in()
    an_account(page)
    score = page.locator(".card .number").first.inner_text()
    page.get_by_label(TEXTS["feedback"]["disagree"]).check()
    page.locator("[name=because]").fill("Their budget is frozen <b>until</b> May")
    page.locator("[name=estimate]").fill("7")
    page.get_by_role("button", name=TEXTS["feedback"]["send"]).click()
    expect(page.get_by_text(TEXTS["site"]["noted"])).to_be_visible()
    note = page.locator(".notes li").first
    expect(note).to_contain_text("Their budget is frozen <b>until</b> May")
    expect(note).to_contain_text(TEXTS["feedback"]["own"].format(estimate="7%"))
    assert page.locator(".card .number").first.inner_text() == score


def test_log_out(site: Site) -> None:
    """After it, neither an address nor the way back shows an account."""
    page = site.signed_in()
    an_account(page)
    page.get_by_role("button", name=TEXTS["site"]["log_out"]).click()
    expect(page).to_have_title(re.compile(TEXTS["login"]["title"]))
    for step in (page.go_back, lambda: page.goto("/accounts")):
        step()
        expect(page.locator("[name=password]")).to_be_visible()
        expect(rows(page)).to_have_count(0)


def test_keyboard(site: Site) -> None:
    """The first tab leads over the menu; / searches, j and k go through the accounts, Enter opens; focus is seen."""
    page = site.signed_in()
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    expect(page.locator("a.skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("jk")
    expect(page.locator("[data-search]")).to_have_value("jk")
    page.locator("h1").click()
    links = page.locator("tr.account .name a")
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(links.nth(place)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    name = links.first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone(site: Site, scheme: str) -> None:
    """On a phone nothing leads out of the window to the side, folded parts opened, too."""
    page = site.signed_in(viewport=PHONE, color_scheme=scheme)
    wide = {}
    for address in PAGES:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        wide[address] = page.evaluate("document.documentElement.scrollWidth")
    assert {address: width for address, width in wide.items() if width > PHONE["width"]} == {}


def test_dark(site: Site) -> None:
    """Who likes it dark has light signs on a dark ground, others the reverse."""
    brightness = (
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    grounds = {}
    for scheme in ("light", "dark"):
        page = site.signed_in(color_scheme=scheme)
        grounds[scheme] = page.evaluate(brightness)
    assert grounds["dark"] < 150
    assert grounds["light"] > 600
