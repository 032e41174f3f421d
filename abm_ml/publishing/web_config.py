"""How the page is served: values of the key `web` of a workspace's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from abm_ml.config import Strict

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class LimitsConfig(Strict):
    """How much one user, one address and all together may ask for."""

    burst: int = Field(default=120, gt=0, description="requests of a user at once")
    per_second: float = Field(default=10, gt=0, description="requests of a user per second, after the burst")
    accounts_burst: int = Field(default=300, gt=0, description="accounts that a user may open at once")
    accounts_per_second: float = Field(default=1, gt=0, description="accounts per second, after the burst")
    at_once: int = Field(default=64, gt=0, description="requests that are answered at the same time, of all users")
    body_bytes: int = Field(default=65_536, gt=0, description="the longest request body")
    body_seconds: float = Field(default=10, gt=0, description="the time that a request's body may take")


class OidcConfig(Strict):
    """Signing in at another place by OpenID Connect; who comes from there needs a user added with --oidc."""

    issuer: str = Field(description="https address; its /.well-known/openid-configuration names the rest")
    client_id: str
    client_secret_env: str = Field(description="the environment variable that holds the client's secret")
    claim: str = Field(default="sub", description="the claim of the ID token that names the user")

    @field_validator("issuer")
    @classmethod
    def _encrypted(cls, issuer: str) -> str:
        if not issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("an issuer is asked over https only")
        return issuer.rstrip("/")


class WebConfig(Strict):
    """How the page is served; every key has a default."""

    host: str = Field(default=_LOOPBACK[0], description="the address to listen on")
    port: int = Field(default=8000, ge=0, le=65_535)
    public_url: str | None = Field(default=None, description="https address under which a proxy shows the page")
    hosts: tuple[str, ...] = Field(default=(), description="further names by which browsers may call the page")
    proxies: tuple[str, ...] = Field(default=(), description="addresses of proxies whose X-Forwarded-For is believed")
    certificate: Path | None = Field(default=None, description="PEM file, to serve https itself")
    certificate_key: Path | None = None
    idle_minutes: float = Field(default=30, gt=0, description="a session ends when unused so long")
    longest_hours: float = Field(default=12, gt=0, description="a session ends after so long in any case")
    old_after_days: int = Field(default=14, gt=0, description="older scores are shown with a warning")
    limits: LimitsConfig = LimitsConfig()
    oidc: OidcConfig | None = None

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return self.host in _LOOPBACK

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach the page by https."""
        return self.certificate is not None or self.public_url is not None

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.public_url is not None and not self.public_url.startswith("https://"):
            raise ValueError("public_url begins with https://, else passwords and sessions could be read on the way")
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("certificate and certificate_key go together")
        if not self.on_loopback and not self.encrypted:
            raise ValueError(
                f"host {self.host} can be reached from other machines: give certificate and certificate_key, or the "
                "public_url of an https proxy before it"
            )
        if self.oidc and self.public_url is None and not self.on_loopback:
            raise ValueError("oidc needs public_url: it is where the issuer sends people back to")
        return self
