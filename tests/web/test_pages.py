"""The pages over a published run: each viewer's own accounts, what is asked for, and files that open safely."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

from tests.web.company import EAST, STRANGE, WEST
from tests.web.conftest import Page


def test_the_list_shows_what_its_address_asks(page: Page) -> None:
    """A filter in the address narrows the list, and its form shows that it does."""
    text = page.as_("west").get("/accounts", params={"lifecycle": "client"}).text
    assert "Banyan" in text
    assert "Acme" not in text
    assert 'value="client" checked' in text


def test_an_order_that_is_none_is_refused(page: Page) -> None:
    """An address that asks for an unknown order gets a clear page."""
    answer = page.as_("west").get("/accounts", params={"sort": "score;--"})
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_no_page_is_beyond_the_list(page: Page) -> None:
    """A page behind the last one is empty and leads back."""
    text = page.as_("west").get("/accounts", params={"page": "99999"}).text
    assert "No account matches." in text


def test_an_account_with_a_strange_id_has_a_page(page: Page) -> None:
    """Slashes, spaces and signs in an id are part of it, from the link on the list on."""
    browser = page.as_("west")
    address = f"/accounts/{quote(STRANGE, safe='')}"
    assert f'href="{address}"' in browser.get("/accounts").text
    assert browser.get(address).status_code == 200


def test_a_relative_of_others_is_not_named(page: Page) -> None:
    """A subsidiary in another territory does not stand on the parent's page; a manager sees it."""
    assert "Zephyr" not in page.as_("west").get(f"/accounts/{WEST}").text
    assert "Zephyr" in page.as_("manager").get(f"/accounts/{WEST}").text
    assert page.as_("west").get(f"/accounts/{EAST}").status_code == 404


def test_the_export_is_what_is_seen(page: Page) -> None:
    """The file holds the rows of the list and no others, and is saved, not shown."""
    answer = page.as_("west").get("/accounts/export.csv", params={"lifecycle": "prospect"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert sorted(row["account_id"] for row in rows) == sorted([WEST, STRANGE])
    assert answer.headers["content-disposition"] == 'attachment; filename="accounts-2026-06-30.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_excel_is_saved_too(page: Page) -> None:
    """The same as a workbook; other kinds there are none."""
    assert page.as_("west").get("/accounts/export.xlsx").content.startswith(b"PK")
    assert page.as_("west").get("/accounts/export.html").status_code == 404


def test_program_and_models_open(page: Page) -> None:
    """Every viewer may read how the program and the models do."""
    browser = page.as_("west")
    assert browser.get("/program").status_code == browser.get("/models").status_code == 200
    assert browser.get("/models/win").status_code == 200
    assert browser.get("/models/unknown").status_code == 404
