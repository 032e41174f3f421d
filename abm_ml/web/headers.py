"""The headers that every answer bears: what a browser may load, frame, guess, store and tell others."""

from __future__ import annotations

from collections.abc import Iterable

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Forms need an Origin, which a browser that sends no referrer at all would call null.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_NOT_KEPT = {"cache-control": "no-store"}
_ENCRYPTED = {"strict-transport-security": "max-age=31536000; includeSubDomains"}

RawHeaders = list[tuple[bytes, bytes]]


def with_safe(headers: Iterable[tuple[bytes, bytes]], request_id: str, *, encrypted: bool) -> RawHeaders:
    """An answer's headers with those that every answer bears; only static files say themselves how long they keep."""
    own = [(name.lower(), value) for name, value in headers if name.lower() != b"server"]
    kept = {} if any(name == b"cache-control" for name, _ in own) else _NOT_KEPT
    wanted = {**_ALWAYS, **kept, **(_ENCRYPTED if encrypted else {}), "x-request-id": request_id}
    given = {name for name, _ in own}
    return own + [(name.encode(), value.encode()) for name, value in wanted.items() if name.encode() not in given]
