"""Attacks on the door: sessions, passwords, forms, headers, hosts and logs (codes of the checklist)."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from abm_ml.errors import ConfigError
from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.passwords import refuse_weak
from abm_ml.web.records import Viewer
from tests.web.company import EAST, WEST, publish
from tests.web.conftest import ADDRESS, PASSWORD, Page, page_at

FORM = {"label": "win", "verdict": "agree"}
PHRASE = "nine tired owls count wet maps while Zoë bakes plum cake near Łódź harbour, "
FEEDBACK = f"/accounts/{WEST}/feedback"


def test_S05_another_territory_counts_at_once(fresh: Page) -> None:
    """A session that is open sees the new accounts with its next request, and the old ones no more."""
    browser = fresh.as_("west")
    assert browser.get(f"/accounts/{WEST}").status_code == 200
    fresh.app.state.desk.users.place(Viewer(name="west", role="seller", territories=("East",)))
    assert browser.get(f"/accounts/{WEST}").status_code == 404
    assert browser.get(f"/accounts/{EAST}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://page.example.evil.example"},
        {"origin": ADDRESS, "content-type": "text/plain"},
        {"origin": ADDRESS, "content-type": "multipart/form-data; boundary=x"},
    ],
)
def test_S10_a_form_of_another_page_changes_nothing(page: Page, headers: dict[str, str]) -> None:
    """A foreign, null or missing origin, and a kind of body that other pages can send unasked, are refused."""
    answer = page.as_("west").post(FEEDBACK, content="label=win&verdict=agree", headers=headers)
    assert answer.status_code in (403, 415)


@pytest.mark.parametrize("token", ["", "x", "of another session"])
def test_S10_a_form_needs_the_token_of_its_session(page: Page, token: str) -> None:
    """Without it, or with that of another session, nothing is noted."""
    sent = page.csrf("east") if token.startswith("of another") else token
    before = page.app.state.desk.notes.of(WEST)
    assert page.as_("west").post(FEEDBACK, data={**FORM, "csrf": sent}).status_code == 403
    assert page.as_("west").post("/logout", data={"csrf": sent}).status_code == 403
    assert page.app.state.desk.notes.of(WEST) == before


def test_S10_asking_changes_nothing(page: Page) -> None:
    """What changes something is not answered to GET."""
    for path in (FEEDBACK, "/logout"):
        assert page.as_("west").get(path).status_code in (404, 405)


def test_S11_signing_in_gives_a_new_session(fresh: Page) -> None:
    """A cookie that somebody planted before does not become a session; the one before ends."""
    first = fresh.sign_in("west", PASSWORD).cookies["__Host-abm"]
    planted = fresh.browser("planted" * 8)
    answer = planted.post("/login", data={"username": "west", "password": PASSWORD})
    assert answer.cookies["__Host-abm"] not in (first, "planted" * 8)
    assert fresh.browser("planted" * 8).get("/accounts").status_code == 401
    fresh.browser(first).post("/login", data={"username": "west", "password": PASSWORD})
    assert fresh.browser(first).get("/accounts").status_code == 401


def test_S11_a_session_ends(fresh: Page) -> None:
    """By signing out, a new password, a shut door, half an hour of rest, or twelve hours."""
    desk = fresh.app.state.desk

    def out_after(act: object) -> int:
        token = desk.sessions.begin("west", first=False)
        assert fresh.browser(token).get("/api/accounts").status_code == 200
        csrf = desk.sessions.find(token).csrf
        assert callable(act)
        act(token, csrf)
        return fresh.browser(token).get("/api/accounts").status_code

    def rest(seconds: float) -> None:
        fresh.clock.now += seconds

    def work_all_day(token: str, _csrf: str) -> None:
        for _ in range(30):
            rest(24 * 60)
            fresh.browser(token).get("/healthz")
            desk.sessions.find(token)

    assert out_after(lambda token, csrf: fresh.browser(token).post("/logout", data={"csrf": csrf})) == 401
    assert out_after(lambda *_: desk.users.choose_password("west", PASSWORD + "!")) == 401
    assert out_after(lambda *_: rest(30 * 60)) == 401
    assert out_after(work_all_day) == 401
    assert out_after(lambda *_: desk.users.disable("west")) == 401
    assert fresh.sign_in("west", PASSWORD + "!").status_code == 401


def test_S11_changing_the_password_ends_all_other_sessions(fresh: Page) -> None:
    """Who changes it stays in, with a new session; a thief of the old one is out."""
    stolen = fresh.app.state.desk.sessions.begin("west", first=False)
    form = {"current": PASSWORD, "new": "quite another sentence", "again": "quite another sentence"}
    answer = fresh.as_("west").post("/password", data={**form, "csrf": fresh.csrf("west")})
    assert answer.status_code == 303
    assert fresh.browser(stolen).get("/accounts").status_code == 401
    assert fresh.browser(answer.cookies["__Host-abm"]).get("/accounts").status_code == 200


def test_S11_tokens_are_long_random_and_not_stored(fresh: Page) -> None:
    """256 bits each; the file holds their hashes only."""
    tokens = [fresh.app.state.desk.sessions.begin("west", first=False) for _ in range(3)]
    assert len(set(tokens)) == 3
    assert all(len(base64.urlsafe_b64decode(f"{token}=")) == 32 for token in tokens)
    stored = b"".join(path.read_bytes() for path in (fresh.workspace / "web").iterdir())
    assert [token for token in tokens if token.encode() in stored] == []
    assert PASSWORD.encode() not in stored


def test_S12_the_cookie_is_out_of_reach(page: Page) -> None:
    """Only this host, only https, no script, no foreign form: the flags and the prefix that enforces them."""
    cookie = page.sign_in("west", PASSWORD).headers["set-cookie"]
    assert cookie.startswith("__Host-abm=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain" not in cookie.lower()


def test_S13_guessing_is_slowed_for_the_guesser_only(fresh: Page) -> None:
    """After five wrong passwords that name waits at that address; another name there does not."""
    codes = [fresh.sign_in("west", f"wrong {n}").status_code for n in range(8)]
    assert codes == [401] * 5 + [429] * 3
    assert fresh.sign_in("west", PASSWORD).status_code == 429
    assert fresh.sign_in("east", PASSWORD).status_code == 303
    assert {line["event"] for line in fresh.audited()} >= {"sign_in_failed", "sign_in_throttled"}


def test_S13_one_address_cannot_try_many_names(fresh: Page) -> None:
    """Thirty wrong tries of any names, then the address waits."""
    codes = [fresh.sign_in(f"name {n}", "wrong").status_code for n in range(32)]
    assert codes == [401] * 30 + [429] * 2


def test_S13_nobody_learns_who_has_an_account(fresh: Page) -> None:
    """A wrong password, an unknown name and a user who is shut out get the same answer."""
    fresh.app.state.desk.users.disable("manager")
    answers = [
        fresh.sign_in(name, password) for name, password in (("west", "x"), ("nobody", "x"), ("manager", PASSWORD))
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({re.sub(r"[0-9a-f]{16}", "", answer.text) for answer in answers}) == 1


def test_S13_an_unknown_name_costs_a_hash_as_well(fresh: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of an answer says nothing either: a password is hashed in any case."""
    passwords, hashed = fresh.app.state.desk.users._passwords, []
    original = passwords._hasher.verify
    monkeypatch.setattr(
        type(passwords._hasher), "verify", lambda self, *given: hashed.append(given) or original(*given)
    )
    fresh.sign_in("nobody", "x")
    fresh.sign_in("west", "x")
    assert len(hashed) == 2


