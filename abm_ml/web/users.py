"""Users: who may come in, in which role, and whose accounts they see."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from abm_ml.errors import ConfigError, UnknownName, did_you_mean
from abm_ml.web.database import Database
from abm_ml.web.passwords import Passwords, first_password, refuse_weak
from abm_ml.web.records import Role, Viewer

Clock = Callable[[], float]
FIRST_DAYS = 7
_DAY = 86_400.0

SCHEMA = """
create table if not exists users (
  name text primary key,
  role text not null check (role in ('seller', 'manager', 'admin')),
  password text,             -- argon2id; null: signs in elsewhere, or has used the first one up
  first_until real,          -- until when the password is a first one, good for one use
  subject text unique,       -- the name at the OpenID Connect issuer
  disabled integer not null default 0,
  created_at real not null
) strict;
create table if not exists scopes (
  user text not null references users (name) on delete cascade,
  kind text not null check (kind in ('owner', 'territory')),
  value text not null,
  primary key (user, kind, value)
) strict, without rowid;
create table if not exists sessions (
  hash blob primary key,
  user text not null references users (name) on delete cascade,
  csrf text not null,
  first integer not null,    -- came in with a first password: may only choose an own one
  created_at real not null,
  seen_at real not null
) strict, without rowid;
create table if not exists tokens (
  hash blob primary key,
  user text not null references users (name) on delete cascade,
  created_at real not null,
  expires_at real not null
) strict, without rowid;
"""
SCOPES = "(select json_group_array(json_array(kind, value)) from scopes where user = users.name) as scopes"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user as an administrator sees one."""

    viewer: Viewer
    subject: str | None
    disabled: bool
    waiting: bool  # the first password has not been used

    def __str__(self) -> str:
        sees = [f"owner {owner}" for owner in self.viewer.owners]
        sees += [f"territory {territory}" for territory in self.viewer.territories]
        notes = [note for note, holds in (("shut out", self.disabled), ("has not come yet", self.waiting)) if holds]
        return "; ".join([self.viewer.name, self.viewer.role, ", ".join(sees) or "all accounts", *notes])


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who gave the right password; `first` where it was the first one, which is used up now."""

    name: str
    first: bool


class Users:
    """The users of a workspace."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    def any(self) -> bool:
        """Whether there is any user; without one there is nothing to sign in as."""
        return self._database.row("select 1 from users") is not None

    def add(self, viewer: Viewer, *, subject: str | None = None) -> str | None:
        """Takes a user in; returns the first password, which is good for one use, or None for one of an issuer.

        Raises:
            ConfigError: the name is empty or taken, or a seller has no accounts.
        """
        name = folded(viewer.name)
        if not name or not name.isprintable():
            raise ConfigError("A user's name has at least one sign, and none that cannot be seen.")
        refuse_blind(viewer)
        first = None if subject else first_password()
        try:
            with self._database.change() as change:
                change.execute(
                    "insert into users values (?, ?, ?, ?, ?, 0, ?)",
                    (name, viewer.role, *self._first(first), subject, self._clock()),
                )
                _place(change, name, viewer)
        except sqlite3.IntegrityError as error:
            raise ConfigError(f"There is a user '{name}' already, or one of this issuer's subject.") from error
        return first

    def place(self, viewer: Viewer) -> None:
        """Gives a user another role or other accounts; open sessions follow with their next request."""
        refuse_blind(viewer)
        with self._database.change() as change:
            name = self.known(viewer.name)
            change.execute("update users set role = ? where name = ?", (viewer.role, name))
            change.execute("delete from scopes where user = ?", (name,))
            _place(change, name, viewer)

    def reset(self, name: str) -> str:
        """Gives a user a new first password and ends what is open under the old one."""
        name, first = self.known(name), first_password()
        with self._database.change() as change:
            change.execute("update users set password = ?, first_until = ? where name = ?", (*self._first(first), name))
            change.execute("delete from sessions where user = ?", (name,))
        return first

    def disable(self, name: str) -> None:
        """Shuts a user out, with all sessions and tokens."""
        name = self.known(name)
        with self._database.change() as change:
            change.execute("update users set disabled = 1 where name = ?", (name,))
            change.execute("delete from sessions where user = ?", (name,))
            change.execute("delete from tokens where user = ?", (name,))

    def enable(self, name: str) -> None:
        """Lets a user in again."""
        self._database.write("update users set disabled = 0 where name = ?", self.known(name))

    def check(self, name: str, password: str) -> Admitted | None:
        """Who gave the right password; None for a wrong one, an unknown or disabled user, and a used first one."""
        found = self._database.row("select * from users where name = ?", folded(name))
        stored = found["password"] if found and not found["disabled"] else None
        if not self._passwords.matches(password, stored) or found is None:
            return None
        if found["first_until"] is None:
            return Admitted(found["name"], first=False)
        used = self._database.write(
            "update users set password = null, first_until = null where name = ? and password = ? and first_until > ?",
            *(found["name"], stored, self._clock()),
        )
        return Admitted(found["name"], first=True) if used else None

    def of_subject(self, subject: str) -> Admitted | None:
        """The user whom an issuer knows by this name."""
        found = self._database.row("select name from users where subject = ? and not disabled", subject)
        return Admitted(found["name"], first=False) if found else None

    def choose_password(self, name: str, password: str) -> None:
        """Gives a user an own password and ends all sessions.

        Raises:
            ConfigError: it is too weak.
        """
        name = self.known(name)
        refuse_weak(password, name)
        hashed = self._passwords.hash(password)
        with self._database.change() as change:
            change.execute("update users set password = ?, first_until = null where name = ?", (hashed, name))
            change.execute("delete from sessions where user = ?", (name,))

    def all(self) -> tuple[User, ...]:
        """All users by name."""
        found = self._database.rows(f"select *, {SCOPES} from users order by name")  # noqa: S608  a constant of ours
        return tuple(
            User(
                viewer=viewer_of(row),
                subject=row["subject"],
                disabled=bool(row["disabled"]),
                waiting=row["first_until"] is not None,
            )
            for row in found
        )

    def _first(self, password: str | None) -> tuple[str | None, float | None]:
        if password is None:
            return None, None
        return self._passwords.hash(password), self._clock() + FIRST_DAYS * _DAY

    def known(self, name: str) -> str:
        """A user's name as it is stored; raises UnknownName with the nearest one where there is none."""
        names = [row["name"] for row in self._database.rows("select name from users")]
        if folded(name) not in names:
            raise UnknownName(f"There is no user '{name}'. {did_you_mean(name, names)}")
        return folded(name)


def folded(name: str) -> str:
    """A user's name as it is compared: capitals and ways of writing a sign make no difference."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def refuse_blind(viewer: Viewer) -> None:
    """Refuses a seller who would see nothing."""
    if viewer.role == "seller" and not (viewer.owners or viewer.territories):
        raise ConfigError(f"Seller '{viewer.name}' would see no account. Give --owner or --territory.")


def viewer_of(row: sqlite3.Row) -> Viewer:
    """The viewer in a row of users with its scopes."""
    role: Role = row["role"]
    scopes = json.loads(row["scopes"])
    owners, territories = (tuple(value for kind, value in scopes if kind == of) for of in ("owner", "territory"))
    return Viewer(name=row["name"], role=role, owners=owners, territories=territories)


def _place(change: sqlite3.Connection, name: str, viewer: Viewer) -> None:
    scopes: Iterable[tuple[str, str]] = [
        *(("owner", value) for value in dict.fromkeys(viewer.owners)),
        *(("territory", value) for value in dict.fromkeys(viewer.territories)),
    ]
    change.executemany("insert into scopes values (?, ?, ?)", [(name, *scope) for scope in scopes])
