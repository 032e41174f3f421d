"""The guard: what is refused before any route is asked, and what every answer bears."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.headers import with_safe

_LOG = logging.getLogger(__name__)
_READING = ("GET", "HEAD", "OPTIONS")
_BODIES = ("application/x-www-form-urlencoded", "application/json")
_BEARER = "bearer "

Problem = Callable[[Request, int], Awaitable[Response]]


class _Refused(HTTPException):
    """A request that is answered by a problem page."""


@dataclass
class Guard:
    """An ASGI layer around the app; `problem` makes the answer to what is refused or fails."""

    app: ASGIApp
    config: WebConfig
    hosts: frozenset[str]
    problem: Problem
    _inside: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request_id = secrets.token_hex(8)
        answer = _Answer(send, request_id, encrypted=self.config.encrypted, without_body=scope["method"] == "HEAD")
        # A question by HEAD is one by GET whose answer has no body.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        scope = {**scope, "method": method, "state": {**scope.get("state", {}), "request_id": request_id}}
        try:
            self._refuse(scope)
            self._inside += 1
            try:
                await self.app(scope, _Body(receive, self.config).next, answer.send)
            finally:
                self._inside -= 1
        except _Refused as refused:
            await self._instead(scope, answer, refused.status_code)
        except Exception:  # noqa: BLE001  whatever fails, no answer tells how
            _LOG.exception("Request %s failed", request_id)
            await self._instead(scope, answer, 500)

    async def _instead(self, scope: Scope, answer: _Answer, status: int) -> None:
        if not answer.begun:
            response = await self.problem(Request(scope), status)
            await response(scope, _nothing, answer.send)

    def _refuse(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name_of(hosts[0]) not in self.hosts:
            raise _Refused(400)
        if self._inside >= self.config.limits.at_once:
            raise _Refused(429)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self.config.limits.body_bytes:
            raise _Refused(413)
        if scope["method"] not in _READING:
            self._refuse_foreign(headers)

    def _refuse_foreign(self, headers: Headers) -> None:
        """A change comes from a page of ours, or from a program with a token of its own; it brings a form or JSON."""
        if headers.get("content-type", _BODIES[0]).partition(";")[0].strip().lower() not in _BODIES:
            raise _Refused(415)
        by_program = headers.get("authorization", "").lower().startswith(_BEARER) and "cookie" not in headers
        scheme, _, host = headers.get("origin", "").partition("://")
        ours = scheme in (("https",) if self.config.encrypted else ("http", "https")) and host == headers["host"]
        if not by_program and not ours:
            raise _Refused(403)


def _name_of(host: str) -> str:
    """A Host header without its port; ports differ behind proxies, and say nothing of who is meant."""
    return host.lower() if host.endswith("]") else host.lower().rpartition(":")[0] or host.lower()


@dataclass
class _Answer:
    """What is sent: with the headers that every answer bears."""

    _send: Send
    request_id: str
    encrypted: bool
    without_body: bool
    begun: bool = False

    async def send(self, message: Message) -> None:
        """Passes a message on."""
        if message["type"] == "http.response.start":
            self.begun = True
            headers = with_safe(message.get("headers", []), self.request_id, encrypted=self.encrypted)
            message = {**message, "headers": headers}
        elif self.without_body:
            message = {**message, "body": b""}
        await self._send(message)


@dataclass
class _Body:
    """What is received: so many bytes, and in so much time."""

    _receive: Receive
    _config: WebConfig
    _bytes: int = 0
    _complete: bool = False

    async def next(self) -> Message:
        """The next message.

        Raises:
            _Refused: the body is too long or takes too long.
        """
        if self._complete:  # all that can come is that the client left, and that may take its time
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._config.limits.body_seconds)
        except TimeoutError as error:
            raise _Refused(408) from error
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._config.limits.body_bytes:
            raise _Refused(413)
        self._complete = not message.get("more_body", False)
        return message


async def _nothing() -> Any:
    return {"type": "http.disconnect"}
