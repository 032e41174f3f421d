"""The people of a workspace: its users with their sessions and tokens, in one file of the door."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.database import Database
from abm_ml.web.passwords import Passwords
from abm_ml.web.sessions import Sessions
from abm_ml.web.users import SCHEMA, Clock, Users

FOLDER = "web"


@dataclass(frozen=True)
class People:
    """Who may come in, and who is in."""

    users: Users
    sessions: Sessions

    def token(self, name: str, *, days: int) -> str:
        """A new API token with a user's rights; raises UnknownName where there is no such user."""
        return self.sessions.issue(self.users.known(name), days=days)


def people_at(
    workspace: Path, config: WebConfig, *, clock: Clock = time.time, passwords: Passwords | None = None
) -> People:
    """The people of a workspace; the file is made where there is none."""
    database = Database(workspace / FOLDER / "users.sqlite", SCHEMA)
    idle, longest = config.idle_minutes * 60, config.longest_hours * 3600
    return People(
        Users(database, passwords or Passwords(), clock),
        Sessions(database, clock, idle_seconds=idle, longest_seconds=longest),
    )
