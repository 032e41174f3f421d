"""Pages: they render with every gap, run nothing of the data, keep a strict policy, and name all they show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import jinja2
import pytest

from abm_ml.web import figures, filters, listing, rendering
from abm_ml.web.panels import Note, account_context
from abm_ml.web.program import program_of
from abm_ml.web.records import ListPage, ListQuery
from abm_ml.web.texts import texts
from tests.web import made_up

VOID = {"meta", "link", "input", "br", "hr", "img", "rect", "path", "circle", "polyline", "polygon"}
TEMPLATES = resources.files("abm_ml.web") / "templates"


class Reader(HTMLParser):
    """The tags of a page as a browser would see them; `open` is what nobody closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every tag that begins."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Every tag that ends; it is the one that began last."""
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Every tag that ends at once."""
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        """The tags of a name."""
        return [attrs for tag, attrs in self.tags if tag == name]


def list_page(query: ListQuery, **changed: Any) -> str:
    """The list."""
    shown = listing.Listing(query, ListPage(rows=changed.get("rows", made_up.rows()), total=134, capacity=25))
    return rendering.render(
        "accounts.html",
        **made_up.CONTEXT,
        listing=shown,
        views=listing.views(query),
        boxes=filters.boxes(shown, made_up.choices()),
        chips=filters.chips(shown, made_up.choices()),
    )


def account_page(name: str) -> str:
    """An account with that name."""
    note = Note(
        day=made_up.AS_OF, user=name, label="win", probability=0.4, verdict="disagree", because=name, estimate=0.6
    )
    context = account_context(made_up.account(name), made_up.models())
    return rendering.render(
        "account.html", **made_up.CONTEXT, back="/accounts", noted=True, notes=(note, note), **context
    )


def model_page() -> str:
    """The models, and one of them."""
    model = made_up.models()[0]
    pictures = {"reliability": figures.reliability_picture(model), "backtest": figures.backtest_picture(model)}
    return rendering.render("model.html", **made_up.CONTEXT, model=model, **pictures)


def program_page(definitions: Any = None) -> str:
    """The program."""
    program = program_of(
        made_up.program(), definitions or made_up.definitions(), stages=made_up.RUN.funnel, currency="EUR"
    )
    return rendering.render("program.html", **made_up.CONTEXT, program=program)


PAGES: dict[str, Callable[[], str]] = {
    "list": lambda: list_page(ListQuery(search=made_up.HOSTILE[1], industry=(made_up.HOSTILE[0],))),
    "top": lambda: list_page(ListQuery(capacity=True, page=6)),
    "movers": lambda: list_page(ListQuery(sort="change")),
    "empty": lambda: list_page(ListQuery(sort="change"), rows=()),
    **{f"account {place}": lambda name=name: account_page(name) for place, name in enumerate(made_up.HOSTILE)},
    "program": program_page,
    "models": lambda: rendering.render("models.html", **made_up.CONTEXT, models=made_up.models()),
    "model": model_page,
    "login": lambda: rendering.render("login.html", next='"><b>', error="No.", csrf="", oidc=True),
    "password": lambda: rendering.render("password.html", error=None, csrf="x", first=False, name=made_up.HOSTILE[0]),
    "error": lambda: rendering.render(
        "error.html", status=404, title=made_up.HOSTILE[0], advice="<b>", request_id="a1"
    ),
}


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    """Each page in turn."""
    return PAGES[request.param]()


def test_pages_are_well_formed(page: str) -> None:
    """Every tag ends, no id stands twice, every label and link within the page leads somewhere."""
    read = Reader(page)
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert read.open == []
    assert len(ids) == len(set(ids))
    inside = {str(attrs["href"])[1:] for attrs in read.all("a") if str(attrs.get("href")).startswith("#")}
    told = {
        name for _, attrs in read.tags for key in ("aria-labelledby", "aria-describedby") if (name := attrs.get(key))
    }
    assert (inside | told) <= set(ids)


def test_pages_keep_a_strict_policy(page: str) -> None:
    """No style, no script and no handler within a page; what is fetched comes from the page's own folder."""
    read = Reader(page)
    assert [attrs for _, attrs in read.tags if any(name == "style" or name.startswith("on") for name in attrs)] == []
    assert read.all("style") == []
    fetched = [attrs.get("src") or attrs.get("href") for tag in ("script", "link", "img") for attrs in read.all(tag)]
    assert [address for address in fetched if not str(address).startswith("/static/")] == []


