"""Attacks on data: other people's accounts, questions that would be code, paths, exports (codes of the checklist)."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from tests.web.company import EAST, HOSTILE, STRANGE, WEST
from tests.web.conftest import Page

SECRETS = ("Zephyr", "Yonder", "Bob Hidden", "industry of East", "S2", '"E2"', "Nowhere")
OF_AN_ACCOUNT = ("/accounts/{}", "/api/accounts/{}", "/api/accounts/{}/reasons", "/api/accounts/{}/history")


def without_id(text: str, account: str) -> str:
    """An answer without what differs between any two: its request's id, and the address that was asked for."""
    return re.sub(r"[0-9a-f]{16}", "", text).replace(account, "")


def without_chance(text: str) -> str:
    """A page without the random letters in its forms, in which any short secret may turn up."""
    return re.sub(r'name="csrf" value="[^"]+"', "", text)


@pytest.mark.parametrize("path", OF_AN_ACCOUNT)
def test_S01_a_foreign_account_is_like_an_unknown_one(page: Page, path: str) -> None:
    """Same code, same body, by every method; and the look at it is written down."""
    browser = page.as_("west")
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"):
        foreign, unknown = (browser.request(method, path.format(name)) for name in (EAST, "XX"))
        assert foreign.status_code == unknown.status_code
        assert foreign.status_code in (404, 405)
        assert without_id(foreign.text, EAST) == without_id(unknown.text, "XX")
    assert {"event": "denied", "who": "west", "about": f"GET {path.format(EAST)}"}.items() <= {
        key: line[key] for line in page.audited() if EAST in line["about"] for key in ("event", "who", "about")
    }.items()


@pytest.mark.parametrize(
    "question",
    [
        "/api/accounts?size=200",
        "/api/accounts?search=zephyr",
        "/api/accounts?owner=S2",
        "/api/accounts?industry=industry%20of%20East",
        "/api/accounts?sort=name&order=asc",
        "/api/accounts?page=2&size=1",
        "/accounts",
        "/accounts?search=zephyr",
        "/accounts?owner=S2",
        "/accounts/export.csv",
        f"/accounts/{WEST}",
        f"/api/accounts/{WEST}/reasons",
        "/api/program/kpis",
        "/program",
    ],
)
def test_S02_nothing_of_another_territory_is_in_lists(page: Page, question: str) -> None:
    """No row, count, name, choice of a filter or cut of another's accounts; a relative there is not mentioned."""
    answer = page.as_("west").get(question)
    assert answer.status_code == 200
    shown = without_chance(answer.text)
    assert [secret for secret in SECRETS if secret in shown and secret not in question] == []
    if "size=200" in question:
        assert answer.json()["total"] == 3


@pytest.mark.parametrize("question", ["ids=W1,E1", "territory=East", "role=admin", "user=east"])
def test_S02_questions_that_the_list_does_not_know_are_refused(page: Page, question: str) -> None:
    """A parameter that is not documented is no way around the territory."""
    assert page.as_("west").get(f"/api/accounts?{question}").status_code == 400


def test_S03_there_is_nothing_to_administer_for_sellers(page: Page) -> None:
    """Neither the users nor anything that would publish or change a score."""
    for name in ("west", "manager"):
        for path in ("/admin/users", "/admin", "/api/runs/x/publish", "/api/models/win/promote"):
            assert page.as_(name).get(path).status_code == 404
            assert page.as_(name).post(path).status_code in (404, 405)


def test_S04_who_one_is_cannot_be_said(page: Page) -> None:
    """Headers, parameters and bodies that claim a user or territory change nothing; an edited cookie is none."""
    claims = {"x-user": "admin", "x-territory": "East", "x-role": "admin", "x-forwarded-user": "admin"}
    plain, claimed = (page.as_("west").get("/api/accounts", headers=headers).json() for headers in ({}, claims))
    assert plain == claimed
    token = page.tokens["west"]
    assert page.browser(token[:-1] + ("A" if token[-1] != "A" else "B")).get("/accounts").status_code == 401
    body = json.dumps({"territory": "*", "owner": "*"})
    answer = page.as_("west").request(
        "GET", "/api/accounts", content=body, headers={"content-type": "application/json"}
    )
    assert answer.json() == plain


def test_S06_answers_hold_documented_fields_only(page: Page) -> None:
    """Every object of the OpenAPI document is closed, and nothing in it is personal or a raw feature."""
    document = page.as_("west").get("/api/openapi.json").json()
    objects = {name: each for name, each in document["components"]["schemas"].items() if each["type"] == "object"}
    assert [name for name, each in objects.items() if each.get("additionalProperties") is not False] == []
    fields = {field for each in objects.values() for field in each["properties"]}
    assert [field for field in fields if re.search("mail|phone|contact|hash|website|search", field)] == []


def test_S07_hostile_names_are_shown_as_text(page: Page) -> None:
    """No element of a name is one of the page, nothing in it is computed, on any page that shows it."""
    browser = page.as_("west")
    address = f"/accounts/{quote(STRANGE, safe='')}"
    for path in ("/accounts", address, "/accounts?search=%3Cscript%3Ealert(1)%3C/script%3E{{7*7}}", "/nope/<script>"):
        text = browser.get(path).text
        assert "<script>alert" not in text
        assert "49" not in re.sub(r"[0-9a-f]{12,}", "", text) or "{{7*7}}" in text
    assert "{{7*7}}" in browser.get(address).text


