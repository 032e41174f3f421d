"""The entrance: signing in and out, and choosing a password."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from abm_ml.errors import ConfigError
from abm_ml.web.access import NOBODY, Desk, Known, Someone, address_of, desk_of, refuse_forged
from abm_ml.web.audit import Event, Line
from abm_ml.web.limits import Buckets
from abm_ml.web.problems import login_page
from abm_ml.web.rendering import render
from abm_ml.web.sessions import COOKIE
from abm_ml.web.texts import texts
from abm_ml.web.users import Admitted, folded

HOME = "/accounts"
_OWN_ADDRESS = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_LONGEST = 2000

router = APIRouter(include_in_schema=False)
Name = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]
Csrf = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class Attempts:
    """How often somebody may try a password: five times at once for a name from an address, thirty for an address.

    Only two passwords are checked at the same time, as each check is made to be slow.
    """

    of_name: Buckets = field(default_factory=lambda: Buckets(5, 1 / 60))
    of_address: Buckets = field(default_factory=lambda: Buckets(30, 1 / 10))
    at_once: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(2))

    def admitted(self, desk: Desk, name: str, password: str, address: str) -> Admitted | None:
        """Who gave the right password; raises HTTPException 429 after too many wrong ones."""
        name = folded(name)
        wait = self.of_address.take(address) or self.of_name.take((name, address))
        if wait:
            _note(desk, "sign_in_throttled", name, address)
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"retry-after": str(int(wait) + 1)})
        with self.at_once:
            found = desk.users.check(name, password)
        if found is None:
            _note(desk, "sign_in_failed", name, address)
            return None
        self.of_address.give_back(address)
        self.of_name.give_back((name, address))
        return found


@router.get("/")
def home() -> Response:
    """To the accounts."""
    return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)


@router.get("/login")
def login(request: Request, next: str = HOME) -> Response:  # noqa: A002  the form's own name for it
    """The page on which people sign in."""
    if desk_of(request).is_open:
        return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
    return login_page(request, onward=own_address(next))


@router.post("/login")
def sign_in(
    request: Request,
    username: Name,
    password: Password,
    next: Annotated[str, Form(max_length=_LONGEST)] = HOME,  # noqa: A002  the form's own name for it
) -> Response:
    """Opens a session for who gives the right password."""
    desk, address = desk_of(request), address_of(request)
    found = request.app.state.attempts.admitted(desk, username, password, address)
    if found is None:
        wrong = texts()["login"]["wrong"]
        return login_page(request, onward=own_address(next), error=wrong, status=HTTPStatus.UNAUTHORIZED)
    return begin(request, found, onward="/password" if found.first else own_address(next))


@router.post("/logout")
def sign_out(request: Request, known: Someone, csrf: Csrf = "") -> Response:
    """Ends the session."""
    refuse_forged(known, csrf)
    desk = desk_of(request)
    if known.token:
        desk.sessions.end(known.token)
        _note(desk, "signed_out", known.viewer.name, known.address)
    answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
    return answer


@router.get("/password")
def password_page(known: Someone) -> Response:
    """The page on which people choose a password."""
    _require_session(known)
    return _password_form(known)


@router.post("/password")
def choose_password(
    request: Request, known: Someone, new: Password, again: Password, current: Password = "", csrf: Csrf = ""
) -> Response:
    """Gives the user another password, ends all sessions under the old one, and opens a new one."""
    _require_session(known)
    refuse_forged(known, csrf)
    desk, name = desk_of(request), known.viewer.name
    if not known.first and request.app.state.attempts.admitted(desk, name, current, known.address) is None:
        return _password_form(known, texts()["password"]["wrong"])
    if new != again:
        return _password_form(known, texts()["password"]["differ"])
    try:
        desk.users.choose_password(name, new)
    except ConfigError as error:
        return _password_form(known, str(error))
    _note(desk, "password_changed", name, known.address)
    return begin(request, Admitted(name, first=False), onward=HOME)


def begin(request: Request, found: Admitted, *, onward: str) -> Response:
    """Opens a new session and goes on; one that the browser had before ends."""
    desk = desk_of(request)
    if before := request.cookies.get(COOKIE):
        desk.sessions.end(before)
    token = desk.sessions.begin(found.name, first=found.first)
    _note(desk, "signed_in", found.name, address_of(request))
    answer = RedirectResponse(onward, HTTPStatus.SEE_OTHER)
    answer.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="lax")
    return answer


def own_address(text: str) -> str:
    """An address of this page as it was asked for; anything that leads elsewhere becomes the home page."""
    return text if len(text) <= _LONGEST and _OWN_ADDRESS.fullmatch(text) else HOME


def _require_session(known: Known) -> None:
    """Only who has a session has a password here."""
    if known.viewer is NOBODY or known.token is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _password_form(known: Known, error: str | None = None) -> Response:
    page = render("password.html", error=error, csrf=known.csrf, first=known.first, name=known.viewer.name)
    return HTMLResponse(page, HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK)


def _note(desk: Desk, event: Event, who: str, address: str) -> None:
    desk.audit.note(Line(event=event, who=who, address=address))
