"""The audit trail: who made which model the champion, when and why; each line vouches for all lines before it."""

from __future__ import annotations

import datetime as dt
import fcntl
import hmac
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from abm_ml.errors import ConfigError, IntegrityError, StorageError

Action = Literal["train", "canary", "promote", "rollback", "score"]
FILE = "audit.jsonl"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who opened a workspace, and when (UTC, without zone); None where a program does not say."""

    who: str = ""
    at: dt.datetime | None = None

    @property
    def moment(self) -> str | None:
        """The time as ISO text, to the second."""
        return None if self.at is None else self.at.isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was done to a label's models, or refused.

    `version`, `sha256` and `gate` are of the model that it was about, if there was one. `before` and `after` are the
    champion's version before and afterwards, None where there is none; they are equal where nothing was changed.
    `reason` says why, in words.
    """

    action: Action
    label: str
    version: int | None = None
    sha256: str = ""
    gate: str = ""
    done: bool = True
    before: int | None = None
    after: int | None = None
    reason: str = ""
    who: str = ""
    at: str | None = None

    @property
    def approves(self) -> bool:
        """Whether it made its model champion, or confirmed that it is."""
        return self.done and self.action != "canary" and self.after == self.version


@dataclass(frozen=True, slots=True)
class Approval:
    """A version that a command of abm_ml made champion, with the SHA-256 that it had then; `place` is its entry's."""

    version: int
    sha256: str
    place: int


class Trail:
    """The audit trail of a workspace: JSON lines in `audit.jsonl`, only ever added to.

    The `mac` of a line is the HMAC-SHA256 of the line and the mac before it. Without a key it shows changes that were
    made by mistake; with one (the environment variable `key_env`), also those by somebody who can write the file. The
    loss of the newest lines shows where the champion is not the one that the last line names.

    Raises, here and from every method:
        IntegrityError: a line is not the one that was written.
        StorageError: the file cannot be read or written.
        ConfigError: the environment variable for the key is not set.
    """

    def __init__(self, folder: Path, *, caller: Caller = Caller(), key_env: str | None = None) -> None:
        self.file = folder / FILE
        self._caller = caller
        self._key = _key(key_env)

    def entries(self) -> tuple[Entry, ...]:
        """All that was written, the oldest first; what a killed process left half written is no entry."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StorageError(f"{self.file}: the audit trail cannot be read ({error.strerror}).") from error
        return tuple(entry for entry, _ in self._read(content))

    @contextmanager
    def writing(self) -> Iterator[Callable[[Entry], None]]:
        """The trail to oneself, until the block ends: hands over what adds an entry to it, on the disk at once."""
        with self._opened() as descriptor:
            content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
            macs = [mac for _, mac in self._read(content)]
            os.ftruncate(descriptor, content.rfind(b"\n") + 1)

            def add(entry: Entry) -> None:
                record = asdict(replace(entry, who=self._caller.who, at=self._caller.moment))
                mac = self._mac(record, macs[-1] if macs else "")
                self._write(descriptor, json.dumps({**record, "mac": mac}, ensure_ascii=False) + "\n")
                macs.append(mac)

            yield add

    def add(self, entry: Entry) -> None:
        """One more entry."""
        with self.writing() as add:
            add(entry)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise StorageError(f"{self.file}: the audit trail cannot be written ({error.strerror}).") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # given back when the process ends, however it ends
            yield descriptor
        finally:
            os.close(descriptor)

    def _write(self, descriptor: int, line: str) -> None:
        rest = line.encode()
        try:
            while rest:  # a disk that is all but full takes a part first, without an error
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError as error:
            raise StorageError(f"{self.file}: the audit trail cannot be written ({error.strerror}).") from error

    def _read(self, content: bytes) -> Iterator[tuple[Entry, str]]:
        """The entries with their macs, each checked against the one before."""
        mac = ""
        for number, line in enumerate(content.split(b"\n")[:-1], 1):
            try:
                record = json.loads(line)
                told = record.pop("mac")
                entry = Entry(**record)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise IntegrityError(f"{self.file}, line {number}: no entry of the audit trail ({error!r}).") from error
            mac = self._mac(record, mac)
            if not hmac.compare_digest(mac, str(told)):
                raise IntegrityError(
                    f"{self.file}, line {number}: it, or a line before it, was changed or removed, or its key is "
                    "another one. Restore the file."
                )
            yield entry, mac

    def _mac(self, record: dict[str, object], before: str) -> str:
        content = before + json.dumps(record, sort_keys=True, ensure_ascii=False)
        return hmac.digest(self._key, content.encode(), "sha256").hex()


def approvals(entries: Sequence[Entry], label: str) -> tuple[Approval, ...]:
    """The champions of a label one after the other, the last one now; a rollback takes the newer ones away."""
    held: list[Approval] = []
    for place, entry in enumerate(entries):
        if entry.label != label or not entry.approves or entry.version is None:
            continue
        model = (entry.version, entry.sha256)
        known = [each for each in held if (each.version, each.sha256) == model]
        if entry.action == "rollback" and known:
            held = held[: held.index(known[-1]) + 1]
        if not held or (held[-1].version, held[-1].sha256) != model:
            held.append(Approval(*model, place))
    return tuple(held)


def last_promoted(entries: Sequence[Entry]) -> str | None:
    """The label with the newest champion, of those that had another one before; None where no label had."""
    held = {label: approvals(entries, label) for label in {entry.label for entry in entries}}
    undoable = [label for label, mine in held.items() if len(mine) > 1]
    return max(undoable, key=lambda label: held[label][-1].place, default=None)


def _key(key_env: str | None) -> bytes:
    if key_env is None:
        return b""
    key = os.environ.get(key_env, "")
    if not key:
        raise ConfigError(f"audit_key_env: the environment variable {key_env} is not set. It holds the trail's key.")
    return key.encode()