def test_S08_a_website_that_is_a_program_is_no_link(page: Page) -> None:
    """`javascript:` and `data:` never stand in an address."""
    assert not re.search(r"""(href|src)=["']?\s*(javascript|data):""", page.as_("west").get(f"/accounts/{WEST}").text)


def test_S09_signs_that_turn_text_around_are_shown(page: Page) -> None:
    """A name that would be read backwards is not written raw."""
    assert "\u202e" in HOSTILE
    assert "\u202e" not in page.as_("west").get("/accounts").text


@pytest.mark.parametrize(
    "question",
    [
        "/api/accounts?sort=score;--",
        "/api/accounts?sort=(select+1)",
        "/api/accounts?order=desc;drop+table+accounts",
        "/api/accounts?page=1;drop+table+accounts",
        "/api/accounts?size=1000000",
        "/api/accounts?page=0",
        "/api/accounts?search=" + "a" * 500,
        "/accounts?sort=score;--",
    ],
)
def test_S16_questions_out_of_the_list_are_refused(page: Page, question: str) -> None:
    """Orders come from a list of allowed ones, numbers are numbers within limits."""
    assert page.as_("west").get(question).status_code == 400


@pytest.mark.parametrize(
    "text", ["A1' or '1'='1", "1;drop table scores", "%", "_", "read_text('/etc/passwd')", "(a+)+$"]
)
def test_S16_texts_are_values_and_never_questions(page: Page, text: str) -> None:
    """SQL, patterns and wildcards in a search or an id find what holds these very signs: nothing here."""
    browser = page.as_("west")
    assert browser.get("/api/accounts", params={"search": text}).json()["total"] == 0
    assert browser.get("/api/accounts", params={"tier": text}).json()["total"] == 0
    assert browser.get(f"/api/accounts/{quote(text, safe='')}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e%2fapp.py",
        "/static/%252e%252e%252fapp.py",
        "/static//etc/passwd",
        "/static/page.css%00.js",
        "/accounts/export.../../etc/passwd",
        "/accounts/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/accounts/%00",
        "/accounts/export.csv?file=../../etc/passwd&x",
    ],
)
def test_S17_no_path_leads_to_a_file(page: Page, path: str) -> None:
    """What is served has a name in a list; a path in a name or parameter is no such name."""
    answer = page.as_("west").get(path)
    assert answer.status_code in (400, 404) or path.startswith("/accounts/export.csv")
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_S18_no_address_can_be_sent_in(page: Page) -> None:
    """No route has a parameter that is an address to be fetched; the way back after signing in stays here."""
    document = page.as_("admin").get("/api/openapi.json").text
    assert not re.search(r'"(url|uri|link|source|callback|webhook)"', document)
    for address in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb: c"):
        form = {"username": "west", "password": "four unlikely words walk", "next": address}
        assert page.browser().post("/login", data=form).headers["location"] == "/accounts"


def test_S19_no_file_can_be_sent_in(fresh: Page) -> None:
    """A multipart body, a long one and one of another kind are refused before any route reads them."""
    browser = fresh.as_("west")
    assert browser.post("/login", files={"file": ("a.csv", b"a,b")}).status_code == 415
    assert browser.post("/login", content=b"x", headers={"content-type": "text/csv"}).status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/login", content=b"a" * 70_000, headers=form).status_code == 413
    assert browser.post("/login", content=(b"a" * 9_000 for _ in range(9)), headers=form).status_code == 413


def test_S23_a_name_is_no_formula_in_an_export(page: Page) -> None:
    """A text that begins like a formula gets an apostrophe before it; numbers stay numbers."""
    text = page.as_("west").get("/accounts/export.csv").content.decode("utf-8-sig")
    assert not re.search(r'(^|,)"?[=+@]', text, re.MULTILINE)


def test_S24_an_export_is_a_file_and_nothing_to_open_here(page: Page) -> None:
    """It is an attachment with a harmless name and a kind that is not guessed."""
    headers = page.as_("west").get("/accounts/export.csv").headers
    assert re.fullmatch(r'attachment; filename="[\w.-]+\.csv"', headers["content-disposition"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"].startswith("text/csv; charset=utf-8")


def test_S34_reading_all_accounts_one_by_one_is_slowed_and_noticed(fresh: Page) -> None:
    """After so many accounts a user waits, another one does not, and the audit says who it was."""
    desk = fresh.app.state.desk
    desk.accounts._burst = 3
    codes = [fresh.as_("west").get(f"/api/accounts/{WEST}").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert fresh.as_("east").get(f"/api/accounts/{EAST}").status_code == 200
    assert [line["who"] for line in fresh.audited() if line["event"] == "scraping"] == ["west", "west"]


def test_S39_no_route_scores_what_it_is_given(page: Page) -> None:
    """Nothing takes features and answers a probability: the API only reads."""
    document = page.as_("admin").get("/api/openapi.json").json()
    assert {method for path in document["paths"].values() for method in path} == {"get"}
    for path in ("/api/score", "/api/predict", "/invocations"):
        assert page.as_("admin").post(path, json={"features": [1]}).status_code == 404
