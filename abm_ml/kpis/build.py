"""KPIs measured over periods and cuts: one aggregation per grain, never one per KPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.errors import DefinitionError
from abm_ml.kpis.base import EITHER, VALUE, Grain, Kpi, Part, grain_of, made_of
from abm_ml.kpis.estimates import Estimate
from abm_ml.kpis.joins import beside
from abm_ml.kpis.seen import Seen

Keys = tuple[str, ...]
Given = Mapping[str, Mapping[str, Estimate]]

UNKNOWN = "unknown"
CUT = "cut"
NUMBERS = ("value", "low", "high", "of")
_BY_STANDING = ("tier", "industry", "size_band", "country", "lifecycle", "stage", "owner", "cohort")
_JOINED_AT_ONCE = 4  # an engine holds all tables but the first of a chain of joins in memory
_OWN_COLUMN = {"account": "account_id", "campaign": "campaign_id", "program": "program"}


@dataclass(frozen=True)
class Measured:
    """Some KPIs side by side: a row per `period` and cut, and per `part` where they are computed for each.

    `cut` is the place in `cuts` of what a row is cut by; `keys` are the columns of all cuts, empty text where a row is
    not cut by one. `units` has the unit of every (KPI, measure); their numbers are the columns of `column_of`.
    """

    kpis: tuple[Kpi, ...]
    cuts: tuple[Keys, ...]
    keys: Keys
    each: str | None
    units: Mapping[tuple[str, str], str]
    table: ir.Table


def column_of(kpi: str, measure: str, number: str) -> str:
    """The column that holds a number (value, low, high or of) of a KPI's measure."""
    return f"{kpi}|{measure}|{number}"


def missing_for(what: Part, seen: Seen) -> str | None:
    """What a KPI needs and the company does not have, in words (None: it is available)."""
    rows = grain_of(what)
    for need in dict.fromkeys((*what.needs, *(rows.needs if rows else ()))):
        table, _, column = need.partition(".")
        if not any(option in seen for option in table.split(EITHER)):
            return f"needs table {table.replace(EITHER, ' or ')}"
        if column and seen.says_nothing(table, column):
            return f"needs column {need}"
    return next((missing for each in made_of(what) if (missing := missing_for(each, seen))), None)


