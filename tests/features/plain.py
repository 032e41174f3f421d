"""The plain plan, the oracle of all others: join each date with the rows known then, aggregate per window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import ibis
import ibis.expr.types as ir

from abm_ml.features.base import Feature, MeasureName
from abm_ml.features.cells import Asked
from abm_ml.tables.money import MONEY
from abm_ml.timeline import SPINE, Facts, days_before, known, within

# Sums of decimals do not depend on the order of rows; 18 places hold a decayed point after ten years.
_EXACT = "decimal(38, 18)"


def table_of(asked: Sequence[Asked], dates: ir.Table) -> ir.Table:
    """One row per row of `dates`: account_id, as_of and every column; without rows the measure's stated value."""
    table = dates.select(*SPINE)
    for each in asked:
        values = aggregated(each.features, each.facts, dates, each.after_cut)
        table = table.left_join(values, list(SPINE)).drop("account_id_right", "as_of_right")
        defaults = {column: value for column, value in if_none(each.features).items() if value is not None}
        table = table.mutate(**{column: table[column].fill_null(value) for column, value in defaults.items()})
    return table


def if_none(features: Iterable[Feature]) -> dict[str, float | None]:
    """By column, the value of an account without rows."""
    return {column: feature.measure.if_none for feature in features for column, _ in feature.columns}


def aggregated(
    features: Iterable[Feature], facts: Facts, dates: ir.Table, after_cut: Callable[[ir.Table], ir.Table]
) -> ir.Table:
    """One row per (account_id, as_of) that has any known row, one column per feature and window."""
    chosen = list(features)
    rows = after_cut(known(facts, dates))
    windows = [days for feature in chosen for _, days in feature.columns]
    if None not in windows:
        rows = rows.filter(within(rows, max(days for days in windows if days)))
    if any(feature.measure.name == "latest" for feature in chosen):
        rows = _in_order(rows, facts)
    columns = {
        column: _MEASURES[feature.measure.name](feature, rows, within(rows, days))
        for feature in chosen
        for column, days in feature.columns
    }
    return rows.group_by(list(SPINE)).aggregate(**columns)


def _in_order(rows: ir.Table, facts: Facts) -> ir.Table:
    order = ibis.window(group_by=list(SPINE), order_by=["happened_at", "known_at", *facts.order])
    return rows.mutate(_place=ibis.row_number().over(order))


def _count(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    return (feature.function(rows) & inside).sum().cast("float64")


def _total(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    value = feature.function(rows).cast(MONEY)
    return value.sum(where=inside).cast("float64")


def _decayed(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    age = days_before(rows, rows.happened_at)
    weight = ibis.literal(2.0) ** (-age / ibis.literal(float(feature.half_life or 1)))
    return (feature.function(rows) * weight).cast(_EXACT).sum(where=inside).cast("float64")


def _distinct(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    return feature.function(rows).nunique(where=inside).cast("float64")


def _days_since(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    value = feature.function(rows)
    time = value.ifelse(rows.happened_at, None) if value.type().is_boolean() else value
    # Every row of a group has the same `as_of`, so the least distance is that of the last time.
    return days_before(rows, time).min(where=inside)


def _days_since_first(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    value = feature.function(rows)
    time = value.ifelse(rows.happened_at, None) if value.type().is_boolean() else value
    return days_before(rows, time).max(where=inside)


def _days_until(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    return -days_before(rows, feature.function(rows)).min(where=inside)


def _latest(feature: Feature, rows: ir.Table, inside: ir.BooleanValue) -> ir.Value:
    value = feature.function(rows)
    last = value.argmax(rows["_place"], where=inside & value.notnull())
    return last.cast("string") if feature.kind == "category" else last.cast("float64")


_MEASURES: dict[MeasureName, Callable[[Feature, ir.Table, ir.BooleanValue], ir.Value]] = {
    "count": _count,
    "total": _total,
    "decayed": _decayed,
    "distinct": _distinct,
    "days_since": _days_since,
    "days_since_first": _days_since_first,
    "days_until": _days_until,
    "latest": _latest,
}
