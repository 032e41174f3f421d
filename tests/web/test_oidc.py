"""Signing in at an issuer: only what it signed, for us, for this browser and this time, opens the door."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from abm_ml.errors import ConfigError
from abm_ml.publishing.web_config import OidcConfig, WebConfig
from abm_ml.web.records import Viewer
from tests.web.company import publish
from tests.web.conftest import ADDRESS, ROOMY, Page, page_at

ISSUER, CLIENT = "https://issuer.example", "abm"
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "1"})


def signed(claims: dict[str, Any]) -> str:
    """A token as the issuer signs it."""
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, KEY)


@dataclass
class FakeIssuer:
    """An issuer in this process; `token` makes the ID token from what would be right."""

    token: Callable[[dict[str, Any]], str] = signed
    now: float = 1_782_864_000.0
    nonce: str = ""
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answers what a page asks an issuer."""
        if request.url.path.endswith("openid-configuration"):
            places = {"authorization_endpoint": "/go", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return httpx2.Response(200, json={"issuer": ISSUER} | {name: ISSUER + at for name, at in places.items()})
        if request.url.path == "/keys":
            return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        self.asked.append(parse_qs(request.content.decode()))
        claims = {"iss": ISSUER, "aud": CLIENT, "sub": "u-1", "exp": self.now + 300, "nonce": self.nonce}
        answer = {"access_token": "x", "token_type": "bearer", "id_token": self.token(claims)}
        return httpx2.Response(200, json=answer)


@pytest.fixture
def served(tmp_path: Path, portal: BlockingPortal, monkeypatch: pytest.MonkeyPatch) -> tuple[Page, FakeIssuer]:
    """A page whose people sign in at an issuer; ada is its u-1."""
    monkeypatch.setenv("ABM_OIDC_SECRET", "hush")
    publish(tmp_path)
    oidc = OidcConfig(issuer=ISSUER, client_id=CLIENT, client_secret_env="ABM_OIDC_SECRET")  # noqa: S106  a name
    page = page_at(tmp_path, portal, WebConfig(public_url=ADDRESS, limits=ROOMY, oidc=oidc))
    issuer = FakeIssuer()
    page.app.state.issuer.transport = httpx2.MockTransport(issuer)
    page.app.state.desk.users.add(Viewer(name="ada", role="manager"), subject="u-1")
    return page, issuer


def come_back(page: Page, issuer: FakeIssuer, **change: str) -> Any:
    """Leaves for the issuer and comes back; `change` spoils what the browser brings."""
    left = page.browser().get("/login/oidc?next=/models")
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    issuer.nonce = asked["nonce"][0]
    cookie = change.get("cookie", left.cookies["__Host-abm-oidc"])
    brought = {"code": "c", "state": change.get("state", asked["state"][0])}
    return page.browser().get("/login/oidc/callback", params=brought, headers={"cookie": f"__Host-abm-oidc={cookie}"})


def test_who_signs_in_at_the_issuer_comes_in(served: tuple[Page, FakeIssuer]) -> None:
    """With PKCE; the role is ours, and the way leads to where one wanted to go."""
    page, issuer = served
    answer = come_back(page, issuer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/models")
    assert issuer.asked[0]["code_verifier"]
    assert page.browser(answer.cookies["__Host-abm"]).get("/accounts").status_code == 200


def test_a_password_is_no_way_around_the_issuer(served: tuple[Page, FakeIssuer]) -> None:
    """Who signs in there has no password here, not even an empty one."""
    page, _ = served
    assert page.sign_in("ada", "").status_code in (400, 401)


@pytest.mark.parametrize("change", [{"state": "other"}, {"cookie": "other"}, {"state": "", "cookie": ""}])
def test_another_browser_does_not_come_in(served: tuple[Page, FakeIssuer], change: dict[str, str]) -> None:
    """The state is that of the browser that left: nobody can be signed in as somebody else unawares."""
    page, issuer = served
    assert come_back(page, issuer, **change).status_code == 403
    assert issuer.asked == []


def unsigned(claims: dict[str, Any]) -> str:
    """A token that says that it needs no signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","kid":"1"}').decode().rstrip("=")
    return f"{head}.{signed(claims).split('.')[1]}."


def by_public_key(claims: dict[str, Any]) -> str:
    """A token signed with the issuer's public key taken for a shared one."""
    return jwt.encode({"alg": "HS256", "kid": "1"}, claims, OctKey.import_key(KEY.as_pem(private=False)))


BAD = {
    "unsigned": unsigned,
    "signed by its public key": by_public_key,
    "signed by another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "1"}, claims, OTHER_KEY),
    "of another issuer": lambda claims: signed({**claims, "iss": "https://evil.example"}),
    "for another client": lambda claims: signed({**claims, "aud": "other"}),
    "for another sign-in": lambda claims: signed({**claims, "nonce": "other"}),
    "too old": lambda claims: signed({**claims, "exp": claims["exp"] - 1000}),
    "without an end": lambda claims: signed({name: value for name, value in claims.items() if name != "exp"}),
    "of somebody unknown": lambda claims: signed({**claims, "sub": "u-2"}),
    "no token": json.dumps,
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_S15_a_token_that_the_issuer_did_not_give_opens_nothing(served: tuple[Page, FakeIssuer], kind: str) -> None:
    """Unsigned, signed by the wrong key, for others, of others, or too old: 403, and it is written down."""
    page, issuer = served
    issuer.token = BAD[kind]
    answer = come_back(page, issuer)
    assert (answer.status_code, "__Host-abm" in answer.cookies) == (403, False)
    assert page.audited()[-1]["event"] == "sign_in_failed"


def test_a_state_is_good_once_and_not_for_long(served: tuple[Page, FakeIssuer]) -> None:
    """Who comes back twice, or after ten minutes, starts again."""
    page, _ = served
    left = page.browser().get("/login/oidc")
    state = left.cookies["__Host-abm-oidc"]
    page.clock.now += 601
    late = page.browser().get(
        f"/login/oidc/callback?code=c&state={state}", headers={"cookie": f"__Host-abm-oidc={state}"}
    )
    assert late.status_code == 403


def test_an_issuer_needs_its_secret_in_the_environment() -> None:
    """A missing secret is found at the start, not by the first seller."""
    from abm_ml.web.oidc import issuer_of

    config = OidcConfig(issuer=ISSUER, client_id=CLIENT, client_secret_env="ABM_NOT_SET")  # noqa: S106  a name
    with pytest.raises(ConfigError, match="ABM_NOT_SET"):
        issuer_of(config, lambda: 0.0)
