"""Sentences for sales: what was done, against what is typical, without a number that needs explaining."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from abm_ml.features import DERIVED, FEATURES, FeatureColumn
from abm_ml.reasons.sentences import Sentence, display_name, effect, plain
from tests.reasons.conftest import columns_of

EVERY = columns_of(*[each.name for each in (*FEATURES, *DERIVED) if not each.hidden])


@pytest.mark.parametrize(
    ("column", "typical", "value", "words"),
    [
        ("meetings_held_30d", 0.0, 2.0, "2 meetings in the last 30 days; typical is 0"),
        ("meetings_held_30d", 0.0, 0.0, "No meetings in the last 30 days, as is typical"),
        ("meetings_held_30d", 0.0, 1.0, "1 meeting in the last 30 days; typical is 0"),
        ("contacts_known", 4.0, 1.0, "1 person known at the account; typical is 4"),
        ("days_since_engagement_365d", 41.0, 1.0, "Last engaged 1 day ago; typical is 41"),
        ("days_since_engagement_365d", 41.0, None, "Last engaged: not within 365 days; typical is 41 days"),
        ("employees", 1200.0, float("nan"), "Nothing known: people who work at the account; typical is 1,200"),
        ("annual_revenue", None, 1234567.8, "Annual revenue of 1,234,568"),
        ("in_program", 0.0, 1.0, "Inside the ABM program: yes; typical is no"),
        ("penetration_rate", 0.5, 0.333, "33% of the key people engaged in 90 days; typical is 50%"),
        ("industry", "Software", "Retail", "Industry Retail; typical is Software"),
        ("mean_order_amount", 10.0, 0.0, "0 EUR per order in a year; typical is 10"),
        ("open_amount", 1.0, 1.0, "Open deals worth 1 EUR, as is typical"),
    ],
)
def test_words(column: str, typical: object, value: object, words: str) -> None:
    """One, none, missing, yes and no, shares and money each read as people say them."""
    (found,) = [each for each in EVERY if each.name == column]
    assert Sentence(found, typical).words(value) == words  # type: ignore[arg-type]  # any cell value


@pytest.mark.parametrize("column", EVERY, ids=lambda column: column.name)
def test_every_column_can_speak(column: FeatureColumn) -> None:
    """No phrase of the catalogue leaves a brace, a NaN or a None in a sentence, whatever the value."""
    values = (0.0, 1.0, 2.5, None) if column.kind == "number" else ("x", None)
    said = [Sentence(column, typical).words(value) for value in values for typical in values]
    assert [words for words in said if words[0] != words[0].upper() or re.search(r"[{}]|\bnan\b|None", words)] == []


@pytest.mark.parametrize("hostile", ["{value} {days} {0}", "<script>alert(1)</script>", "精密 شركة", "$x^2$ %s \\1"])
def test_text_of_others_stays_as_it_is(hostile: str) -> None:
    """What a company wrote is shown, never read as a phrase, a pattern or a format."""
    assert Sentence(columns_of("industry")[0], hostile).words(hostile) == f"Industry {hostile}, as is typical"
    own = replace(columns_of("industry")[0], feature="custom_x", reason=f"odd {hostile[-3:]}: {{value}}")
    assert Sentence(own, None).words(hostile).endswith(f": {hostile}")


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (12.5, "12.5"), (0.1 + 0.2, "0.3"), (1234567.891, "1234567.89"), (-0.0, "0"), (1e-7, "0.0000001"),
     ("Manufacturing", "Manufacturing"), ("007", "007"), (None, None), (float("nan"), None), (True, "yes"),
     (100.0, "100")],
)  # fmt: skip
def test_values_as_text(value: object, text: str | None) -> None:
    """Whole numbers are whole, nothing is in powers of ten, a missing value is no text at all."""
    assert plain(value) == text  # type: ignore[arg-type]  # any cell value


def test_effects() -> None:
    """An effect too small to show is not called zero."""
    assert [effect(points) for points in (0.042, -0.0005, 0.0001, -0.0001, 0.0)] == [
        "+4.2 points", "-0.1 points", "under 0.1 points up", "under 0.1 points down", "no points"
    ]  # fmt: skip


def test_display_name() -> None:
    """A chart names a column in words."""
    assert display_name(columns_of("meetings_held")[0]) == "meetings held, 30 days"
