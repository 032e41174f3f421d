"""The feature table of a company at given dates: which features its tables allow, and their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.errors import DefinitionError
from abm_ml.features import local, portable
from abm_ml.features.base import DERIVED, FEATURES, Derived, Direction, Feature, Group, Kind
from abm_ml.features.cells import Asked
from abm_ml.features.facts import FACTS, unusable
from abm_ml.features.finish import Comparisons, comparisons, completed
from abm_ml.features.own import own_features
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import SPINE

# The tables in which rows may be supposed: no feature of another kind of rows reads them.
CHANGING = ("engagements", "contacts")


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
    """The features that a company's tables allow, in the catalogue's order; `currency` is that of their amounts."""

    features: tuple[Feature, ...]
    derived: tuple[Derived, ...]
    currency: str

    @property
    def columns(self) -> tuple[FeatureColumn, ...]:
        """Every column in its stable order, but for those that only help others."""
        told = [each for each in self.features if not each.hidden]
        windowed = [self._described(each, column, days) for each in told for column, days in each.columns]
        return (*windowed, *(self._described(each, each.name, None) for each in self.derived if not each.hidden))

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in their stable order."""
        return tuple(column.name for column in self.columns)

    def _described(self, each: Feature | Derived, column: str, days: int | None) -> FeatureColumn:
        return FeatureColumn(
            name=column,
            feature=each.name,
            group=each.group,
            days=days,
            kind=each.kind,
            unit=each.unit,
            reason=each.reason.replace("{currency}", self.currency),
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
    return FeatureSet(possible, tuple(made), terms.currency)


def _refuse_doubles(features: tuple[Feature, ...]) -> None:
    names = [column for each in features for column, _ in each.columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DefinitionError(
            f"The feature column '{doubled[0]}' would stand twice: a kind or custom column bears a feature's name. "
            "Map it to another name."
        )


@dataclass(frozen=True)
class FeatureTable:
    """account_id, as_of and every feature column: all `rows` in no order, and the same rows in `parts`.

    A part holds neighbouring accounts, in the order of account_id, and is small enough for memory. `measured` has what
    was measured of each account, and `against` what accounts are set against; of both the rest is made.
    """

    rows: ir.Table
    parts: tuple[ir.Table, ...]
    measured: ir.Table
    against: Comparisons

    def between(self, first: str, last: str) -> FeatureTable:
        """The accounts of a range of ids, set against the same others."""
        rows, measured = (table.filter(table.account_id.between(first, last)) for table in (self.rows, self.measured))
        return replace(self, rows=rows, measured=measured, parts=(rows,))


def feature_table(
    tables: Tables, terms: Terms, dates: ir.Table, engine: Engine, *, progress: Callable[[str], None]
) -> FeatureTable:
    """The features of a company, one row per row of `dates`, by the plan that suits the engine.

    `dates` should hold every account known at a date: what is typical of the others is part of some features.
    """
    chosen = feature_set(tables, terms)
    parts = _PLANS[engine.kind](_asked(chosen, tables, terms), dates, engine, progress=progress)
    whole = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    against = comparisons(whole, chosen.derived, engine)
    rows, *made = [completed(part, chosen.derived, against).select(*SPINE, *chosen.names) for part in (whole, *parts)]
    return FeatureTable(rows, tuple(made), whole, against)


def supposed_table(actual: FeatureTable, supposed: Tables, terms: Terms, copies: ir.Table, engine: Engine) -> ir.Table:
    """The features of accounts if some of their rows were others, with everybody else as everybody is.

    `copies` has a row per supposed account: `copy` (its own id), and the `account_id` and `as_of` of the account that
    it copies, as in `actual`. `supposed` are the company's tables; in CHANGING their rows bear the ids of copies. What
    no row of these says is the account's own, and so is what is told `of_others`. Returns `copies` with every feature.
    """
    chosen = feature_set(supposed, terms)
    touched = {each.name for each in FACTS if set(CHANGING) & set(each.needs)}
    again = replace(chosen, features=tuple(each for each in chosen.features if each.rows in touched), derived=())
    asked = _asked(again, supposed, terms)
    spine = copies.select(account_id="copy", as_of="as_of")
    parts = _PLANS[engine.kind](asked, spine, engine, progress=lambda _rows: None)
    measured = (ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]).rename(copy="account_id")
    own = actual.measured.drop(*[name for name in measured.columns if name not in ("copy", "as_of")])
    rows = copies.inner_join(own, list(SPINE)).inner_join(measured.drop("as_of"), "copy")
    made = completed(rows, chosen.derived, actual.against).select(*copies.columns, *chosen.names)
    others = [each.name for each in chosen.derived if each.of_others and not each.hidden]
    theirs = actual.rows.select(*SPINE, **{f"_{name}": name for name in others})
    joined = made.inner_join(theirs, list(SPINE))
    kept = {name: joined[f"_{name}"] for name in others}
    return joined.mutate(**kept).select(*made.columns)


def _asked(chosen: FeatureSet, tables: Tables, terms: Terms) -> list[Asked]:
    """What is asked of each kind of rows."""
    return [
        Asked(source.build(tables, terms), features, source.after_cut)
        for source in FACTS
        if (features := tuple(each for each in chosen.features if each.rows == source.name))
    ]


# One process reads rows into its own memory; where they are spread over many, expressions go to the rows.
_PLANS = {"duckdb": local.measured, "spark": portable.measured}