def test_names_are_text(page: str) -> None:
    """Nothing of the data becomes a tag, an address that runs, or a template."""
    read = Reader(page)
    assert {tag for tag, _ in read.tags} & {"b", "img", "iframe", "script"} <= {"b", "script"}
    assert [attrs for attrs in read.all("script") if set(attrs) != {"src", "defer"}] == []
    assert "javascript:" not in "".join(str(attrs.get("href")) for attrs in read.all("a"))
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page


def test_names_are_no_templates() -> None:
    """Braces in a name stay braces."""
    page = account_page("{{7*7}} ${7*7}")
    assert page.count("{{7*7}} ${7*7}") >= 2


def test_every_field_has_a_name(page: str) -> None:
    """Fields stand in a label, pictures and tables that scroll have a name, the page has a title and one heading."""
    read = Reader(page)
    assert len(read.all("h1")) == 1
    assert [attrs for attrs in read.all("svg") if "aria-hidden" not in attrs and not attrs.get("aria-label")] == []
    bare = re.sub(r"<label.*?</label>", "", page, flags=re.DOTALL)
    assert re.findall(r'<(?:select|textarea|input(?! type="hidden"))[^>]*>', bare) == []


def test_forms_that_change_something_hold_the_token(page: str) -> None:
    """Every form that is posted bears what a forged one cannot."""
    forms = re.findall(r'<form[^>]*method="post".*?</form>', page, flags=re.DOTALL)
    assert [form for form in forms if 'name="csrf"' not in form] == []


def test_a_heading_for_every_score_and_what_it_says() -> None:
    """The account page says the number, its interval, grade, model, date and agreement in words."""
    page = account_page("Nordwerk GmbH")
    for told in ("44.5%", "40.5%", "49.5%", "win/7", "boosted trees", "Ready", "30 June 2026", "What you can change"):
        assert told in page
    assert "an association, not a promise" in page
    assert "more than was ever seen" in page


def test_too_little_data_is_said() -> None:
    """Where the interval is too wide the list says so instead of the interval."""
    page = list_page(ListQuery())
    assert page.count(texts()["list"]["too_few"]) == 1


def test_unknown_names_in_templates_are_errors() -> None:
    """A misspelt name never becomes an empty place."""
    with pytest.raises(jinja2.UndefinedError):
        rendering.render("login.html", next="", error=None)


def test_a_model_shows_its_mistakes() -> None:
    """What went wrong is on show, what was missed and what was in vain; also a date without a figure."""
    page = model_page()
    for told in ("thought unlikely", "thought likely", "2.5 ×", "2026-02-01"):  # noqa: RUF001  the sign of a multiple
        assert told in page


def test_movers_say_what_moved_them() -> None:
    """The list of movers shows the largest part of each change in place of the first reason."""
    movers, usual = list_page(ListQuery(sort="change")), list_page(ListQuery())
    assert "What moved it most" in movers
    assert "New activity: 2 meetings since then" in movers
    assert "New activity: 2 meetings since then" not in usual
    assert "typical is 0" not in movers


def test_a_model_shows_what_drifted() -> None:
    """How differently it is distributed, where, and whether that is much; or that nothing is, or nobody can tell."""
    page = model_page()
    for told in ("The scores themselves", "over 0.8", "30%", "0.40", "worth a look", "&lt;1%"):
        assert told in page
    model = made_up.models()[0]
    for drift, told in (
        ({"judged": 13, "found": []}, "Nothing has: "),
        ({"judged": 0, "found": []}, "nobody can tell"),
    ):
        steady = replace(model, figures={"drift": drift})
        assert told in rendering.render("model.html", **made_up.CONTEXT, model=steady, reliability=None, backtest=None)


def test_cards_are_harmless() -> None:
    """HTML in a model card is text, and its links lead nowhere; tables are tables."""
    card = rendering.markdown(made_up.CARD)
    assert "<script" not in card
    assert "href" not in card
    assert "<table>" in card


def used() -> set[str]:
    """The texts that templates name: group.key."""
    found: set[str] = set()
    for template in TEMPLATES.iterdir():
        found |= set(re.findall(r"\bt\.(\w+\.\w+)", template.read_text("utf-8")))
    return found


def test_every_text_that_is_named_exists() -> None:
    """A template names no text that is not there, and no text is a word of a dictionary's own."""
    known = {f"{group}.{key}" for group, words in texts().items() for key in words}
    assert {name for name in used() if name.split(".")[1] != "get"} - known == set()
    assert not {key for words in texts().values() for key in words} & set(dir({}))
