"""What a KPI is: a frozen record and one small function of rows that are already cut in time and placed in periods."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import ibis.expr.types as ir

from abm_ml.catalogue import Catalogue, first_line
from abm_ml.errors import DefinitionError
from abm_ml.kpis.estimates import Estimate
from abm_ml.kpis.seen import Seen

KpiFamily = Literal["engagement", "coverage", "pipeline", "revenue", "retention", "steering"]
ThreeR = Literal["reputation", "relationship", "revenue"]
Measures = Mapping[str, Estimate]

# Between tables of which one is enough.
EITHER = "|"
# Where the value itself stands among what a KPI's function gives.
VALUE = "value"
# By what accounts are cut, and what that means; `campaign` is a column of some grains only.
ACCOUNT_CUTS = ("account", "tier", "industry", "size_band", "country", "lifecycle", "stage", "owner", "cohort")
# By what accounts in the program are compared with those outside: not by the program, nor account by account.
COMPARING_CUTS = tuple(cut for cut in ACCOUNT_CUTS if cut != "account")
CUTS: Mapping[str, str] = {
    "account": "the account's id",
    "tier": "the tier that the program gave, as it stood when the period ended",
    "industry": "the industry, as it stood when the period ended",
    "size_band": "1-9, 10-49, 50-249, 250-999, 1000-4999 or 5000+ employees, when the period ended",
    "country": "the country, as it stood when the period ended",
    "lifecycle": "target, prospect, client, lost or none when the period began; none for an account that came later",
    "stage": "the funnel stage when the period began",
    "owner": "the seller who owned the account when the period ended",
    "cohort": "the quarter in which the account entered the program",
    "campaign": "the campaign",
    "program": "in or out of the ABM program at the date of the event; accounts when the period ended, "
    "clients that are followed over it when it began",
}


@dataclass(frozen=True, kw_only=True)
class Grain:
    """What one row is that KPIs count: `function` gives the rows of all periods.

    They have `account_id`, `period` (its place), `program` (in or out) and what the KPIs read; a grain without
    accounts has none of the account cuts. `small` rows are computed once and kept.
    """

    name: str
    definition: str
    needs: tuple[str, ...]
    cuts: tuple[str, ...]
    small: bool
    function: Callable[[Seen], ir.Table]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A number that other KPIs are made of: `inputs` are its function's parameters, one grain or other parts."""

    name: str
    definition: str
    inputs: tuple[str, ...]
    function: Callable[..., Estimate | Measures]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Kpi(Part):
    """One KPI.

    `id` is its row in the KPI catalogue, `needs` are the tables (or table.column, or one of several: contracts|orders)
    without which it is not available.
    `each` names a column of its grain: the KPI is computed for each of its values, too, and only so where `whole` is
    false. `cuts` restricts what it can be cut by (empty: all that its grain can). `reference` is what vendors claim:
    a line on a chart, never pass or fail. `example` is a worked example that can be checked in the head.
    """

    id: str
    formula: str
    unit: str
    better: Literal["higher", "lower"]
    family: KpiFamily
    three_r: ThreeR
    example: str
    each: str | None = None
    whole: bool = True
    cuts: tuple[str, ...] = ()
    reference: str = ""


GRAINS: Catalogue[Grain] = Catalogue("grain")
PARTS: Catalogue[Part] = Catalogue("part of a KPI")
KPIS: Catalogue[Kpi] = Catalogue("KPI")


def grain(
    *, needs: tuple[str, ...], cuts: tuple[str, ...] = (*ACCOUNT_CUTS, "program"), small: bool = True
) -> Callable[[Callable[[Seen], ir.Table]], None]:
    """Takes the decorated function into the grains under its own name."""

    def register(function: Callable[[Seen], ir.Table]) -> None:
        GRAINS.add(
            Grain(
                name=function.__name__,
                definition=first_line(function),
                needs=needs,
                cuts=cuts,
                small=small,
                function=function,
            )
        )

    return register


def part(function: Callable[..., Estimate | Measures]) -> None:
    """Takes the decorated function into the parts that KPIs are made of, under its own name."""
    PARTS.add(_named(function, Part))


def kpi(**facts: Any) -> Callable[[Callable[..., Estimate | Measures]], None]:
    """Takes the decorated function into the catalogue under its own name.

    Its parameters say what it is computed from: one grain, whose rows it aggregates, or finished KPIs and parts.
    """

    def register(function: Callable[..., Estimate | Measures]) -> None:
        KPIS.add(_named(function, Kpi, **facts))

    return register


def _named(function: Callable[..., Estimate | Measures], record: type[Any], **facts: Any) -> Any:
    return record(
        name=function.__name__,
        definition=first_line(function),
        inputs=tuple(inspect.signature(function).parameters),
        function=function,
        **facts,
    )


def found(name: str) -> Part:
    """The KPI or part of that name."""
    return PARTS[name] if name in PARTS else KPIS[name]


def grain_of(what: Part) -> Grain | None:
    """The grain whose rows a KPI or part aggregates; None where it is made of finished ones."""
    named = [name for name in what.inputs if name in GRAINS]
    if named and len(what.inputs) > 1:
        raise DefinitionError(f"The KPI '{what.name}' takes one grain, or finished KPIs and parts; not both.")
    return GRAINS[named[0]] if named else None


def made_of(what: Part) -> tuple[Part, ...]:
    """The finished KPIs and parts that something is computed from; none where it aggregates a grain."""
    return () if grain_of(what) else tuple(found(name) for name in what.inputs)


def cuts_of(what: Part) -> tuple[str, ...]:
    """What a KPI or part can be cut by: all that it is made of can."""
    own = what.cuts if isinstance(what, Kpi) else ()
    if (rows := grain_of(what)) is not None:
        return tuple(cut for cut in CUTS if cut in rows.cuts and (not own or cut in own))
    possible = [cuts_of(each) for each in made_of(what)]
    return tuple(cut for cut in CUTS if all(cut in cuts for cuts in possible) and (not own or cut in own))
