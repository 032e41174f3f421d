"""Errors: one family, one exit code each, and a sentence that helps."""

from __future__ import annotations

import pytest

from abm_ml import errors
from abm_ml.errors import AbmError, did_you_mean, nearest

CODES = {
    "AbmError": 2,
    "ConfigError": 2,
    "DefinitionError": 2,
    "GateRefused": 4,
    "IntegrityError": 6,
    "LockHeld": 7,
    "NotReady": 5,
    "SourceError": 3,
    "StorageError": 8,
    "UnknownName": 2,
}


def test_every_error_has_its_exit_code() -> None:
    """The codes are a contract with schedulers; a new error needs a line here."""
    family = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert {name: kind.exit_code for name, kind in family.items()} == CODES
    assert all(issubclass(kind, AbmError) for kind in family.values())


@pytest.mark.parametrize(
    ("error", "built_in"),
    [("ConfigError", ValueError), ("SourceError", ValueError), ("UnknownName", LookupError), ("StorageError", OSError)],
)
def test_an_error_is_also_the_built_in_it_resembles(error: str, built_in: type[Exception]) -> None:
    """Who catches ValueError around a configuration catches ours."""
    assert issubclass(getattr(errors, error), built_in)


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("meeting_held", ["meetings_held", "orders"], "Did you mean 'meetings_held'?"),
        ("WIN", ["win", "churn"], "Did you mean 'win'?"),
        ("zzz", ["win", "churn"], "There is: win, churn."),
        ("zzz", [], "There is none."),
        ("zzz", [str(n) for n in range(23)], f"There is: {', '.join(map(str, range(20)))} and 3 more."),
    ],
)
def test_did_you_mean(name: str, known: list[str], sentence: str) -> None:
    """The nearest name, else what there is; never more than twenty names."""
    assert did_you_mean(name, known) == sentence


def test_nearest_may_be_strict() -> None:
    """'notes' is somewhat like 'contents', but nobody meant it."""
    assert nearest("notes", ["contents"]) == "contents"
    assert nearest("notes", ["contents"], likeness=0.8) is None
