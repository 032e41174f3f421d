"""The list and its address say the same."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ml.errors import ConfigError
from abm_ml.web.filters import boxes, chips
from abm_ml.web.listing import SIZES, Listing, address_of, query_of, views
from abm_ml.web.records import SORTS, ListPage, ListQuery
from tests.web import made_up

WORDS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20)
VALUES = st.lists(WORDS, max_size=3, unique=True).map(tuple)
QUERIES = st.builds(
    ListQuery,
    search=WORDS.map(str.strip),
    owner=VALUES,
    industry=VALUES,
    grade=VALUES,
    sort=st.sampled_from(SORTS),
    descending=st.booleans(),
    page=st.integers(1, 99_999),
    size=st.sampled_from(SIZES),
    capacity=st.booleans(),
)


def pairs_of(address: str) -> list[tuple[str, str]]:
    """What stands in an address."""
    return parse_qsl(urlsplit(address).query)


def listing(query: ListQuery, total: int = 134) -> Listing:
    """A list that was asked for."""
    return Listing(query, ListPage(rows=made_up.rows(), total=total, capacity=25))


@settings(max_examples=40, deadline=None)
@given(QUERIES)
def test_a_link_shows_the_same_list(query: ListQuery) -> None:
    """Whatever is asked stands in the address, in any script, and comes back from it."""
    assert query_of(pairs_of(address_of(query))) == query


def test_the_usual_list_has_a_short_address() -> None:
    """What is as usual does not stand in the address."""
    assert address_of(ListQuery()) == "/accounts"
    assert address_of(ListQuery(sort="name", descending=False)) == "/accounts?sort=name"


@pytest.mark.parametrize("text", ["score;--", "(select 1)", "", "Win"])
def test_orders_are_those_on_the_list(text: str) -> None:
    """An order that is none is refused."""
    with pytest.raises(ConfigError, match="order"):
        query_of([("sort", text)])


@pytest.mark.parametrize("text", ["0", "-1", "x", "9" * 40, "²", "1.5", ""])
def test_strange_pages_are_the_first(text: str) -> None:
    """A page that is none is the first one; a size that is not offered is the usual one."""
    assert query_of([("page", text), ("size", text)]) == ListQuery()


def test_answers_have_bounds() -> None:
    """A long search is cut, and of very many values the first are taken."""
    query = query_of([("search", "x" * 900), *(("tier", str(number)) for number in range(900))])
    assert (len(query.search), len(query.tier)) == (200, 50)


def test_a_column_turns_around() -> None:
    """A click on a column orders by it, the next one turns the order; words rise first, numbers fall first."""
    assert pairs_of(listing(ListQuery()).sorted_by("win")) == [("sort", "win")]
    assert pairs_of(listing(ListQuery(sort="win")).sorted_by("win")) == [("sort", "win"), ("order", "up")]
    assert pairs_of(listing(ListQuery()).sorted_by("name")) == [("sort", "name")]
    assert listing(ListQuery(sort="win")).order_of("win") == "descending"


def test_pages_and_rows_are_counted() -> None:
    """134 accounts are six pages of 25."""
    shown = listing(ListQuery(page=2))
    assert (shown.pages, shown.first, shown.last) == (6, 26, 25 + len(made_up.rows()))


def test_every_value_can_be_taken_away() -> None:
    """A chip leads to the list without its value, on the first page; the others stay."""
    query = ListQuery(search="nord", grade=("A", "B"), page=3)
    found = {chip.told: query_of(pairs_of(chip.address)) for chip in chips(listing(query), made_up.choices())}
    first = replace(query, page=1)
    assert found == {
        "Search: nord": replace(first, search=""),
        "Grade: A": replace(first, grade=("B",)),
        "Grade: B": replace(first, grade=("A",)),
    }


def test_filters_offer_what_there_is() -> None:
    """A value that is used stays ticked even if no account has it any more."""
    found = boxes(listing(ListQuery(industry=("Gone",))), made_up.choices())
    assert [box.value for box in found["industry"] if box.ticked] == ["Gone"]
    assert [box.told for box in found["level"]] == ["Cold", "Warm", "Hot", "Red hot"]


def test_ready_made_lists_keep_the_filters() -> None:
    """The top of one's capacity and the biggest movers are those of the filters that are set."""
    found = views(ListQuery(grade=("A",), capacity=True))
    assert {name: shown for name, (_, shown) in found.items()} == {"all": False, "top": True, "movers": False}
    assert query_of(pairs_of(found["movers"][0])) == ListQuery(grade=("A",), sort="change")
