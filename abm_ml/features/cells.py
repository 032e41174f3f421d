"""Cells: what each feature reads of each row as it was known, said once per row, before any date or window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.features.base import Feature
from abm_ml.features.facts import Cut, as_known
from abm_ml.timeline import Facts, versions


@dataclass(frozen=True)
class Asked:
    """One kind of rows, the features that are asked of it, and what is made of a row as it is known."""

    facts: Facts
    features: tuple[Feature, ...]
    after_cut: Cut = as_known


@dataclass(frozen=True)
class Term:
    """What a feature reads of a row: whether it counts (null: no), and which value it brings; None is its own time."""

    counts: ir.BooleanValue
    value: ir.Value | None


def snapshots(dates: ir.Table, engine: Engine) -> tuple[dt.datetime, ...]:
    """The different times of a spine, ascending; of a spine without rows one that nobody asks about."""
    found = engine.compute(dates.select("as_of").distinct().order_by("as_of"))
    return tuple(found["as_of"].to_pylist()) or (dt.datetime(1970, 1, 1),)


def in_doubles(table: ir.Table) -> ir.Table:
    """The rows of a finished table: numbers of rows and things, which are written in four bytes, as doubles."""
    return table.cast({name: "float64" for name, kind in table.schema().items() if kind.is_integer()})


def known_rows(asked: Asked, moments: Sequence[dt.datetime]) -> ir.Table:
    """The versions of rows that any of the snapshots may see: `known_after` < snapshot <= `known_until`."""
    rows = asked.after_cut(versions(asked.facts))
    rows = rows.filter(rows.known_after < ibis.timestamp(moments[-1]))
    windows = [days for feature in asked.features for _, days in feature.columns]
    if None in windows:
        return rows
    first = moments[0] - dt.timedelta(days=max(days for days in windows if days))
    return rows.filter(rows.happened_at >= ibis.timestamp(first))


def term(feature: Feature, rows: ir.Table) -> Term:
    """What a feature reads of these rows."""
    said = feature.function(rows)
    if feature.measure.name == "count" or (feature.measure.name.startswith("days_since") and said.type().is_boolean()):
        return Term(said, None)
    counts, value = _split(said)
    there = value.notnull()
    return Term(there if counts is None else counts & there, value)


def _split(said: ir.Value) -> tuple[ir.BooleanValue | None, ir.Value]:
    """`condition.ifelse(value, None)` as condition and value, so that features share the values that they read."""
    choice = said.op()
    if isinstance(choice, ops.IfElse):
        condition = choice.bool_expr.to_expr()
        if _is_null(choice.false_null_expr):
            return condition, choice.true_expr.to_expr()
        if _is_null(choice.true_expr):
            return ~condition.fill_null(False), choice.false_null_expr.to_expr()
    return None, said


def _is_null(value: ops.Value) -> bool:
    while isinstance(value, ops.Cast):
        value = value.arg
    return isinstance(value, ops.Literal) and value.value is None
