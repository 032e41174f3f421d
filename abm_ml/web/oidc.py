"""Signing in at another place by OpenID Connect: code flow with PKCE, state and nonce; users and rights stay ours."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from abm_ml.errors import ConfigError, IntegrityError, NotReady
from abm_ml.publishing.web_config import OidcConfig
from abm_ml.web.access import address_of, desk_of
from abm_ml.web.audit import Line
from abm_ml.web.entrance import HOME, begin, own_address
from abm_ml.web.problems import problem

if TYPE_CHECKING:
    import httpx2

COOKIE = "__Host-abm-oidc"
_SECONDS = 5.0
_PATIENCE = 600.0  # how long somebody may take to sign in there
_MOST_WAITING = 1_000
_SIGNATURES = ["RS256", "PS256", "ES256", "EdDSA"]  # by a key of the issuer's alone: none that we share with it
_LEEWAY = 60
_DISCOVERY = "/.well-known/openid-configuration"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody who was sent to the issuer and has not come back."""

    verifier: str
    nonce: str
    onward: str
    until: float


@dataclass
class Issuer:
    """The place where people sign in; `transport` stands in for the network in tests."""

    config: OidcConfig
    clock: Callable[[], float]
    transport: httpx2.BaseTransport | None = None
    _waiting: dict[str, Waiting] = field(default_factory=dict)
    _known: Mapping[str, Any] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, back: str, onward: str) -> tuple[str, str]:
        """The address to send somebody to, and the state that has to come back; `back` is our address for that."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._client(back) as client:
            address, _ = client.create_authorization_url(
                self._endpoint("authorization_endpoint"), state=state, nonce=nonce, code_verifier=verifier
            )
        now = self.clock()
        with self._lock:
            self._waiting = {key: each for key, each in self._waiting.items() if each.until > now}
            if len(self._waiting) >= _MOST_WAITING:
                raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"retry-after": "60"})
            self._waiting[state] = Waiting(verifier=verifier, nonce=nonce, onward=onward, until=now + _PATIENCE)
        return str(address), state

    def receive(self, back: str, state: str, code: str) -> tuple[str, str]:
        """Who came back with a code, as the issuer names them, and where they wanted to go.

        Raises:
            IntegrityError: nobody waits under this state, or what the issuer says of them is not to be believed.
        """
        with self._lock:
            waiting = self._waiting.pop(state, None)
        if waiting is None or waiting.until <= self.clock():
            raise IntegrityError("Nobody waits under this state.")
        tokens = self._tokens(back, code, waiting.verifier)
        claims = self._believed(str(tokens.get("id_token", "")), waiting.nonce)
        return str(claims[self.config.claim]), waiting.onward

    def _tokens(self, back: str, code: str, verifier: str) -> Mapping[str, Any]:
        """What the issuer gives for a code."""
        import httpx2
        from authlib.common.errors import AuthlibBaseError

        try:
            with self._client(back) as client:
                address = self._endpoint("token_endpoint")
                found: dict[str, Any] = client.fetch_token(address, code=code, code_verifier=verifier)
        except (AuthlibBaseError, httpx2.HTTPError, ValueError) as error:
            raise IntegrityError(f"The issuer gave nothing for the code ({type(error).__name__}).") from error
        return found

    def _believed(self, token: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that the issuer signed, for us, for this sign-in, and that still holds."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        listed: Any = self._fetched(self._endpoint("jwks_uri"))
        needed: Any = {self.config.claim: {"essential": True}}
        try:
            keys = KeySet.import_key_set(listed)
            claims: dict[str, Any] = jwt.decode(token, keys, algorithms=_SIGNATURES).claims
            jwt.JWTClaimsRegistry(
                now=int(self.clock()),
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.config.issuer},
                aud={"essential": True, "value": self.config.client_id},
                exp={"essential": True},
                nonce={"essential": True, "value": nonce},
                **needed,
            ).validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise IntegrityError(f"The issuer's answer is not to be believed ({type(error).__name__}).") from error
        return claims

    def _endpoint(self, name: str) -> str:
        if self._known is None:
            found = self._fetched(self.config.issuer + _DISCOVERY)
            if found.get("issuer", "").rstrip("/") != self.config.issuer:
                raise IntegrityError(f"The issuer calls itself '{found.get('issuer')}', not '{self.config.issuer}'.")
            self._known = found
        address = str(self._known[name])
        if urlsplit(address).scheme != urlsplit(self.config.issuer).scheme:
            raise IntegrityError(f"The issuer's {name} is not asked over {urlsplit(self.config.issuer).scheme}.")
        return address

    def _fetched(self, address: str) -> dict[str, Any]:
        import httpx2

        try:
            with httpx2.Client(timeout=_SECONDS, transport=self.transport, follow_redirects=False) as client:
                found: dict[str, Any] = client.get(address).raise_for_status().json()
        except (httpx2.HTTPError, ValueError) as error:
            raise IntegrityError(f"The issuer does not answer as it should ({type(error).__name__}).") from error
        return found

    def _client(self, back: str) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            client_id=self.config.client_id,
            client_secret=os.environ.get(self.config.client_secret_env),
            scope="openid",
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=_SECONDS,
            transport=self.transport,
        )


def issuer_of(config: OidcConfig | None, clock: Callable[[], float]) -> Issuer | None:
    """The configured issuer, if there is one.

    Raises:
        ConfigError: its secret is not in the environment.
        NotReady: the packages for it are not installed.
    """
    if config is None:
        return None
    if not os.environ.get(config.client_secret_env):
        raise ConfigError(f"web.oidc: the environment variable {config.client_secret_env} is empty.")
    missing = [name for name in ("authlib", "httpx2", "joserfc") if find_spec(name) is None]
    if missing:
        raise NotReady(f"OpenID Connect needs packages more ({', '.join(missing)}): pip install 'abm-ml[oidc]'.")
    return Issuer(config, clock)


@router.get("/login/oidc")
def leave(request: Request, next: str = HOME) -> Response:  # noqa: A002  the link's own name for it
    """Sends somebody to the issuer."""
    address, state = _issuer(request).send(_back(request), own_address(next))
    answer = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    answer.set_cookie(COOKIE, state, secure=True, httponly=True, samesite="lax", max_age=int(_PATIENCE))
    return answer


@router.get("/login/oidc/callback")
def come_back(request: Request, state: str = "", code: str = "") -> Response:
    """Opens a session for who comes back from the issuer, in the browser that left, and is a user here."""
    issuer, desk = _issuer(request), desk_of(request)
    if not state or not secrets.compare_digest(state.encode(), request.cookies.get(COOKIE, "").encode()):
        return problem(request, HTTPStatus.FORBIDDEN)
    try:
        subject, onward = issuer.receive(_back(request), state, code)
        found = desk.users.of_subject(subject)
    except IntegrityError as error:
        subject, onward, found = str(error), HOME, None
    if found is None:
        desk.audit.note(Line(event="sign_in_failed", who=subject, address=address_of(request), about="oidc"))
        return problem(request, HTTPStatus.FORBIDDEN)
    answer = begin(request, found, onward=onward)
    answer.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
    return answer


def _issuer(request: Request) -> Issuer:
    issuer: Issuer | None = request.app.state.issuer
    if issuer is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return issuer


def _back(request: Request) -> str:
    """Our address for those who come back; the Host header was checked by the guard."""
    public = desk_of(request).config.public_url
    return f"{public.rstrip('/') if public else str(request.base_url).rstrip('/')}/login/oidc/callback"
