"""What is answered when a request is refused or fails: a clear page or JSON, and never what happened inside."""

from __future__ import annotations

import logging
import sqlite3
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from abm_ml.errors import ConfigError, IntegrityError, NotReady, UnknownName
from abm_ml.web.access import OwnPasswordNeeded, SignInNeeded, address_of, desk_of
from abm_ml.web.audit import Line
from abm_ml.web.records import NotFound
from abm_ml.web.rendering import render
from abm_ml.web.texts import texts

_LOG = logging.getLogger(__name__)
_FOR_PROGRAMS = ("/api/", "/healthz")


def problem(request: Request, status: int, kind: str | None = None, advice: str | None = None) -> Response:
    """The answer to what cannot be done: a page for people, JSON for programs, both with the request's id.

    Its texts are those of its `kind`, usually its status.
    """
    known = texts()["problems"].get(kind or str(status)) or texts()["problems"]["other"]
    request_id = getattr(request.state, "request_id", "")
    title, advice = known["title"], advice or known["advice"]
    if request.url.path.startswith(_FOR_PROGRAMS):
        return JSONResponse({"title": title, "advice": advice, "request_id": request_id}, status)
    page = render("error.html", status=status, title=title, advice=advice, request_id=request_id)
    return HTMLResponse(page, status)


def login_page(request: Request, *, onward: str, error: str | None = None, status: int = 200) -> Response:
    """The page on which people sign in; `onward` is the address to go to afterwards."""
    oidc = desk_of(request).config.oidc is not None
    return HTMLResponse(render("login.html", next=onward, error=error, csrf="", oidc=oidc), status)


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    if status == HTTPStatus.FORBIDDEN:
        _note_denied(request)
    answer = problem(request, status)
    if isinstance(error, HTTPException):
        answer.headers.update(error.headers or {})
    return answer


async def _sign_in(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith(_FOR_PROGRAMS):
        answer = problem(request, HTTPStatus.UNAUTHORIZED)
        answer.headers["www-authenticate"] = "Bearer"
        return answer
    onward = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return login_page(request, onward=onward if request.method == "GET" else "/", status=HTTPStatus.UNAUTHORIZED)


async def _own_password(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(_FOR_PROGRAMS):
        return await _http(request, error)
    return RedirectResponse("/password", HTTPStatus.SEE_OTHER)


async def _unknown(request: Request, _error: Exception) -> Response:
    _note_denied(request)
    return problem(request, HTTPStatus.NOT_FOUND)


async def _invalid(request: Request, _error: Exception) -> Response:
    return problem(request, HTTPStatus.BAD_REQUEST)


async def _refused(request: Request, error: Exception) -> Response:
    return problem(request, HTTPStatus.BAD_REQUEST, advice=str(error))


async def _no_run(request: Request, error: Exception) -> Response:
    _LOG.warning("Request %s: %s", getattr(request.state, "request_id", ""), error)
    kind = "503" if isinstance(error, NotReady) else "unreadable"
    return problem(request, HTTPStatus.SERVICE_UNAVAILABLE, kind)


async def answer_by_status(request: Request, status: int) -> Response:
    """The answer to what the guard refuses."""
    return problem(request, status)


def _note_denied(request: Request) -> None:
    who = getattr(request.state, "who", "")
    about = f"{request.method} {request.url.path}"
    desk_of(request).audit.note(Line(event="denied", who=who, address=address_of(request), about=about))


def install(app: FastAPI) -> None:
    """Gives an app these answers."""
    for kind, answer in (
        (HTTPException, _http),
        (SignInNeeded, _sign_in),
        (OwnPasswordNeeded, _own_password),
        (RequestValidationError, _invalid),
        (NotFound, _unknown),
        (ConfigError, _refused),
        (UnknownName, _refused),
        (NotReady, _no_run),
        (IntegrityError, _no_run),
        (sqlite3.DatabaseError, _no_run),
    ):
        app.add_exception_handler(kind, answer)
