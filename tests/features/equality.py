"""Whether two feature tables are equal, and if not, the first cell that differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.engines import Engine
from abm_ml.timeline import SPINE

# A sum of doubles, or a distance of times in days, is the same to nine digits; everything else is the same.
_ROUNDED = {"total", "decayed", "days_since", "days_since_first", "days_until"}
_DIGITS = 1e-9


def computed(parts: Sequence[ir.Table], engine: Engine) -> pa.Table:
    """The parts of a feature table one after the other, each sorted by account and date."""
    return pa.concat_tables([engine.compute(part.order_by(list(SPINE))) for part in parts]).combine_chunks()


def first_difference(made: pa.Table, right: pa.Table, measures: Mapping[str, str]) -> str:
    """Nothing, or the first cell of each differing column: column, account, date, both values."""
    if len(made) != len(right) or not all(made[name].equals(right[name]) for name in SPINE):
        return f"The rows differ: {len(made)} where {len(right)} are right, or others, or in another order."
    if missing := [name for name in measures if name not in made.column_names]:
        return f"The columns {missing} are missing."
    found = {name: _differs(made[name], right[name], measures[name]) for name in measures}
    return "; ".join(_told(name, int(rows[0]), len(rows), made, right) for name, rows in found.items() if len(rows))


def _told(name: str, row: int, count: int, made: pa.Table, right: pa.Table) -> str:
    account, as_of = (right[key][row].as_py() for key in SPINE)
    values = f"{made[name][row].as_py()!r} where {right[name][row].as_py()!r} is right"
    return f"{name} of {account!r} at {as_of}: {values} ({count} cells)"


def _differs(made: pa.ChunkedArray, right: pa.ChunkedArray, measure: str) -> np.ndarray:
    """The numbers of the rows that differ."""
    if made.type != right.type:
        return np.arange(len(right))
    gaps, gaps_right = (np.asarray(column.is_null()) for column in (made, right))
    one, other = (column.fill_null("" if pa.types.is_string(column.type) else 0.0) for column in (made, right))
    if pa.types.is_string(right.type):
        different = np.asarray(pc.not_equal(one, other))
    else:
        one, other = one.to_numpy(), other.to_numpy()
        size = np.maximum(np.abs(other), 1.0 if measure == "decayed" else 0.0) * (_DIGITS if measure in _ROUNDED else 0)
        different = ~(np.abs(one - other) <= size)
    return np.flatnonzero((gaps != gaps_right) | different)
