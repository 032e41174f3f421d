"""Templates to pages: every text escaped, a misspelt name an error, all texts from one file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from abm_ml.web import formats, names
from abm_ml.web.panels import mover_of
from abm_ml.web.pictures import bars
from abm_ml.web.texts import said, texts
from abm_ml.wording import words_of

STATIC = "/static"

FILTERS: Mapping[str, Callable[..., Any]] = {
    "shown": names.shown,
    "plain": names.plain,
    "percent": formats.percent,
    "about": formats.about,
    "points": formats.points_of_tenths,
    "tenths_as_percent": formats.percent_of_tenths,
    "money": formats.money,
    "count": formats.count,
    "day": formats.day,
    "short_day": formats.short_day,
    "words": words_of,
    "path_part": lambda text: quote(text, safe=""),
}


def render(template: str, **context: Any) -> str:
    """A page as HTML; a name that neither the context nor the texts know is an error."""
    return _environment().get_template(template).render(context)


def static(name: str) -> str:
    """The address of a file of our own, with its version, so that it may be kept for long."""
    return f"{STATIC}/{name}?v={_version(name)}"


def text_of(name: str) -> str:
    """The text of a file of our own, for a page that stands alone."""
    return (resources.files("abm_ml.web") / "static" / name).read_text("utf-8")


def markdown(text: str) -> Markup:
    """Markdown as HTML, its headings one step lower than a page's own; HTML in it is shown as text, links too."""
    parser = _markdown()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1:]) + 1}"
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 -- the parser escapes all HTML


@cache
def _version(name: str) -> str:
    return hashlib.sha256(text_of(name).encode()).hexdigest()[:12]


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "link", "autolink"])
    # A wide table scrolls by itself, also by the keyboard.
    head = Markup('<div class="scroll" tabindex="0" role="region" aria-label="{}"><table>')
    parser.add_render_rule("table_open", lambda *_: head.format(texts()["models"]["card_table"]))
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    return parser


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("abm_ml.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= FILTERS
    environment.globals |= {
        "t": texts(),
        "said": said,
        "static": static,
        "number": formats.number,
        "interval": formats.interval,
        "link_of": names.link_of,
        "mover_of": mover_of,
        "interval_bar": bars.interval,
        "filled_bar": bars.filled,
        "markdown": markdown,
    }
    return environment
