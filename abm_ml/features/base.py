"""What a feature is: a frozen record and one small function that sees rows, never time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import ibis.expr.types as ir

from abm_ml.catalogue import Catalogue, first_line
from abm_ml.errors import DefinitionError

Group = Literal["engagement", "penetration", "firmographic", "pipeline", "clients", "table"]
Direction = Literal["increasing", "decreasing"]
Kind = Literal["number", "category"]
MeasureName = Literal[
    "count", "total", "decayed", "distinct", "days_since", "days_since_first", "days_until", "latest"
]  # fmt: skip

ExpressionOf = Callable[[ir.Table], Any]

UNITS = frozenset(
    {
        "accounts", "category", "channels", "contacts", "contents", "contracts", "days", "deals", "employees",
        "engagements", "kinds", "levels", "money", "months", "moves", "orders", "points", "quantity", "ratio",
        "roles", "score", "seconds", "share", "stage", "surveys", "technologies", "weeks", "years", "yes/no",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Measure:
    """How the rows of a window become one number; the engine has one plan per measure.

    `if_none` is the value of an account without such rows (None: missing).
    """

    name: MeasureName
    if_none: float | None


count = Measure("count", 0.0)
total = Measure("total", 0.0)
decayed = Measure("decayed", 0.0)
distinct = Measure("distinct", 0.0)
days_since = Measure("days_since", None)
days_since_first = Measure("days_since_first", None)
days_until = Measure("days_until", None)
latest = Measure("latest", None)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One definition; with windows it is one column per window, named `<name>_<days>d`.

    `rows` names the facts it reads. `function` gives a per-row expression: a condition for count, a number for total
    and decayed, an id for distinct (null: the row does not count), a condition or a time for days_since (the last one
    counts) and days_since_first (the first one), a time for days_until (the last one), a value for latest (nulls do
    not count). `reason` is the phrase of an explanation and may use {value}, {days}, {typical} and {currency}, the
    reporting one. `half_life` is in days. `controllable` marks what a seller can change; `reads` names a `table.column`
    without whose past values the feature is left out; `monotone` says what a model must respect: "increasing" promises
    that more of it never makes a wanted outcome less likely, nor an unwanted one more. Without a `reason` it is hidden.
    """

    name: str
    group: Group
    definition: str
    rows: str
    measure: Measure
    function: ExpressionOf
    unit: str
    reason: str = ""
    windows: tuple[int, ...] = ()
    kind: Kind = "number"
    half_life: float | None = None
    reads: str | None = None
    controllable: bool = False
    monotone: Direction | None = None

    @property
    def hidden(self) -> bool:
        """Whether it only helps derived columns: nobody is told of it, and no model learns from it."""
        return not self.reason

    def column(self, days: int | None) -> str:
        """The column's name for a window."""
        return self.name if days is None else f"{self.name}_{days}d"

    @property
    def columns(self) -> tuple[tuple[str, int | None], ...]:
        """Its columns with their windows in days (None: ever)."""
        return tuple((self.column(days), days) for days in self.windows or (None,))


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A column made of finished columns: those of the same account and date, and null where one of them is.

    With `among` it is made of all accounts that are alike on the date, and its function is an aggregate of theirs:
    `among` names the columns that they share (none: all accounts are alike), and where one of those is null it is null.
    `of_others` says that it tells what other accounts do: nothing that the account itself does changes it. Without a
    `reason` it is hidden.
    """

    name: str
    group: Group
    definition: str
    needs: tuple[str, ...]
    function: ExpressionOf
    unit: str
    reason: str = ""
    among: tuple[str, ...] | None = None
    of_others: bool = False
    controllable: bool = False
    monotone: Direction | None = None
    kind: Kind = "number"

    @property
    def hidden(self) -> bool:
        """Whether it only helps other derived columns: nobody is told of it, and no model learns from it."""
        return not self.reason


FEATURES: Catalogue[Feature] = Catalogue("feature")
DERIVED: Catalogue[Derived] = Catalogue("feature")


class Family:
    """The features of one file: `feature = Family("engagement", rows="engagements").feature`."""

    def __init__(self, group: Group, *, rows: str) -> None:
        self.group = group
        self.rows = rows

    def feature(
        self, *, measure: Measure, unit: str, reason: str = "", **facts: Any
    ) -> Callable[[ExpressionOf], ExpressionOf]:
        """Takes the decorated function into the catalogue under its own name.

        Raises:
            DefinitionError: no docstring, an unknown unit, a doubled name, or a decayed measure without half-life.
        """

        def register(function: ExpressionOf) -> ExpressionOf:
            FEATURES.add(
                make_feature(
                    name=function.__name__,
                    group=self.group,
                    definition=first_line(function),
                    rows=self.rows,
                    measure=measure,
                    function=function,
                    unit=unit,
                    reason=reason,
                    **facts,
                )
            )
            return function

        return register


def make_feature(**facts: Any) -> Feature:
    """A checked feature record."""
    feature = Feature(**facts)
    if feature.unit not in UNITS:
        raise DefinitionError(f"Feature {feature.name}: '{feature.unit}' is no known unit. Known: {sorted(UNITS)}.")
    if (feature.half_life is None) == (feature.measure is decayed):
        raise DefinitionError(f"Feature {feature.name}: a half_life belongs to a decayed measure, and to no other.")
    if feature.name in DERIVED:
        raise DefinitionError(f"The feature '{feature.name}' is defined twice. Rename one of the two.")
    return feature


def derived(
    group: Group, *, needs: tuple[str, ...], unit: str, reason: str = "", **facts: Any
) -> Callable[[ExpressionOf], ExpressionOf]:
    """Takes the decorated function of finished columns into the catalogue under its own name.

    Raises:
        DefinitionError: no docstring, an unknown unit, or a doubled name.
    """

    def register(function: ExpressionOf) -> ExpressionOf:
        if function.__name__ in FEATURES or unit not in UNITS:
            raise DefinitionError(f"Feature {function.__name__}: defined twice, or '{unit}' is no known unit.")
        DERIVED.add(
            Derived(
                name=function.__name__,
                group=group,
                definition=first_line(function),
                needs=(*needs, *(facts.get("among") or ())),
                function=function,
                unit=unit,
                reason=reason,
                **facts,
            )
        )
        return function

    return register


def ratio(part: Any, whole: Any) -> Any:
    """A part over the whole; missing where the whole is 0 or missing."""
    return part / whole.nullif(0)
