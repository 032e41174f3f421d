"""The last step of a feature table: what is made of finished columns, of the account's own and of those of its like.

What all accounts that are alike share is computed once, as a small table beside; the wide table itself only streams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.features.base import Derived

Comparisons = Mapping[str, ir.Table]


def comparisons(table: ir.Table, derived: Sequence[Derived], engine: Engine) -> Comparisons:
    """What accounts are set against: for each column of all that are alike, the small table that holds it.

    Such a table has one row per date and kind of account: as_of, what the accounts share, and its columns. `table`
    holds the measured features of all accounts of a date.
    """
    made: dict[str, ir.Table] = {}
    for level in _levels(derived):
        for alike in _by_likeness(level):
            rows = completed(table, _before(alike, derived), made)
            made |= dict.fromkeys([each.name for each in alike], engine.store(_aggregated(rows, alike)))
    return made


def completed(part: ir.Table, derived: Sequence[Derived], against: Comparisons) -> ir.Table:
    """Some rows of a table with the derived columns beside, given the comparisons of the whole table."""
    for level in _levels(derived):
        own = {each.name: _made(each, part) for each in level if each.among is None}
        part = part.mutate(**own) if own else part
        part = _beside(part, _by_likeness(level), against)
    return part


def _levels(derived: Sequence[Derived]) -> list[list[Derived]]:
    """The columns in groups that can be made at once, each after all that it needs."""
    level: dict[str, int] = {}
    for each in derived:
        level[each.name] = max((level[need] + 1 for need in each.needs if need in level), default=0)
    deepest = max(level.values(), default=-1)
    return [[each for each in derived if level[each.name] == number] for number in range(deepest + 1)]


def _by_likeness(level: Sequence[Derived]) -> list[list[Derived]]:
    kinds = dict.fromkeys(each.among for each in level if each.among is not None)
    return [[each for each in level if each.among == among] for among in kinds]


def _before(alike: Sequence[Derived], derived: Sequence[Derived]) -> list[Derived]:
    """The columns that have to be made before some, in their order."""
    wanted = {need for each in alike for need in each.needs}
    found: list[Derived] = []
    for each in reversed(derived):
        if each.name in wanted:
            found.insert(0, each)
            wanted.update(each.needs)
    return found


def _keys(alike: Sequence[Derived]) -> list[str]:
    return ["as_of", *(alike[0].among or ())]


def _aggregated(rows: ir.Table, alike: Sequence[Derived]) -> ir.Table:
    shared = _keys(alike)
    rows = rows.filter(*[rows[name].notnull() for name in shared])
    return rows.group_by(shared).aggregate(**{each.name: _made(each, rows) for each in alike})


def _beside(table: ir.Table, kinds: Sequence[Sequence[Derived]], against: Comparisons) -> ir.Table:
    """The rows with the comparisons of each kind beside, in one chain of joins."""
    joined = table
    for number, alike in enumerate(kinds):
        small = against[alike[0].name]
        keys = {f"_{number}_{key}": small[key] for key in _keys(alike)}
        small = small.select(*[each.name for each in alike], **keys)
        joined = joined.left_join(small, list(zip(_keys(alike), keys, strict=True)))
    return joined.select(*table.columns, *[each.name for alike in kinds for each in alike]) if kinds else table


def _made(each: Derived, table: ir.Table) -> ir.Value:
    value = each.function(table)
    if each.kind == "category":
        return value.cast("string")
    return value if each.hidden else value.cast("float64")  # sums that are yet to be subtracted stay exact
