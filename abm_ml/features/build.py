"""The feature table of a company at given dates: which features its tables allow, and their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.errors import DefinitionError
from abm_ml.features.base import DERIVED, FEATURES, Derived, Direction, Feature, Group, Kind
from abm_ml.features.facts import FACTS, unusable
from abm_ml.features.finish import finished
from abm_ml.features.own import own_features
from abm_ml.features.plain import aggregated
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import SPINE


@dataclass(frozen=True, kw_only=True)
class FeatureColumn:
    """One column of the feature table: what explanations and models need to know of it."""

    name: str
    feature: str
    group: Group
    days: int | None
    kind: Kind
    unit: str
    reason: str
    controllable: bool
    monotone: Direction | None


@dataclass(frozen=True)
class FeatureSet:
    """The features that a company's tables allow, in the catalogue's order."""

    features: tuple[Feature, ...]
    derived: tuple[Derived, ...]

    @property
    def columns(self) -> tuple[FeatureColumn, ...]:
        """Every column in its stable order."""
        windowed = [_described(each, column, days) for each in self.features for column, days in each.columns]
        return (*windowed, *(_described(each, each.name, None) for each in self.derived))

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in their stable order."""
        return tuple(column.name for column in self.columns)


def _described(each: Feature | Derived, column: str, days: int | None) -> FeatureColumn:
    return FeatureColumn(
        name=column,
        feature=each.name,
        group=each.group,
        days=days,
        kind=each.kind,
        unit=each.unit,
        reason=each.reason,
        controllable=each.controllable,
        monotone=each.monotone,
    )


def feature_set(tables: Tables, terms: Terms) -> FeatureSet:
    """The features of the catalogue, and those of the company's own kinds and columns, that its tables allow."""
    every = [*FEATURES, *own_features(tables, terms)]
    unknown = unusable(tables, terms)
    possible = tuple(
        each for each in every if all(need in tables for need in FACTS[each.rows].needs) and each.reads not in unknown
    )
    _refuse_doubles(possible)
    there = {column for each in possible for column, _ in each.columns} | {"as_of"}
    made = []
    for each in DERIVED:
        if there.issuperset(each.needs):
            made.append(each)
            there.add(each.name)
    return FeatureSet(possible, tuple(made))


def _refuse_doubles(features: tuple[Feature, ...]) -> None:
    names = [column for each in features for column, _ in each.columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DefinitionError(
            f"The feature column '{doubled[0]}' would stand twice: a kind or custom column bears a feature's name. "
            "Map it to another name."
        )


def feature_table(
    tables: Tables, terms: Terms, dates: ir.Table, engine: Engine, *, progress: Callable[[str], None]
) -> ir.Table:
    """account_id, as_of and every feature column, one row per row of `dates`.

    `dates` should hold every account known at a date: what is typical of the others is part of some features.
    """
    chosen = feature_set(tables, terms)
    table = dates.select(*SPINE)
    for source in FACTS:
        features = [each for each in chosen.features if each.rows == source.name]
        if not features:
            continue
        progress(source.name)
        values = engine.store(aggregated(features, source.build(tables, terms), dates, source.after_cut))
        table = table.left_join(values, list(SPINE)).drop("account_id_right", "as_of_right")
        table = table.mutate(**_defaults(features, table))
    table = finished(engine.store(table), chosen.derived, engine)
    return table.select(*SPINE, *chosen.names).order_by(list(SPINE))


def _defaults(features: list[Feature], table: ir.Table) -> dict[str, ir.Value]:
    return {
        column: table[column].fill_null(each.measure.if_none)
        for each in features
        if each.measure.if_none is not None
        for column, _ in each.columns
    }
