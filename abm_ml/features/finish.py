"""The last step of a feature table: what is made of finished columns, of the account's own and of those of its like.

What all accounts that are alike share is computed once, as a small table beside; the wide table itself only streams.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.features.base import Derived

Step = tuple[Derived, ...]


def finished(table: ir.Table, derived: Sequence[Derived], engine: Engine) -> ir.Table:
    """A table of measured features (all accounts of a date) with the derived columns beside."""
    return completed(table, derived, comparisons(table, derived, engine))


def comparisons(table: ir.Table, derived: Sequence[Derived], engine: Engine) -> tuple[ir.Table, ...]:
    """The small tables, one row per date and kind of account, that the derived columns set an account against."""
    made: list[ir.Table] = []
    for step in _steps(derived):
        if step[0].among is not None:
            made.append(engine.store(_aggregated(table, step, step[0].among)))
        table = _with(table, step, made[-1:])
    return tuple(made)


def completed(part: ir.Table, derived: Sequence[Derived], against: Sequence[ir.Table]) -> ir.Table:
    """Some rows of a table with the derived columns beside, given the comparisons of the whole table."""
    left = list(against)
    for step in _steps(derived):
        part = _with(part, step, left)
        if step[0].among is not None:
            left.pop(0)
    return part


def _steps(derived: Sequence[Derived]) -> list[Step]:
    """The columns in groups that are made at once: each after all that it needs, those of one `among` together."""
    steps: list[Step] = []
    place: dict[str, int] = {}
    for each in derived:
        earliest = max((place[name] + 1 for name in each.needs if name in place), default=0)
        like = [number for number in range(earliest, len(steps)) if steps[number][0].among == each.among]
        place[each.name] = like[0] if like else len(steps)
        steps[place[each.name] :] = [(*steps[like[0]], each), *steps[like[0] + 1 :]] if like else [(each,)]
    return steps


def _with(table: ir.Table, step: Step, against: Sequence[ir.Table]) -> ir.Table:
    if step[0].among is None:
        return table.mutate(**{each.name: _made(each, table) for each in step})
    keys = ["as_of", *step[0].among]
    return table.left_join(against[0], keys).drop(*[f"{key}_right" for key in keys])


def _aggregated(table: ir.Table, step: Step, among: Sequence[str]) -> ir.Table:
    rows = table.filter(*[table[name].notnull() for name in among]) if among else table
    return rows.group_by(["as_of", *among]).aggregate(**{each.name: _made(each, rows) for each in step})


def _made(each: Derived, table: ir.Table) -> ir.Value:
    value = each.function(table)
    if each.kind == "category":
        return value.cast("string")
    return value if each.hidden else value.cast("float64")  # sums that are yet to be subtracted stay exact
