"""The list and its address: every filter, the order and the page stand in it, so that a link shows the same list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from abm_ml.errors import ConfigError, did_you_mean
from abm_ml.web.records import SORTS, ListPage, ListQuery, Sort

PATH = "/accounts"
FILTERS = ("owner", "tier", "industry", "stage", "lifecycle", "grade", "level", "agreement")
SIZES = (25, 50, 100, 200)
_RISING_FIRST = ("name", "tier")
_LONGEST, _MOST_VALUES, _LAST_PAGE = 200, 50, 100_000
_DEFAULT = ListQuery()

Pairs = Sequence[tuple[str, str]]


def query_of(pairs: Pairs) -> ListQuery:
    """The question that an address asks.

    Raises:
        ConfigError: there is no such order of the list.
    """
    last = dict(pairs)
    sort: Any = last.get("sort", _DEFAULT.sort)
    if sort not in SORTS:
        raise ConfigError(f"The list has no order '{sort[:_LONGEST]}'. {did_you_mean(sort[:_LONGEST], SORTS)}")
    rising = last.get("order", "up" if sort in _RISING_FIRST else "down") == "up"
    return ListQuery(
        search=last.get("search", "").strip()[:_LONGEST],
        **{name: _values(pairs, name) for name in FILTERS},
        sort=sort,
        descending=not rising,
        page=_whole(last.get("page", ""), most=_LAST_PAGE) or 1,
        size=size if (size := _whole(last.get("size", ""), most=SIZES[-1])) in SIZES else _DEFAULT.size,
        capacity=last.get("top") == "1",
    )


def address_of(query: ListQuery, path: str = PATH) -> str:
    """The address of a question; what is as usual does not stand in it."""
    rises, usually = not query.descending, query.sort in _RISING_FIRST
    pairs: list[tuple[str, str]] = [("search", query.search)] if query.search else []
    pairs += [(name, value) for name in FILTERS for value in getattr(query, name)]
    said = {
        "sort": query.sort if query.sort != _DEFAULT.sort or rises != usually else "",
        "order": ("up" if rises else "down") if rises != usually else "",
        "page": str(query.page) if query.page != _DEFAULT.page else "",
        "size": str(query.size) if query.size != _DEFAULT.size else "",
        "top": "1" if query.capacity else "",
    }
    pairs += [(name, value) for name, value in said.items() if value]
    return f"{path}?{urlencode(pairs)}" if pairs else path


@dataclass(frozen=True, slots=True)
class Listing:
    """A question with its answer, and the addresses that lead on from it."""

    query: ListQuery
    page: ListPage

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.page.total // self.query.size))

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.query.page - 1) * self.query.size + 1

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.first + len(self.page.rows) - 1

    @property
    def address(self) -> str:
        """Its own address."""
        return address_of(self.query)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out by a search or filter."""
        return bool(self.query.search or any(getattr(self.query, name) for name in FILTERS))

    @property
    def filters_on(self) -> int:
        """How many filters are used."""
        return sum(bool(getattr(self.query, name)) for name in FILTERS)

    def turned_to(self, number: int) -> str:
        """The address of another page."""
        return address_of(replace(self.query, page=number))

    def sorted_by(self, sort: Sort) -> str:
        """The address of the list in another order; of the same order, turned around."""
        rising = sort in _RISING_FIRST if sort != self.query.sort else self.query.descending
        return address_of(replace(self.query, sort=sort, descending=not rising, page=1))

    def order_of(self, sort: Sort) -> str | None:
        """How the list is ordered by a column, in the words of ARIA; None where it is not."""
        if sort != self.query.sort:
            return None
        return "descending" if self.query.descending else "ascending"

    def without(self, name: str, value: str = "") -> str:
        """The address without one value of a filter, or without the search."""
        kept: Any = "" if name == "search" else tuple(each for each in getattr(self.query, name) if each != value)
        return address_of(replace(self.query, **{name: kept}, page=1))

    def exported(self, kind: str) -> str:
        """The address of the same rows as a file."""
        return address_of(replace(self.query, page=1, size=_DEFAULT.size), f"{PATH}/export.{kind}")

    def in_use(self) -> Iterable[tuple[str, str]]:
        """Every value of every filter that is used."""
        return [(name, value) for name in FILTERS for value in getattr(self.query, name)]


def views(query: ListQuery) -> Mapping[str, tuple[str, bool]]:
    """The ready-made lists by name, each with its address and whether it is the one shown."""
    kept = {name: getattr(query, name) for name in ("search", *FILTERS, "size")}
    ready = {
        "all": ListQuery(**kept),
        "top": ListQuery(**kept, capacity=True),
        "movers": ListQuery(**kept, sort="change"),
    }
    shown = "top" if query.capacity else "movers" if query.sort == "change" else "all"
    return {name: (address_of(each), name == shown) for name, each in ready.items()}


def _values(pairs: Pairs, name: str) -> tuple[str, ...]:
    found = [value[:_LONGEST] for key, value in pairs if key == name and value]
    return tuple(dict.fromkeys(found))[:_MOST_VALUES]


def _whole(text: str, *, most: int) -> int:
    """A whole number as it was typed; 0 where it is none."""
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 10 else 0
