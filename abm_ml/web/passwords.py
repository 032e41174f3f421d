"""Passwords: hashed with argon2id, refused where they are easily guessed, and made up where a first one is needed."""

from __future__ import annotations

import secrets
from functools import cached_property

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from abm_ml.errors import ConfigError

SHORTEST, LONGEST = 12, 256
_STRONG_ENOUGH = 3  # of zxcvbn's 0 to 4: safe from guessing online, and moderately so offline
_JUDGED = 72  # zxcvbn takes longer than linear time
_FIRST_BYTES = 15


class Passwords:
    """Hashes and checks passwords; a check takes as long for a user who is not there."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """The argon2id hash of a password, with its salt and settings."""
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Whether this is the password; never for a missing hash, which takes as long."""
        try:
            self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def first_password() -> str:
    """A random password of 120 bits in groups that can be read out."""
    text = secrets.token_hex(_FIRST_BYTES)
    return "-".join(text[start : start + 6] for start in range(0, len(text), 6))


def refuse_weak(password: str, name: str) -> None:
    """Refuses a password that is short, long beyond use, or soon guessed; any signs of any script are allowed.

    Raises:
        ConfigError: says what is wrong.
    """
    if len(password) < SHORTEST:
        raise ConfigError(f"A password has at least {SHORTEST} characters. A sentence is easy to keep in mind.")
    if len(password) > LONGEST:
        raise ConfigError(f"A password has at most {LONGEST} characters.")
    from zxcvbn import zxcvbn

    judged = zxcvbn(password[:_JUDGED], user_inputs=[name, "abm", "abm_ml", "abm-ml"], max_length=_JUDGED)
    if judged["score"] < _STRONG_ENOUGH:
        why = str(judged["feedback"]["warning"]).rstrip(".") or "it would soon be guessed"
        raise ConfigError(f"This password is too weak: {why}. Take four or more words that do not belong together.")
