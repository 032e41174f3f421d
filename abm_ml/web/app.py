"""The app: its routes, what they work with, and the guard before them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
from fastapi import FastAPI

from abm_ml.publishing.web_config import WebConfig
from abm_ml.web import api, entrance, oidc, pages, problems, service
from abm_ml.web.access import Desk
from abm_ml.web.audit import Audit
from abm_ml.web.current import Current
from abm_ml.web.entrance import Attempts
from abm_ml.web.guard import Guard
from abm_ml.web.limits import Buckets
from abm_ml.web.notes import Notes
from abm_ml.web.passwords import Passwords
from abm_ml.web.people import FOLDER, people_at
from abm_ml.web.users import Clock

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_THREADS = 12


def create_app(
    workspace: Path, config: WebConfig, *, clock: Clock = time.time, passwords: Passwords | None = None
) -> FastAPI:
    """The page over the runs of a workspace; users, sessions and the audit live in its folder `web`."""
    desk = desk_at(workspace, config, clock=clock, passwords=passwords)
    app = FastAPI(title="abm_ml", openapi_url=None, docs_url=None, redoc_url=None, lifespan=_open_hours)
    app.state.desk, app.state.attempts = desk, Attempts()
    app.state.issuer = oidc.issuer_of(config.oidc, clock)
    for part in (entrance, oidc, api, service, pages):
        app.include_router(part.router)
    problems.install(app)
    app.add_middleware(Guard, config=config, hosts=hosts_of(config), problem=problems.answer_by_status)
    desk.current.look()
    return app


def desk_at(
    workspace: Path, config: WebConfig, *, clock: Clock = time.time, passwords: Passwords | None = None
) -> Desk:
    """What the routes work with: opened files, limits and clocks."""
    people = people_at(workspace, config, clock=clock, passwords=passwords)
    limits = config.limits
    return Desk(
        config=config,
        current=Current(workspace),
        users=people.users,
        sessions=people.sessions,
        audit=Audit(workspace / FOLDER / "audit.log", clock),
        notes=Notes(workspace, clock),
        clock=clock,
        requests=Buckets(limits.burst, limits.per_second),
        accounts=Buckets(limits.accounts_burst, limits.accounts_per_second),
    )


def hosts_of(config: WebConfig) -> frozenset[str]:
    """The names by which browsers may call the page, without port; by any other it does not answer."""
    own = _LOOPBACK_NAMES if config.on_loopback else (config.host,)
    public = () if config.public_url is None else (config.public_url.partition("://")[2].partition("/")[0],)
    return frozenset(name.lower() for name in (*own, *public, *config.hosts))


@asynccontextmanager
async def _open_hours(app: FastAPI) -> AsyncIterator[None]:
    """While the page is open, new runs are looked for; more threads than this only wait for each other."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    app.state.desk.current.watch()
    yield
    app.state.desk.current.stop()
    app.state.desk.audit.close()
