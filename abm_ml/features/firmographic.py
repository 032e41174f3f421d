"""Firmographic: who the account is, as known on the date."""

from __future__ import annotations

from typing import Any

import ibis

from abm_ml.features.base import Family, days_since, latest

feature = Family("firmographic", rows="accounts").feature

_ASKED = ("domain", "industry", "country", "employees", "annual_revenue", "founded_year", "technologies", "tier")


@feature(measure=latest, kind="category", unit="category", reason="industry {value}")
def industry(a: Any) -> Any:
    """The account's industry."""
    return a.industry


@feature(measure=latest, kind="category", unit="category", reason="country {value}")
def country(a: Any) -> Any:
    """The account's country."""
    return a.country


@feature(measure=latest, kind="category", unit="category", reason="tier {value}")
def tier(a: Any) -> Any:
    """The tier that the program gave to the account."""
    return a.tier


@feature(measure=latest, kind="category", unit="category", reason="territory {value}")
def territory(a: Any) -> Any:
    """The sales territory of the account."""
    return a.territory


@feature(measure=latest, unit="employees", reason="{value:,.0f} employees")
def employees(a: Any) -> Any:
    """People who work at the account."""
    return a.employees


@feature(measure=latest, unit="money", reason="annual revenue of {value:,.0f}")
def annual_revenue(a: Any) -> Any:
    """The account's revenue in a year, as the source states it."""
    return a.annual_revenue


@feature(measure=latest, unit="years", reason="founded in {value:.0f}")
def founded_year(a: Any) -> Any:
    """The year in which the account was founded."""
    return a.founded_year


@feature(measure=latest, unit="technologies", reason="{value:.0f} technologies in use")
def technologies(a: Any) -> Any:
    """Technologies that the account is known to use (separated by ; in the source)."""
    return a.technologies.length() - a.technologies.replace(";", "").length() + 1


@feature(measure=latest, unit="yes/no", reason="part of a larger group: {value:.0f}")
def has_parent(a: Any) -> Any:
    """Whether the account belongs to another account: 1 yes, 0 no."""
    return a.parent_account_id.notnull().cast("int8")


@feature(measure=latest, unit="yes/no", reason="inside the ABM program: {value:.0f}", controllable=True)
def in_program(a: Any) -> Any:
    """Whether the account is inside the ABM program on the date: 1 yes, 0 no."""
    return (a.program_begun.notnull() & a.program_ended.isnull()).cast("int8")


@feature(measure=days_since, unit="days", reason="in the ABM program for {value:.0f} days")
def days_in_program(a: Any) -> Any:
    """Days since the account entered the ABM program; missing outside it."""
    return a.program_ended.isnull().ifelse(a.program_begun, None)


@feature(measure=days_since, unit="days", reason="known to us for {value:.0f} days")
def days_known(a: Any) -> Any:
    """Days since the account was created."""
    return a.created_at


@feature(measure=latest, unit="share", reason="{value:.0%} of the account's facts are known", controllable=True)
def completeness(a: Any) -> Any:
    """Share of the firmographic facts that are filled (part of KPI coverage)."""
    return sum((a[name].notnull().cast("int8") for name in _ASKED), ibis.literal(0)) / len(_ASKED)
