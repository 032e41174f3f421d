"""Who did what, and when: one line of JSON each, in which no sign can begin a line of its own."""

from __future__ import annotations

import datetime as dt
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from abm_ml.publishing.storage import FILE_MODE, FOLDER_MODE, storing
from abm_ml.web.users import Clock

Event = Literal[
    "signed_in",
    "sign_in_failed",
    "sign_in_throttled",
    "signed_out",
    "password_changed",
    "account",
    "denied",
    "export",
    "feedback",
    "throttled",
    "scraping",
]
_MOST_BYTES, _KEPT = 50_000_000, 10
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the audit: an event, who caused it, from which address, and about what; never a score."""

    event: Event
    who: str
    address: str
    about: str = ""


class Audit:
    """The audit file; older ones are kept beside it under numbers, ten of 50 MB."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        with storing(path):
            path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            self._file = self._opened()

    def note(self, line: Line) -> None:
        """Writes a line."""
        record = {
            "at": dt.datetime.fromtimestamp(self._clock(), dt.UTC).isoformat(timespec="milliseconds"),
            "event": line.event,
            "who": line.who[:_LONGEST],
            "address": line.address[:_LONGEST],
            "about": line.about[:_LONGEST],
        }
        with self._lock:
            os.write(self._file, (json.dumps(record) + "\n").encode())
            if os.fstat(self._file).st_size > _MOST_BYTES:
                self._turn_over()

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._file)

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)

    def _turn_over(self) -> None:
        os.close(self._file)
        for number in range(_KEPT - 1, 0, -1):
            older = self._path.with_suffix(f".{number}.log")
            if older.exists():
                older.replace(self._path.with_suffix(f".{number + 1}.log"))
        self._path.replace(self._path.with_suffix(".1.log"))
        self._file = self._opened()
