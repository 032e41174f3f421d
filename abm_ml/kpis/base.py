"""What a KPI is: a frozen record and one small function of rows that have already been cut in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import ibis.expr.types as ir

from abm_ml.catalogue import Catalogue, first_line
from abm_ml.tables import Tables, Terms

KpiFamily = Literal["engagement", "coverage", "pipeline", "revenue", "retention"]
ThreeR = Literal["reputation", "relationship", "revenue"]


@dataclass(frozen=True)
class Period:
    """A company's rows of a period: per (account_id, as_of) of `dates`, what happened in the last `days` days."""

    tables: Tables
    terms: Terms
    dates: ir.Table
    days: int


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """One KPI by account: `function` gives account_id, as_of and `value` for the accounts that have one.

    `if_none` is the value of the others (None: no value, as where the denominator is zero).
    """

    name: str
    definition: str
    formula: str
    unit: str
    better: Literal["higher", "lower"]
    needs: tuple[str, ...]
    family: KpiFamily
    three_r: ThreeR
    function: Callable[[Period], ir.Table]
    if_none: float | str | None = None


KPIS: Catalogue[Kpi] = Catalogue("KPI")


def kpi(
    *, formula: str, unit: str, needs: tuple[str, ...], **facts: Any
) -> Callable[[Callable[[Period], ir.Table]], None]:
    """Takes the decorated function into the catalogue under its own name."""

    def register(function: Callable[[Period], ir.Table]) -> None:
        KPIS.add(
            Kpi(
                name=function.__name__,
                definition=first_line(function),
                formula=formula,
                unit=unit,
                needs=needs,
                function=function,
                **facts,
            )
        )

    return register
