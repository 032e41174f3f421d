"""Everything abm_ml refuses to do, in one small family.

    AbmError
    ├── ConfigError       2  a configuration, or the way a command was called, is wrong
    ├── UnknownName       2  a KPI, feature, label, table or command that does not exist
    ├── DefinitionError   2  a KPI, feature or label is written wrongly
    ├── SourceError       3  the data cannot be used as it is
    ├── GateRefused       4  the result is not good enough to be used
    ├── NotReady          5  something it depends on is not there: a champion, a server
    ├── IntegrityError    6  a stored file is not the one that was written
    ├── LockHeld          7  another job is doing this right now
    └── StorageError      8  a file or folder cannot be read or written

The number is the exit code of the command line. A message says what is wrong, where, what was
expected and what to do, in a sentence or two.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

_LISTED = 20


class AbmError(Exception):
    """The root: catch this to catch whatever abm_ml refuses."""

    exit_code: ClassVar[int] = 2


class ConfigError(AbmError, ValueError):
    """A configuration, or the way a command was called, is wrong."""


class UnknownName(AbmError, LookupError):
    """A name that no catalogue holds; the message offers the nearest one."""


class DefinitionError(AbmError, TypeError):
    """A KPI, feature or label is written wrongly; found when it is imported."""


class SourceError(AbmError, ValueError):
    """The data cannot be used as it is."""

    exit_code = 3


class GateRefused(AbmError, RuntimeError):
    """The result is not good enough to be used: too few events, one class, degenerate scores."""

    exit_code = 4


class NotReady(AbmError, RuntimeError):
    """Something that is needed is not there: a champion, a published run, a server, a package."""

    exit_code = 5


class IntegrityError(AbmError, RuntimeError):
    """A stored file is not the one that was written, or belongs to other definitions."""

    exit_code = 6


class LockHeld(AbmError, RuntimeError):
    """Another job is doing this right now."""

    exit_code = 7


class StorageError(AbmError, OSError):
    """A file or folder cannot be read or written."""

    exit_code = 8


def nearest(name: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The known name that is most like this one; capitals make no difference. None where none is like it.

    `likeness` is twice the shared letters over all letters of both names: 1 for the same name, 0 for nothing in common.
    """
    folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=likeness)
    return folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that offers the nearest known name, or lists what there is."""
    names = list(known)
    if (likely := nearest(name, names)) is not None:
        return f"Did you mean '{likely}'?"
    if not names:
        return "There is none."
    rest = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"There is: {', '.join(names[:_LISTED])}{rest}."
