"""Text of the data on a page: harmless, apart, and without anything hidden."""

from __future__ import annotations

import pytest

from abm_ml.web.names import link_of, plain, shown


def test_text_is_escaped_and_isolated() -> None:
    """Markup in a name is text, and a name does not turn what stands beside it."""
    assert shown("<b>&\"'") == "<bdi>&lt;b&gt;&amp;&#34;&#39;</bdi>"


@pytest.mark.parametrize(
    "sign", ["\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ZERO WIDTH SPACE}", "\x1b", "\N{ZERO WIDTH JOINER}"]
)
def test_hidden_signs_are_shown(sign: str) -> None:
    """What nobody sees, or what turns the line around, stands there by its number, and not itself."""
    assert sign not in shown(f"Acme{sign}gpj.exe")
    assert f"U+{ord(sign):04X}" in shown(f"Acme{sign}gpj.exe")
    assert plain(f"Acme{sign}gpj.exe") == f"Acme[U+{ord(sign):04X}]gpj.exe"


def test_spelling_keeps_its_joiners() -> None:
    """What parts letters of Persian is spelling, no trick."""
    persian = "می\N{ZERO WIDTH NON-JOINER}خواهم"
    assert plain(persian) == persian


@pytest.mark.parametrize("name", ["华东科技有限公司", "شركة النور للتقنية", "Дніпро «Юг»", "O'Brien & Söhne"])
def test_every_script_stands_as_it_is(name: str) -> None:
    """Names in any script stay as they are written."""
    assert plain(name) == name


def test_lines_become_one() -> None:
    """A name with line breaks takes one line; an empty one is a dash."""
    assert plain(" Nord\r\n\twerk\N{NO-BREAK SPACE}GmbH ") == "Nord werk GmbH"
    assert plain("") == plain(None) == plain(" \n") == "–"  # noqa: RUF001  the dash of an empty cell


@pytest.mark.parametrize(
    "website",
    ["javascript:alert(1)", "data:text/html,x", "//evil", "file:///etc/passwd", "https://a@b.example", "http://a b.c",
     "https://", "", None, "https://[::1", "JaVaScRiPt:alert(1)//x.y", "https://acme\u202e.example"],
)  # fmt: skip
def test_only_web_addresses_are_linked(website: str | None) -> None:
    """A website that is no plain web address is shown and not linked."""
    assert link_of(website) is None


@pytest.mark.parametrize("website", ["nordwerk7.example", "https://nordwerk7.example/de?a=1", "http://x.example:8080"])
def test_web_addresses_are_linked(website: str) -> None:
    """A domain or web address is linked; one without a scheme by https."""
    assert link_of(website) == (website if "://" in website else f"https://{website}")
