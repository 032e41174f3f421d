"""Sessions and API tokens: random, stored as hashes only, ended by time, sign-out, a new password or a shut door."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from abm_ml.web.database import Database
from abm_ml.web.records import Viewer
from abm_ml.web.users import SCOPES, Clock, folded, viewer_of

COOKIE = "__Host-abm"
_BYTES = 32
_TOUCH_SECONDS = 60.0  # a session's last use is written at most so often
_DAY = 86_400.0
_FIND = f"""
select users.name, users.role, users.disabled, csrf, first, sessions.created_at as begun, seen_at, {SCOPES}
from sessions join users on users.name = sessions.user where hash = ?
"""  # noqa: S608  a constant of ours
_OF_TOKEN = f"""
select users.name, users.role, {SCOPES} from tokens join users on users.name = tokens.user
where hash = ? and expires_at > ? and not disabled
"""  # noqa: S608  a constant of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An open session; `first` where nothing but an own password may be chosen."""

    viewer: Viewer
    csrf: str
    first: bool


class Sessions:
    """The open sessions and the API tokens of a workspace."""

    def __init__(self, database: Database, clock: Clock, *, idle_seconds: float, longest_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._idle = idle_seconds
        self._longest = longest_seconds

    def begin(self, user: str, *, first: bool) -> str:
        """Opens a session; returns its token of 256 random bits, which is stored nowhere."""
        token, now = secrets.token_urlsafe(_BYTES), self._clock()
        with self._database.change() as change:
            change.execute(
                "delete from sessions where seen_at < ? or created_at < ?", (now - self._idle, now - self._longest)
            )
            change.execute(
                "insert into sessions values (?, ?, ?, ?, ?, ?)",
                (_hash(token), user, secrets.token_urlsafe(_BYTES), first, now, now),
            )
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token; None where it is unknown, ended, or its user shut out."""
        row, now = self._database.row(_FIND, _hash(token)), self._clock()
        if row is None or row["disabled"]:
            return None
        if now - row["seen_at"] >= self._idle or now - row["begun"] >= self._longest:
            self.end(token)
            return None
        if now - row["seen_at"] >= _TOUCH_SECONDS:
            self._database.write("update sessions set seen_at = ? where hash = ?", now, _hash(token))
        return Session(viewer=viewer_of(row), csrf=row["csrf"], first=bool(row["first"]))

    def end(self, token: str) -> None:
        """Ends a session."""
        self._database.write("delete from sessions where hash = ?", _hash(token))

    def issue(self, user: str, *, days: int) -> str:
        """A token for the API, good for some days; it is shown once and stored nowhere."""
        token, now = f"abm_{secrets.token_urlsafe(_BYTES)}", self._clock()
        self._database.write(
            "insert into tokens values (?, ?, ?, ?)", _hash(token), folded(user), now, now + days * _DAY
        )
        return token

    def of_token(self, token: str) -> Viewer | None:
        """The viewer of an API token; None where it is unknown, too old, or its user shut out."""
        row = self._database.row(_OF_TOKEN, _hash(token), self._clock())
        return viewer_of(row) if row else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
