"""What the store gives of the whole company: the KPI report, its definitions, and the models of the run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from abm_ml.web.records import MOST_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiDefinition:
    """A KPI of the catalogue; `why` says what is missing where it is not available."""

    name: str
    place: int
    title: str
    definition: str
    formula: str
    unit: str
    better: str
    family: str
    three_r: str
    example: str
    reference: str
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiQuery:
    """Which rows of the KPI report: of one KPI, of one cut, and which page of them."""

    name: str | None = None
    cut: str | None = None
    page: int = 1
    size: int = MOST_ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShown:
    """A model of the run: what it asks, how good it is, its card (Markdown) and figures (by name, as plain values).

    `yes` and `no` are its outcomes in the plural; `wanted` is False where one hopes that it will not happen.
    """

    label: str
    question: str
    yes: str
    no: str
    wanted: bool
    horizon_days: int
    model: str
    rung: str
    word: str
    trained_as_of: dt.date | None
    base_probability: float
    card: str | None
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramKpi:
    """A row of the KPI report."""

    name: str
    measure: str
    part: str | None
    period_from: dt.date | None
    period_to: dt.date | None
    cut: str
    value: float | None
    low: float | None
    high: float | None
    of: float | None
    unit: str
    goal: float | None
    met: bool | None
    better: str
    family: str
    three_r: str
    note: str | None
