"""Who asks, and what they may: the dependencies that every route of the page and the API declares."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from abm_ml.publishing.feedback import Feedback
from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.audit import Audit, Event, Line
from abm_ml.web.current import Current
from abm_ml.web.limits import Buckets
from abm_ml.web.notes import Notes
from abm_ml.web.records import Role, Viewer
from abm_ml.web.sessions import COOKIE, Sessions
from abm_ml.web.store import Store
from abm_ml.web.users import Clock, Users

NOBODY = Viewer(name="this machine", role="admin")
_LOOPBACK = ("127.0.0.1", "::1")
_TELLTALES = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_BEARER = "bearer "
_DAY = 86_400.0


class SignInNeeded(HTTPException):
    """Nobody is signed in, or not any more."""

    def __init__(self) -> None:
        super().__init__(401)


class OwnPasswordNeeded(HTTPException):
    """Who came in with the first password chooses an own one before anything else."""

    def __init__(self) -> None:
        super().__init__(403)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the routes work with."""

    config: WebConfig
    current: Current
    users: Users
    sessions: Sessions
    audit: Audit
    notes: Notes
    clock: Clock
    requests: Buckets
    accounts: Buckets
    open_csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def is_open(self) -> bool:
        """Whether nobody can sign in, so that who sits at this machine sees everything."""
        return self.config.on_loopback and self.config.oidc is None and not self.users.any()


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the scores are, and whether a newer run could not be opened."""

    age_days: int
    old: bool
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who asks: a viewer with the token against forged forms; `token` is the session's, None for a program's."""

    viewer: Viewer
    csrf: str
    address: str
    token: str | None
    first: bool = False


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request by somebody known: all that it shows comes from one store, so from one run."""

    desk: Desk
    known: Known
    store: Store

    @property
    def viewer(self) -> Viewer:
        """Who looks."""
        return self.known.viewer

    @property
    def csrf(self) -> str:
        """What the forms of this session hold."""
        return self.known.csrf

    @property
    def freshness(self) -> Freshness:
        """How old the scores are today."""
        today = dt.datetime.fromtimestamp(self.desk.clock(), dt.UTC).date()
        age = (today - self.store.run.as_of).days
        problem = "A newer run was published but cannot be read; these are the scores before it."
        return Freshness(age, age > self.desk.config.old_after_days, problem if self.desk.current.problem else None)

    @property
    def context(self) -> dict[str, Any]:
        """What every page needs."""
        return {
            "viewer": self.viewer,
            "csrf": self.csrf,
            "run": self.store.run,
            "signed_in": self.viewer is not NOBODY,
            "loopback": self.viewer is NOBODY,
            "freshness": self.freshness,
        }

    def audit(self, event: Event, about: str = "") -> None:
        """Writes down what the viewer did."""
        self.desk.audit.note(Line(event=event, who=self.viewer.name, address=self.known.address, about=about))

    def feedback(self, account_id: str) -> tuple[Feedback, ...]:
        """What was said of an account, newest first: a seller sees the own notes, others all."""
        self.store.listed(self.viewer, account_id)
        said = self.desk.notes.of(account_id)
        return tuple(each for each in said if self.viewer.role != "seller" or each.user == self.viewer.name)


def desk_of(request: Request) -> Desk:
    """What the routes of this app work with."""
    desk: Desk = request.app.state.desk
    return desk


def address_of(request: Request) -> str:
    """The address that a request comes from."""
    return request.client.host if request.client else ""


def someone(request: Request) -> Known:
    """Who asks, by session cookie or API token; on a machine without users, whoever sits at it.

    Raises:
        SignInNeeded: nobody known.
    """
    desk, address = desk_of(request), address_of(request)
    if desk.is_open:
        if address not in _LOOPBACK or any(name in request.headers for name in _TELLTALES):
            raise SignInNeeded
        return Known(viewer=NOBODY, csrf=desk.open_csrf, address=address, token=None)
    given = request.headers.get("authorization", "")
    if given.lower().startswith(_BEARER):
        viewer = desk.sessions.of_token(given[len(_BEARER) :])
        if viewer is None:
            raise SignInNeeded
        return Known(viewer=viewer, csrf="", address=address, token=None)
    token = request.cookies.get(COOKIE, "")
    session = desk.sessions.find(token) if token else None
    if session is None:
        raise SignInNeeded
    return Known(viewer=session.viewer, csrf=session.csrf, address=address, token=token, first=session.first)


Someone = Annotated[Known, Depends(someone)]


def signed_in(request: Request) -> Visit:
    """A visit by somebody in any role, within the limits.

    It asks who that is by itself: a dependency of its own would wait for a thread of its own.

    Raises:
        SignInNeeded: nobody known.
        OwnPasswordNeeded: the first password was used, and no own one chosen.
        HTTPException: 429, too many requests, or accounts opened.
        NotReady, IntegrityError: there is no run to show.
    """
    known = someone(request)
    request.state.who = known.viewer.name
    if known.first:
        raise OwnPasswordNeeded
    desk = desk_of(request)
    visit = Visit(desk=desk, known=known, store=desk.current.store)
    _within(visit, desk.requests, "throttled")
    if account_id := request.path_params.get("account_id"):
        _within(visit, desk.accounts, "scraping")
        visit.audit("account", f"{request.method} {quote(request.url.path)} {account_id}")
    return visit


def _within(visit: Visit, buckets: Buckets, event: Event) -> None:
    if wait := buckets.take(visit.viewer.name):
        visit.audit(event)
        raise HTTPException(429, headers={"retry-after": str(int(wait) + 1)})


Signed = Annotated[Visit, Depends(signed_in)]


class RoleNeeded:
    """A visit by somebody in one of some roles; others are told that there is no such page."""

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    def __call__(self, visit: Signed) -> Visit:
        """The visit; raises HTTPException 404 for another role."""
        if visit.viewer.role not in self.roles:
            raise HTTPException(404)
        return visit


Managing = Annotated[Visit, Depends(RoleNeeded("manager", "admin"))]
Administering = Annotated[Visit, Depends(RoleNeeded("admin"))]


def refuse_forged(known: Known, csrf: str) -> None:
    """Refuses a form that does not hold its session's token; raises HTTPException 403."""
    by_program = known.token is None and known.viewer is not NOBODY
    if not by_program and not secrets.compare_digest(csrf.encode(), known.csrf.encode()):
        raise HTTPException(403)