class Measuring:
    """Measures a company's KPIs; the rows of each grain are made once and shared by all cuts."""

    def __init__(self, seen: Seen, advance: Callable[[str], None] = lambda _: None) -> None:
        self.seen = seen
        self._advance = advance
        self._rows: dict[str, ir.Table] = {}
        self._numbers: dict[tuple[int, ...], ir.Table] = {}

    def by(self, cuts: Sequence[Keys], kpis: Iterable[Kpi]) -> list[Measured]:
        """The KPIs that are available by all cuts: the wholes in one table, and a table per sort of parts.

        A cut is what its columns say together: none for all accounts, one or more that are crossed. The rows of a KPI
        that cannot be cut so mean nothing.
        """
        asked = [kpi for kpi in kpis if not missing_for(kpi, self.seen)]
        wholes = [kpi for kpi in asked if kpi.whole]
        measured = [self._wholes(cuts, wholes)] if wholes else []
        sorts: dict[tuple[str, str], list[Kpi]] = {}
        for kpi in asked:
            if kpi.each:
                sorts.setdefault((kpi.inputs[0], kpi.each), []).append(kpi)
        return [*measured, *[self._parts(cuts, each, alike) for (_, each), alike in sorts.items()]]

    def _wholes(self, cuts: Sequence[Keys], kpis: Sequence[Kpi]) -> Measured:
        needed = _with_inputs(kpis)
        keys = ("period", CUT, *_columns_of(cuts))
        estimates: dict[str, Mapping[str, Estimate]] = {}
        tables = []
        for rows in dict.fromkeys(grain for each in needed if (grain := grain_of(each))):
            keyed = self._keyed(rows, cuts)
            given = {each.name: _measures(each, keyed) for each in needed if grain_of(each) == rows}
            tables.append(self.seen.engine.store(_aggregated(keyed, keys, given)))
            estimates |= given
        joined = _filled(self._joined(self._frame(cuts, tables), tables, keys), estimates)
        for each in needed:
            if grain_of(each) is None:
                inputs = [_read(joined, name, estimates[name]) for name in each.inputs]
                estimates[each.name] = _as_measures(each.function(*inputs))
                joined = joined.mutate(**_columns(each.name, estimates[each.name]))
        names = [name for kpi in kpis for name in _columns(kpi.name, estimates[kpi.name])]
        kept = self.seen.engine.store(joined.select(*keys, *names))
        return Measured(tuple(kpis), tuple(cuts), _columns_of(cuts), None, _units(kpis, estimates), kept)

    def _joined(self, frame: ir.Table, tables: Sequence[ir.Table], keys: Keys) -> ir.Table:
        """The frame with the columns of all tables beside; where there is a row per account, a few tables at a time."""
        if "account" not in keys:
            return _all_beside(frame, tables, keys)
        engine = self.seen.engine
        wide = engine.store(frame)
        for start in range(0, len(tables), _JOINED_AT_ONCE):
            some = tables[start : start + _JOINED_AT_ONCE]
            wider = engine.store(_all_beside(wide, some, keys))
            for done in (wide, *some):
                engine.release(done)
            wide = wider
        return wide

    def _parts(self, cuts: Sequence[Keys], each: str, kpis: Sequence[Kpi]) -> Measured:
        rows = grain_of(kpis[0])
        if rows is None:
            raise DefinitionError(f"The KPI '{kpis[0].name}' has parts ({each}), so it takes one grain.")
        keyed = self._keyed(rows, cuts)
        keyed = keyed.mutate(_by_part=keyed[each].cast("string").fill_null(UNKNOWN))
        given = {kpi.name: _measures(kpi, keyed) for kpi in kpis}
        keys = ("period", CUT, *_columns_of(cuts))
        table = _aggregated(keyed, (*keys, "part"), given)
        over = ibis.window(group_by=keys)
        shares = {
            (column := column_of(name, measure, VALUE)): table[column] / table[column].sum().over(over).nullif(0.0)
            for name, measures in given.items()
            for measure, estimate in measures.items()
            if estimate.mix
        }
        kept = self.seen.engine.store(_filled(table.mutate(**shares), given))
        return Measured(tuple(kpis), tuple(cuts), _columns_of(cuts), each, _units(kpis, given), kept)

    def _keyed(self, grain: Grain, cuts: Sequence[Keys]) -> ir.Table:
        """The rows of a grain once per cut that it can have, with the place of the cut and its columns (`_by_...`).

        So all cuts are one aggregation.
        """
        if grain.name not in self._rows:
            self._advance(grain.name)
            made = grain.function(self.seen)
            self._rows[grain.name] = self.seen.engine.store(made) if grain.small else made
        rows = self._rows[grain.name]
        possible = [cut for cut in _columns_of(cuts) if cut in grain.cuts]
        standing = [cut for cut in possible if cut in _BY_STANDING]
        if standing:
            who = self.seen.standing.select("account_id", "period", **{f"_cut_{cut}": cut for cut in standing})
            rows = beside(rows, who, ["account_id", "period"])
        columns = {cut: rows[f"_cut_{cut}" if cut in standing else _OWN_COLUMN[cut]] for cut in possible}
        rows = rows.mutate(**{f"_cut_{cut}": _text(column) for cut, column in columns.items()})
        places = [place for place, keys in enumerate(cuts) if set(keys) <= set(possible)]
        rows = rows.cross_join(self._places(places))
        return rows.mutate(
            **{
                f"_by_{cut}": _where(rows, cut, cuts) if cut in possible else ibis.literal("")
                for cut in _columns_of(cuts)
            }
        )

    def _places(self, places: Sequence[int]) -> ir.Table:
        if tuple(places) not in self._numbers:
            table = pa.table({f"_by_{CUT}": pa.array(places, pa.int64())})
            self._numbers[tuple(places)] = self.seen.engine.register(table)
        return self._numbers[tuple(places)]

    def _frame(self, cuts: Sequence[Keys], tables: Sequence[ir.Table]) -> ir.Table:
        """Every period and cut that has accounts or rows, and every period of all accounts."""
        columns = _columns_of(cuts)
        keys = [table.select("period", CUT, *columns) for table in tables]
        for place, cut in enumerate(cuts):
            if not set(cut) <= {*_BY_STANDING, "account"}:
                continue
            who = self.seen.standing if cut else self.seen.spans
            values = {
                name: _text(who[_OWN_COLUMN.get(name, name)]) if name in cut else ibis.literal("") for name in columns
            }
            keys.append(who.select("period", **{CUT: ibis.literal(place, "int64")}, **values))
        return ibis.union(*keys, distinct=True) if len(keys) > 1 else keys[0].distinct()


