"""Tables of two engines, compared cell by cell."""

from __future__ import annotations

import math

import pyarrow as pa

RELATIVE = 1e-9


def difference(right: pa.Table, found: pa.Table, keys: list[str], *, relative: float = 0.0) -> str:
    """The first difference of two tables in any order of rows, in words; empty where there is none.

    Floating-point numbers may differ by a share of `relative`, everything else not at all.
    """
    types = [[(field.name, field.type) for field in rows.schema] for rows in (right, found)]
    if types[0] != types[1]:
        return f"other columns: {set(types[0]) ^ set(types[1])}"
    if len(right) != len(found):
        return f"{len(right)} rows and {len(found)}"
    order = [(key, "ascending") for key in keys]
    one, other = right.sort_by(order), found.sort_by(order)
    for name in right.column_names:
        pairs = zip(one[name].to_pylist(), other[name].to_pylist(), strict=True)
        for place, (value, its) in enumerate(pairs):
            if not _equal(value, its, relative):
                where = {key: one[key][place].as_py() for key in keys}
                return f"{name} at {where}: {value!r} and {its!r}"
    return ""


def _equal(value: object, its: object, relative: float) -> bool:
    if isinstance(value, float) and isinstance(its, float):
        return value == its or abs(value - its) <= relative * abs(value) or (math.isnan(value) and math.isnan(its))
    return type(value) is type(its) and value == its
