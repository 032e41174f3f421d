"""Numbers, cuts and text of the data as people read them."""

from __future__ import annotations

import pytest

from abm_ml.wording import (
    cut_in_words,
    format_interval,
    format_number,
    format_short,
    format_value,
    in_picture,
    shortened,
    title_of,
    visible,
    words_of,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.4, "share", "40%"),
        (0.1234, "share", "12.3%"),
        (0.00012, "share", "0.01%"),
        (0.15, "percentage points", "15 pp"),
        (1_200_000.0, "money", "€1,200,000"),
        (-1_234.5, "money", "-€1,234"),
        (49.5, "money", "€49.50"),
        (1_000.0, "money per day", "€1,000 per day"),
        (60.0, "days", "60 days"),
        (1.0, "days", "1 day"),
        (1.25, "ratio", "1.25"),
        (-0.001, "index", "0"),
        (None, "days", "–"),  # noqa: RUF001 -- the dash of an empty cell
        (float("nan"), "share", "–"),  # noqa: RUF001 -- the dash of an empty cell
        (float("inf"), "money", "–"),  # noqa: RUF001 -- the dash of an empty cell
    ],
)
def test_values_are_written_with_their_unit(value: float | None, unit: str, text: str) -> None:
    """Shares as percent, money with currency and thousands, all else with the word of its unit."""
    assert format_value(value, unit, "EUR") == text


def test_other_currencies_stand_as_codes() -> None:
    """Only currencies with a sign that everybody knows are shortened."""
    assert format_value(2_000, "money", "CHF") == "CHF 2,000"
    assert format_value(2_000, "money", "") == "2,000"


def test_short_values_fit_a_card() -> None:
    """Large numbers lose digits, small ones stay as they are."""
    assert [format_short(number, "money", "EUR") for number in (9_999, 35_400, 1_230_000, 2.5e9)] == [
        "€9,999",
        "€35.4k",
        "€1.23M",
        "€2.5bn",
    ]
    assert format_short(34_400, "money per day", "EUR") == "€34.4k/day"
    assert format_short(24_700, "points", "EUR") == "24.7k points"


def test_intervals_and_numbers_leave_out_the_unit() -> None:
    """Cells of a table whose unit stands in its head."""
    assert format_number(60, "days", "EUR") == "60"
    assert format_interval(0.2, 0.31, "share", "EUR") == "(20% to 31%)"
    assert format_interval(None, 0.31, "share", "EUR") == format_interval(float("nan"), 1, "share", "EUR") == ""


def test_titles_come_from_definitions() -> None:
    """What stands before the colon is the title; without one, the name in words."""
    assert title_of("win_rate", "Win rate: the deals won by the deals that closed.") == "Win rate"
    assert title_of("clv_to_cac") == "CLV to CAC"
    assert title_of("target_accounts", "Number of target accounts, and how many per salesperson.") == "Target accounts"
    assert (words_of("red_hot"), words_of("seo")) == ("Red hot", "SEO")


def test_cuts_are_said_in_words() -> None:
    """A cut is told as one would say it."""
    said = {
        "all": "All accounts",
        "program=in": "In the program",
        "tier=1": "Tier 1",
        "industry=Banks, Rome": "Banks, Rome",
        "tier=2, program=out": "Tier 2, out of the program",
        "tier=1, industry=Software": "Tier 1, Software",
        "industry=unknown": "Industry unknown",
        "lifecycle=client": "Client",
    }
    assert {cut: cut_in_words(cut) for cut in said} == said


def test_text_of_the_data_is_harmless() -> None:
    """No line breaks, no signs that turn the line around, no tags for Plotly; scripts of the world stay whole."""
    assert visible("a\nb\N{RIGHT-TO-LEFT OVERRIDE}c\N{LINE SEPARATOR}d\x00") == "a bc d"
    assert visible("می\N{ZERO WIDTH NON-JOINER}خواهم 上海") == "می\N{ZERO WIDTH NON-JOINER}خواهم 上海"
    assert in_picture("<b>A & B</b>") == "&lt;b&gt;A &amp; B&lt;/b&gt;"
    assert shortened("x" * 40, 10) == "x" * 9 + "…"