@pytest.mark.parametrize(
    "weak", ["password1234", "seven77", "aaaaaaaaaaaaaaaa", "qwertyuiop12", "west-west-west", "a" * 300]
)
def test_S13_weak_passwords_are_refused(weak: str) -> None:
    """Short ones, common ones, repetitions, and the name of the thing itself."""
    with pytest.raises(ConfigError, match="password"):
        refuse_weak(weak, "west")


@pytest.mark.parametrize(
    "good", ["four unlikely words walk", "Straße zum Glück im Regen", "犬が木に登り月を見る夜の歌", (PHRASE * 3)[:200]]
)
def test_S13_long_passwords_of_any_script_are_taken(fresh: Page, good: str) -> None:
    """Whatever it is made of, the very same signs open the door, and others do not."""
    fresh.app.state.desk.users.choose_password("west", good)
    assert fresh.sign_in("west", good).status_code == 303
    assert fresh.sign_in("west", good + " ").status_code == 401


def test_S14_nobody_is_a_user_from_the_start(tmp_path: Path, portal: BlockingPortal) -> None:
    """A new workspace has no user, and no name and password opens it."""
    publish(tmp_path)
    page = page_at(tmp_path, portal)
    assert page.app.state.desk.users.all() == ()
    for name in ("admin", "root", "demo"):
        assert page.sign_in(name, "password1234").status_code == 401


