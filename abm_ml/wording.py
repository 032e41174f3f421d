"""How numbers, KPIs and cuts are written for people: 40%, €1,200,000, 60 days, "In the program"."""

from __future__ import annotations

import html
import math
import re
import unicodedata

NOTHING = "–"  # noqa: RUF001 -- an en dash is what people read in an empty cell
# Until here from a definition's first words; a longer one is a sentence, no title.
_LONGEST_TITLE = 48
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_SHORT = {
    "seo": "SEO",
    "cac": "CAC",
    "clv": "CLV",
    "acv": "ACV",
    "roi": "ROI",
    "nps": "NPS",
    "csat": "CSAT",
    "tam": "TAM",
}
_STEPS = ((1e9, "bn"), (1e6, "M"), (1e3, "k"))
_LONG = 10_000
_CUTS = {
    "all": "All accounts",
    "program=in": "In the program",
    "program=out": "Out of the program",
    "lifecycle=none": "Neither target nor client",
}
_CONTINUED = {"In the program": "in the program", "Out of the program": "out of the program"}
# Cuts whose values say nothing without the cut's name.
_NAMED = ("tier", "cohort", "account", "campaign", "owner")
# Line breaks and control signs become spaces; what joins letters of Arabic, Persian and Indian scripts stays.
_BREAKS = ("Cc", "Zl", "Zp")
_JOINERS = ("\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}")
# Units that are said by the number itself, so that no word follows.
_WORDLESS = ("share", "money", "ratio", "index", "percentage points", "level", "")


def format_value(value: float | None, unit: str, currency: str) -> str:
    """A KPI's value as people read it, with its unit: 40%, €1,200, 60 days; a dash where there is none."""
    text = format_number(value, unit, currency)
    if text == NOTHING or unit in _WORDLESS:
        return text
    if unit == "money per day":
        return f"{text} per day"
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}"


def format_number(value: float | None, unit: str, currency: str) -> str:
    """A value without the word of its unit, for cells whose unit stands elsewhere."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if unit == "share":
        return f"{_plain(value * 100, decimals=1)}%"
    if unit == "percentage points":
        return f"{_plain(value * 100, decimals=1)} pp"
    return _money(value, currency) if unit.startswith("money") else _plain(value)


def format_short(value: float | None, unit: str, currency: str) -> str:
    """A value in few letters, for cards: €1.2M, 35.4k points, €900/day; else as `format_value` writes it."""
    if value is None or not math.isfinite(value) or abs(value) < _LONG:
        return format_value(value, unit, currency).replace(" per day", "/day")
    size, letter = next(step for step in _STEPS if abs(value) >= step[0])
    number = f"{value / size:.3g}{letter}"
    if unit.startswith("money"):
        return _with_symbol(number, currency) + ("/day" if unit == "money per day" else "")
    return number if unit in _WORDLESS else f"{number} {unit}"


def format_interval(low: float | None, high: float | None, unit: str, currency: str) -> str:
    """The 95 % interval in brackets; nothing where there is none."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"({format_number(low, unit, currency)} to {format_number(high, unit, currency)})"


def title_of(name: str, definition: str = "") -> str:
    """A KPI's title: what stands before the colon of its definition, else its name in words."""
    head, colon, _ = definition.partition(":")
    if colon and len(head) <= _LONGEST_TITLE:
        return head
    words = [_SHORT.get(word, word) for word in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]]) if words else name


def words_of(name: str) -> str:
    """A name as words: `red_hot` is Red hot."""
    text = _SHORT.get(name, name.replace("_", " ").strip())
    return text[:1].upper() + text[1:]


def cut_in_words(cut: str) -> str:
    """Whom a row is about: `tier=1, program=in` is Tier 1, in the program."""
    first, *rest = [_pair_in_words(pair) for pair in re.split(r", (?=[a-z_]+=)", cut)]
    return visible(", ".join([first, *(_CONTINUED.get(text, text) for text in rest)]))


def _pair_in_words(pair: str) -> str:
    key, _, value = pair.partition("=")
    if pair in _CUTS:
        return _CUTS[pair]
    if key in _NAMED or value == "unknown":
        return f"{words_of(key)} {value}"
    return words_of(value) if key in ("lifecycle", "stage") else value or pair


def visible(text: str) -> str:
    """Text of the data in one line, without signs that nobody sees or that turn the line around."""
    kept = [" " if unicodedata.category(sign) in _BREAKS else sign for sign in text if not _hidden(sign)]
    return " ".join("".join(kept).split()) or NOTHING


def shortened(text: str, longest: int = 28) -> str:
    """Text of the data that fits beside a bar."""
    text = visible(text)
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def in_picture(text: str) -> str:
    """Text of the data for a Plotly label, which would read tags in it."""
    return html.escape(visible(text), quote=False)


def _hidden(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cf", "Cs", "Co", "Cn") and sign not in _JOINERS


def _money(value: float, currency: str) -> str:
    return _with_symbol(f"{value:,.2f}" if 0 < abs(value) < 100 and value % 1 else f"{value:,.0f}", currency)


def _with_symbol(number: str, currency: str) -> str:
    sign, number = ("-", number[1:]) if number.startswith("-") else ("", number)
    symbol = _SYMBOLS.get(currency, f"{visible(currency)} " if currency else "")
    return f"{sign}{symbol}{number}"


def _plain(value: float, *, decimals: int = 2) -> str:
    """A number with thousands and as many decimals as say something."""
    size = abs(value)
    shown = 0 if size >= 100 else min(decimals, 1) if size >= 10 else decimals if size >= 1 else 2
    text = f"{value:,.{shown}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