def _all_beside(rows: ir.Table, tables: Sequence[ir.Table], keys: Keys) -> ir.Table:
    for table in tables:
        rows = beside(rows, table, keys)
    return rows


def _columns_of(cuts: Sequence[Keys]) -> Keys:
    return tuple(dict.fromkeys(cut for keys in cuts for cut in keys))


def _text(column: ir.Value) -> ir.StringValue:
    return column.cast("string").fill_null(UNKNOWN)


def _where(rows: ir.Table, cut: str, cuts: Sequence[Keys]) -> ir.StringValue:
    """The column of a cut in the rows that are cut by it."""
    places = [place for place, keys in enumerate(cuts) if cut in keys]
    return rows[f"_by_{CUT}"].isin(places).ifelse(rows[f"_cut_{cut}"], "")


def _with_inputs(kpis: Sequence[Kpi]) -> list[Part]:
    """The KPIs with all that they are made of, what others are made of first."""
    ordered: dict[str, Part] = {}

    def visit(what: Part) -> None:
        for each in made_of(what):
            visit(each)
        ordered.setdefault(what.name, what)

    for kpi in kpis:
        visit(kpi)
    return list(ordered.values())


def _measures(what: Part, rows: ir.Table) -> Mapping[str, Estimate]:
    return _as_measures(what.function(rows))


def _as_measures(given: Estimate | Mapping[str, Estimate]) -> Mapping[str, Estimate]:
    return {VALUE: given} if isinstance(given, Estimate) else given


def _columns(name: str, measures: Mapping[str, Estimate]) -> dict[str, Any]:
    """The numbers of a KPI by column; those it does not give are left out."""
    return {
        column_of(name, measure, number): expression.cast("float64")
        for measure, estimate in measures.items()
        for number in NUMBERS
        if (expression := getattr(estimate, number)) is not None
    }


def _aggregated(rows: ir.Table, keys: Keys, given: Given) -> ir.Table:
    numbers: dict[str, Any] = {}
    for name, measures in given.items():
        numbers |= _columns(name, measures)
    by = {key: rows[key if key == "period" else f"_by_{key}"] for key in keys}
    return rows.group_by(**by).aggregate(**numbers)


def _filled(table: ir.Table, given: Given) -> ir.Table:
    """The table with the value of nothing where a cut has no rows: a count is 0, a rate stays empty and rests on 0."""
    values = {}
    for name, measures in given.items():
        for measure, estimate in measures.items():
            value, of = column_of(name, measure, VALUE), column_of(name, measure, "of")
            if estimate.empty is not None:
                values[value] = table[value].fill_null(estimate.empty)
            if estimate.of is not None:
                values[of] = table[of].fill_null(0.0)
    return table.mutate(**values)


def _read(table: ir.Table, name: str, measures: Mapping[str, Estimate]) -> Estimate:
    """The finished value of a KPI or part as what others are made of."""
    estimate = measures[VALUE]
    cells = {n: table[column_of(name, VALUE, n)] for n in NUMBERS if getattr(estimate, n) is not None}
    return Estimate(**cells)


def _units(kpis: Sequence[Kpi], estimates: Given) -> dict[tuple[str, str], str]:
    return {
        (kpi.name, measure): estimate.unit or kpi.unit
        for kpi in kpis
        for measure, estimate in estimates[kpi.name].items()
    }
