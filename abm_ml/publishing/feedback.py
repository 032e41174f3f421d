"""Feedback: what sellers said of scores; kept beside the runs, never changed, and never part of a score."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from abm_ml.errors import ConfigError
from abm_ml.publishing.storage import FILE_MODE, FOLDER_MODE, storing

FEEDBACK = "feedback.sqlite"
LONGEST = 500
Verdict = Literal["agree", "disagree"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_BUSY_SECONDS = 5.0
_SCHEMA = """
create table if not exists feedback (
  at text not null,
  user text not null,
  run_id text not null,
  as_of text not null,
  account_id text not null,
  label text not null,
  model text,
  probability real not null,
  verdict text not null check (verdict in ('agree', 'disagree')),
  because text,
  estimate real check (estimate between 0 and 1)
) strict;
create index if not exists feedback_by_account on feedback (account_id, at);
create trigger if not exists feedback_stays before update on feedback begin select raise(abort, 'it stays'); end;
create trigger if not exists feedback_is_kept before delete on feedback begin select raise(abort, 'it stays'); end;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What somebody said of a score, beside the score as it was shown: its `probability` by `model` in `run_id`.

    `estimate` is the own probability of who said it, if one was given; times are ISO texts in UTC.
    """

    at: str
    user: str
    run_id: str
    as_of: str
    account_id: str
    label: str
    model: str | None
    probability: float
    verdict: Verdict
    because: str | None = None
    estimate: float | None = None


COLUMNS = tuple(field.name for field in fields(Feedback))


def write_feedback(workspace: Path, said: Feedback) -> None:
    """Adds what was said; two notes on the same score are two rows.

    Raises:
        ConfigError: the verdict is unknown, the estimate is no probability, or the reason is too long or missing.
    """
    if said.verdict not in VERDICTS:
        raise ConfigError(f"A verdict is {' or '.join(VERDICTS)}, not '{said.verdict}'.")
    if said.estimate is not None and not 0 <= said.estimate <= 1:
        raise ConfigError("An estimate is a percentage from 0 to 100.")
    if len(said.because or "") > LONGEST:
        raise ConfigError(f"A reason has at most {LONGEST} characters.")
    if said.verdict == "disagree" and not said.because and said.estimate is None:
        raise ConfigError("Who disagrees says why, or gives an own estimate.")
    with _opened(workspace) as connection:
        connection.execute(f"insert into feedback values ({', '.join('?' * len(COLUMNS))})", astuple(said))  # noqa: S608  question marks only


def read_feedback(workspace: Path, accounts: Sequence[str] | None = None) -> tuple[Feedback, ...]:
    """All that was said, oldest first; only of some accounts, if they are named. Nothing where nobody said anything."""
    if not (workspace / FEEDBACK).exists():
        return ()
    wanted = "true" if accounts is None else f"account_id in ({', '.join('?' * len(accounts))})"
    sql = f"select {', '.join(COLUMNS)} from feedback where {wanted} order by at, rowid"  # noqa: S608  names and marks
    with _opened(workspace) as connection:
        return tuple(Feedback(**dict(row)) for row in connection.execute(sql, accounts or ()))


@contextmanager
def _opened(workspace: Path) -> Iterator[sqlite3.Connection]:
    """The workspace's feedback in one transaction."""
    path = workspace / FEEDBACK
    with storing(path):
        workspace.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(_SCHEMA)
        with connection:
            yield connection