def test_S14_without_users_only_this_machine_is_answered(tmp_path: Path, portal: BlockingPortal) -> None:
    """A request from elsewhere, or through a proxy, has to sign in, which nobody can; the page says that it is open."""
    publish(tmp_path)
    page = page_at(tmp_path, portal)
    here, elsewhere = page.browser(address="127.0.0.1"), page.browser()
    shown = here.get("/accounts")
    assert (shown.status_code, "on this machine only" in shown.text) == (200, True)
    assert here.get("/accounts", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 401
    assert elsewhere.get("/accounts").status_code == 401


def test_S14_the_first_password_opens_once(fresh: Page) -> None:
    """It leads to the choice of an own password and to nothing else; after that use, or a week, it is worth nothing."""
    users = fresh.app.state.desk.users
    first = users.add(Viewer(name="new", role="manager"))
    answer = fresh.sign_in("new", first)
    assert answer.headers["location"] == "/password"
    assert fresh.sign_in("new", first).status_code == 401
    browser = fresh.browser(answer.cookies["__Host-abm"])
    assert browser.get("/accounts").headers["location"] == "/password"
    assert browser.get("/api/accounts").status_code == 403
    csrf = fresh.app.state.desk.sessions.find(answer.cookies["__Host-abm"]).csrf
    assert browser.post("/password", data={"new": "short", "again": "short", "csrf": csrf}).status_code == 400
    done = browser.post("/password", data={"new": PASSWORD, "again": PASSWORD, "csrf": csrf})
    assert fresh.browser(done.cookies["__Host-abm"]).get("/accounts").status_code == 200
    late = users.reset("new")
    fresh.clock.now += 7 * 86_400
    assert fresh.sign_in("new", late).status_code == 401


def test_S15_a_made_up_token_is_none(fresh: Page) -> None:
    """Tokens are looked up, not read: no algorithm, claim or key of a JWT means anything; old ones end."""
    part = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "../../x", "sub": "admin"}).encode()).decode()
    for token in (f"{part}.{part}.", f"{part}.{part}.{part}", "abm_", "abm_" + "A" * 43, "' or 1=1 --"):
        answer = fresh.browser().get("/api/accounts", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    token = fresh.app.state.desk.sessions.issue("west", days=1)
    assert fresh.browser().get("/api/accounts", headers={"authorization": f"Bearer {token}"}).json()["total"] == 3
    fresh.clock.now += 86_400
    assert fresh.browser().get("/api/accounts", headers={"authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("path", ["/login", "/accounts", "/nope", "/api/nope", "/static/page.css", "/healthz"])
def test_S25_every_answer_bears_the_safe_headers(page: Page, path: str) -> None:
    """Also errors: what may load, no guessing, no frames, little referrer; and pages are kept nowhere."""
    headers = page.as_("west").get(path).headers
    policy = headers["content-security-policy"]
    for rule in ("default-src 'self'", "script-src 'self'", "object-src 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert path.startswith("/static") or headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_S25_pages_hold_no_program_or_style_of_their_own(page: Page) -> None:
    """What the policy forbids is not there: no inline script, style or handler."""
    for path in ("/login", "/accounts", f"/accounts/{WEST}", "/program", "/models", "/models/win", "/nope"):
        text = page.as_("west").get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)


def test_S25_behind_https_browsers_are_told_to_stay_there(tmp_path: Path, portal: BlockingPortal) -> None:
    """HSTS where the page is reached by https, and not on a plain loopback."""
    publish(tmp_path)
    served = page_at(tmp_path, portal, WebConfig(public_url=ADDRESS))
    assert "max-age=31536000" in served.browser().get("/healthz").headers["strict-transport-security"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_S26_no_other_page_may_read_answers(page: Page, origin: str) -> None:
    """No answer allows another origin."""
    for method in ("GET", "OPTIONS"):
        headers = page.as_("west").request(method, "/api/accounts", headers={"origin": origin}).headers
        assert [name for name in headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    "host", ["evil.example", "page.example.evil.example", "", "page.example@evil.example", "127.0.0.2"]
)
def test_S27_other_hosts_are_not_answered(page: Page, host: str) -> None:
    """A name that is not ours, as a rebound DNS name would bring it."""
    assert page.as_("west").get("/accounts", headers={"host": host}).status_code == 400


def test_S28_a_failure_tells_nothing_of_the_inside(fresh: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody thought of is a page with the request's id: no path, statement or traceback."""

    def fails(*_: object) -> None:
        raise RuntimeError("secret /etc/abm select * from users")

    monkeypatch.setattr(type(fresh.app.state.desk.current.store), "accounts", fails)
    for path in ("/accounts", "/api/accounts"):
        answer = fresh.as_("west").get(path)
        assert answer.status_code == 500
        assert answer.headers["x-request-id"] in answer.text
        assert not re.search(r"secret|select|Traceback|\.py", answer.text)
        assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/docs", "/redoc", "/openapi.json", "/api/openapi.json", "/.git/config", "/debug", "/metrics", "/admin/users"],
)
def test_S29_nothing_of_the_inside_is_public(page: Page, path: str) -> None:
    """Descriptions, repositories and figures are not for who is not signed in."""
    assert page.browser().get(path).status_code in (401, 404)


def test_S30_a_name_begins_no_line_of_the_log(fresh: Page) -> None:
    """Line ends and colours of terminals in a name stand escaped within one line."""
    name = "mallory\r\n2026-06-30 ERROR all is lost \x1b[31m \u2028"
    before = len(fresh.audited())
    fresh.sign_in(name, "wrong")
    assert len(fresh.audited()) == before + 1
    raw = (fresh.workspace / "web" / "audit.log").read_bytes()
    assert b"\x1b" not in raw
    assert b"\r" not in raw
    assert raw.isascii()


def test_S33_the_audit_says_who_did_what_and_when_without_scores(fresh: Page) -> None:
    """Failed and open sign-ins, accounts that were opened and denied, exports and feedback; no number of a score."""
    fresh.sign_in("west", "wrong")
    fresh.sign_in("west", PASSWORD)
    browser = fresh.as_("west")
    browser.get(f"/accounts/{WEST}")
    browser.get(f"/accounts/{EAST}")
    browser.get("/accounts/export.csv")
    browser.post(FEEDBACK, data={**FORM, "csrf": fresh.csrf("west")})
    lines = fresh.audited()
    events = {"sign_in_failed", "signed_in", "account", "denied", "export", "feedback"}
    assert events <= {line["event"] for line in lines}
    assert {line["who"] for line in lines} == {"west"}
    assert all(line["at"].startswith("2026-07-01T00:00:00") for line in lines)
    assert not any("0.1" in line["about"] for line in lines)
