"""Text of the data on a page: escaped, kept from turning its neighbours around, its hidden signs shown."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from abm_ml.wording import NOTHING

# What joins or parts letters of Arabic, Persian and Indian scripts is spelling there, and a trick elsewhere.
_JOINERS = ("\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}")
_JOINED = (
    "ARABIC", "SYRIAC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM",
)  # fmt: skip
_OPEN, _CLOSE = Markup("<bdi>"), Markup("</bdi>")
_SPACES = ("Zs", "Zl", "Zp")
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")
_TEXTS_KEPT = 4_096


def shown(text: object) -> Markup:
    """Text of the data as HTML: isolated in its own direction, every hidden sign as a badge with its number."""
    return _shown(_one_line(text))


@lru_cache(_TEXTS_KEPT)  # of a page's two hundred texts most are words of the field, the same on every page
def _shown(words: str) -> Markup:
    if words.isprintable():
        return _OPEN + words + _CLOSE
    parts = [
        Markup('<span class="sign" title="{}">{}</span>').format(_called(sign), _number(sign))
        if _is_hidden(words, place)
        else escape(sign)
        for place, sign in enumerate(words)
    ]
    return _OPEN + Markup("").join(parts) + _CLOSE


def plain(text: object) -> str:
    """The same where only text can stand, as in a title: hidden signs by their number."""
    words = _one_line(text)
    return "".join(f"[{_number(sign)}]" if _is_hidden(words, place) else sign for place, sign in enumerate(words))


def link_of(website: object) -> str | None:
    """An address that may be linked: http or https with a host, and nothing hidden in it; None for any other."""
    address = str(website or "").strip()
    if not address.isprintable() or not address.isascii() or any(sign in address for sign in " \\@"):
        return None
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and "." in (parts.hostname or "")
    return parts.geturl() if is_web else None


def _one_line(text: object) -> str:
    words = "" if text is None else str(text)
    if words.isprintable() and "  " not in words and words == words.strip() != "":
        return words
    spaced = (" " if sign in "\t\r\n" or unicodedata.category(sign) in _SPACES else sign for sign in words)
    return " ".join("".join(spaced).split()) or NOTHING


def _is_hidden(words: str, place: int) -> bool:
    sign = words[place]
    if unicodedata.category(sign) not in _HIDDEN:
        return False
    return sign not in _JOINERS or not (place and _joins(words[place - 1]))


def _joins(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_JOINED)


def _number(sign: str) -> str:
    return f"U+{ord(sign):04X}"


def _called(sign: str) -> str:
    return f"hidden sign: {unicodedata.name(sign, 'without a name').lower()}"
