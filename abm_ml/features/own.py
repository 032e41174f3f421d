"""A company's own features: its own kinds of engagement, and the custom columns of its tables."""

from __future__ import annotations

from typing import Any

from abm_ml.features.base import ExpressionOf, Feature, Group, count, days_since, latest, make_feature, total
from abm_ml.features.facts import unusable
from abm_ml.tables import Tables, Terms
from abm_ml.tables.terms import DEFAULT_POINTS

_CUSTOM_ROWS: dict[str, tuple[str, Group]] = {
    "accounts": ("accounts", "firmographic"),
    "opportunities": ("deals", "pipeline"),
    "contracts": ("contracts", "clients"),
}


def own_features(tables: Tables, terms: Terms) -> list[Feature]:
    """Counts, recency and quantity of each kind that only this company's configuration names; its custom columns."""
    kinds = sorted(set(terms.engagement.points) - set(DEFAULT_POINTS))
    return [each for kind in kinds for each in _of_kind(kind)] + _of_columns(tables, terms)


def _of_kind(kind: str) -> list[Feature]:
    words = kind.replace("_", " ")
    is_kind = _kind_is(kind)
    common: dict[str, Any] = {"group": "engagement", "rows": "engagements"}
    return [
        make_feature(
            name=f"kind_{kind}", definition=f"Engagements of the kind {words}.", measure=count, function=is_kind,
            windows=(7, 30, 90), unit="engagements", reason=f"{words}: {{value:.0f}} times in {{days}} days", **common,
        ),
        make_feature(
            name=f"days_since_kind_{kind}", definition=f"Days since the last engagement of the kind {words}.",
            measure=days_since, function=is_kind, windows=(365,), unit="days",
            reason=f"last {words} {{value:.0f}} days ago", **common,
        ),
        make_feature(
            name=f"quantity_{kind}", definition=f"Quantity over all engagements of the kind {words}.", measure=total,
            function=_quantity_of(kind), windows=(90, 365), unit="quantity",
            reason=f"{words}: a quantity of {{value:,.0f}} in {{days}} days", **common,
        ),
        make_feature(
            name=f"seconds_{kind}", definition=f"Seconds spent on engagements of the kind {words}.", measure=total,
            function=_seconds_of(kind), windows=(30, 90), unit="seconds",
            reason=f"{words}: {{value:,.0f}} seconds in {{days}} days", **common,
        ),
    ]  # fmt: skip


def _kind_is(kind: str) -> ExpressionOf:
    return lambda e: e.kind == kind


def _quantity_of(kind: str) -> ExpressionOf:
    return lambda e: (e.kind == kind).ifelse(e.quantity, None)


def _seconds_of(kind: str) -> ExpressionOf:
    return lambda e: (e.kind == kind).ifelse(e.seconds, None)


def _of_columns(tables: Tables, terms: Terms) -> list[Feature]:
    left_out = unusable(tables, terms)
    return [
        _of_column(name, column, tables[name][column].type())
        for name in _CUSTOM_ROWS
        for column in tables.custom(name)
        if f"{name}.{column}" not in left_out
    ]


def _of_column(table: str, column: str, kind: Any) -> Feature:
    rows, group = _CUSTOM_ROWS[table]
    words = column.replace("_", " ")
    common: dict[str, Any] = {
        "name": f"custom_{column}" if table == "accounts" else f"custom_{table}_{column}",
        "group": group, "definition": f"The custom column {words} of {table}, as last known.", "rows": rows,
        "function": _cell(column),
    }  # fmt: skip
    if kind.is_timestamp():
        return make_feature(measure=days_since, unit="days", reason=f"{words} {{value:.0f}} days ago", **common)
    if kind.is_string():
        return make_feature(measure=latest, kind="category", unit="category", reason=f"{words}: {{value}}", **common)
    return make_feature(measure=latest, unit="quantity", reason=f"{words}: {{value:,.4g}}", **common)


def _cell(column: str) -> ExpressionOf:
    return lambda rows: rows[column]
