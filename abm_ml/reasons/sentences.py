"""One feature's value as a sentence: what this account did, against what is typical, and its effect."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from abm_ml.features import DERIVED, FEATURES, FeatureColumn

Value = float | bool | str | None

_TOKEN = re.compile(r"\{(value|days|typical)(?::([^{}]*))?\}")
_LAST = re.compile(r"(last .+) \{value[^{}]*\} days ago")
_COUNTED_END = re.compile(r"\b(?:ago|at|between|by|for|from|in|of|on|over|per|so|to|with)\b")
_ASIDE = re.compile(r" ?\([^()]*\)|[;:].*")
_NEVER_NO = frozenset({"days", "money", "months", "seconds", "weeks", "years"})  # "0 days", not "no days"
SMALLEST_SHOWN = 0.05  # in points of a hundred: below it, one decimal shows 0.0


@dataclass(frozen=True)
class Sentence:
    """How one column is put in words; `typical` is its usual value among the accounts that taught the model.

    What does not depend on the value is worked out once: values are many.
    """

    column: FeatureColumn
    typical: Value

    def words(self, value: Value) -> str:
        """The sentence without its effect: "2 meetings in the last 30 days; typical is 0"."""
        if _is_missing(value):
            return self._unknown
        shown = self._shown(value)
        return self._phrase(value, shown) + self._against(shown)

    def _phrase(self, value: Value, shown: str) -> str:
        column = self.column
        before, after = self._around
        if shown == "1" and column.kind == "number":
            after = self._after_one
        elif shown == "0" and not before and value == 0 and column.unit not in _NEVER_NO:
            shown = "no"
        text = before + (shown if _TOKEN.search(column.reason) else "") + after
        return text if column.kind == "category" and not before else _capital(text)

    def _against(self, shown: str) -> str:
        if self._usual is None:
            return ""
        return ", as is typical" if shown == self._usual else f"; typical is {self._usual}"

    @cached_property
    def _around(self) -> tuple[str, str]:
        before, after = _halves(self.column.reason)
        return self._filled(before), self._filled(after)

    @cached_property
    def _after_one(self) -> str:
        return self._filled(_singular(_halves(self.column.reason)[1]))

    @cached_property
    def _usual(self) -> str | None:
        """What is typical; None if nobody knows, or the phrase says it."""
        if _is_missing(self.typical) or "{typical" in self.column.reason:
            return None
        return self._shown(self.typical)

    @cached_property
    def _unknown(self) -> str:
        days = {True: " day" if self._usual == "1" else " days"}.get(self.column.unit == "days", "")
        typical = "" if self._usual is None else f"; typical is {self._usual}{days}"
        last = _LAST.fullmatch(self.column.reason)
        if last:
            within = f"not within {self.column.days} days" if self.column.days else "never, as far as known"
            return f"{_capital(last[1])}: {within}{typical}"
        return f"Nothing known: {definition_of(self.column)}{typical}"

    def _filled(self, part: str) -> str:
        """A part of the phrase with its window and what is typical; the value itself is never read as a phrase."""
        known = {"days": str(self.column.days), "typical": self._shown(self.typical)}
        return _TOKEN.sub(lambda token: known.get(token[1], token[0]), part)

    def _shown(self, value: Value) -> str:
        if self.column.kind == "category" or isinstance(value, str) or _is_missing(value):
            return plain(value) or "unknown"
        if self.column.unit == "yes/no" or isinstance(value, bool):
            return "yes" if value else "no"
        spec = _format_of(self.column.reason)
        return format(float(value or 0.0), spec) if spec else plain(value) or ""


def definition_of(column: FeatureColumn) -> str:
    """What a column measures, as the catalogue defines it, to stand inside a sentence; else its name in words."""
    for catalogue in (FEATURES, DERIVED):
        if column.feature in catalogue:
            text = _ASIDE.sub("", catalogue[column.feature].definition).rstrip(".")
            window = f" (in {column.days} days)" if column.days and "days" not in text else ""
            return text[:1].lower() + text[1:] + window
    return display_name(column)


def display_name(column: FeatureColumn) -> str:
    """A column's name for a chart: "meetings held, 30 days"."""
    name = column.feature.removeprefix("custom_").removeprefix("kind_").replace("_", " ")
    return f"{name}, {column.days} days" if column.days else name


def effect(points: float) -> str:
    """A contribution in words: "+4.2 points" out of a hundred."""
    hundredths = 100.0 * points
    if abs(hundredths) < SMALLEST_SHOWN:
        return "under 0.1 points up" if points > 0 else "under 0.1 points down" if points < 0 else "no points"
    return f"{hundredths:+.1f} points"


def plain(value: Value) -> str | None:
    """A value as text that loses nothing a reader needs: whole numbers whole, others to six digits or two decimals.

    Yes and no for a flag, a category as it is, None where it is missing.
    """
    if _is_missing(value):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    number = float(value or 0.0)
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    digits = f"{number:.2f}" if abs(number) >= 1e4 else f"{number:.6g}"
    if "e" in digits:
        digits = np.format_float_positional(float(digits), trim="-")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _is_missing(value: Value) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


@cache
def _format_of(reason: str) -> str | None:
    """How the phrase wants its value written, as in "{value:.1f}"; phrases are few and values are many."""
    return next((token[2] for token in _TOKEN.finditer(reason) if token[1] == "value"), None)


@cache
def _halves(reason: str) -> tuple[str, str]:
    """The phrase before its value, and after it."""
    for token in _TOKEN.finditer(reason):
        if token[1] == "value":
            return reason[: token.start()], reason[token.end() :]
    return reason, ""


def _singular(after: str) -> str:
    """What follows the number one: "meetings in 30 days" becomes "meeting in 30 days"."""
    end = _COUNTED_END.search(after)
    counted, rest = (after[: end.start()], after[end.start() :]) if end else (after, "")
    return " ".join(_one(word) for word in counted.split(" ")) + rest


def _one(word: str) -> str:
    if word == "people":
        return "person"
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text[:1].isascii() else text
