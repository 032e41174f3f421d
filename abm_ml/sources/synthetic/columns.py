"""Columns: how numbers become the texts and times of a table, quickly and always the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from abm_ml.sources.synthetic.laws import Array
from abm_ml.sources.synthetic.weeks import DAY, MICROSECONDS

_LATE_SHARE = 0.04
_ZERO = ord("0")


def dice_for(seed: int, part: str, number: int = 0) -> np.random.Generator:
    """The dice of one part of the simulation, so that a change in one part leaves the others as they were."""
    return np.random.default_rng([seed, number, *part.encode()])


def ids(prefix: str, numbers: Array, width: int) -> pa.Array:
    """Ids of equal length: a prefix and the number with leading zeros."""
    length = len(prefix) + width
    letters = np.empty((len(numbers), length), dtype=np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    left = np.asarray(numbers, dtype=np.int64)
    for place in range(length - 1, len(prefix) - 1, -1):
        letters[:, place] = _ZERO + left % 10
        left = left // 10
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * length
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters))


def account_ids(last: int, first: int = 0) -> pa.Array:
    """The ids of the accounts from row `first` up to row `last`."""
    return ids("A", np.arange(first + 1, last + 1), 6)


def contact_ids(last: int, first: int = 0) -> pa.Array:
    """The ids of the contacts from row `first` up to row `last`."""
    return ids("P", np.arange(first + 1, last + 1), 7)


def near(rows: Array, names: Callable[[int, int], pa.Array]) -> pa.Array:
    """The ids of rows that lie near each other, without making those of all the others; negative: an empty cell."""
    there = rows[rows >= 0]
    first, last = int(there.min(initial=rows.max(initial=0))), int(there.max(initial=-1)) + 1
    return texts(np.where(rows < 0, -1, rows - first), names(max(last, first), first))


def texts(codes: Array, names: Sequence[str] | pa.Array) -> pa.Array:
    """The name of each code, stored once per name; a negative code is an empty cell."""
    values = names if isinstance(names, pa.Array) else pa.array(list(names), pa.string())
    indices = pa.array(np.asarray(codes, dtype=np.int32), mask=np.asarray(codes) < 0)
    return pa.DictionaryArray.from_arrays(indices, values)


def times(microseconds: Array, known: Array | None = None) -> pa.Array:
    """Times without zone; empty where `known` is false."""
    return pa.array(np.asarray(microseconds, dtype=np.int64), mask=None if known is None else ~known).cast(
        pa.timestamp("us")
    )


def numbers(values: Array, known: Array | None = None) -> pa.Array:
    """Numbers; empty where `known` is false."""
    return pa.array(values, mask=None if known is None else ~known)


def arrivals(happened: Array, dice: np.random.Generator, *, typical_days: float = 0.5) -> Array:
    """When rows reached the system: mostly at once, a few of them minutes to weeks late."""
    late = np.flatnonzero(dice.random(len(happened)) < _LATE_SHARE)
    days = np.minimum(dice.lognormal(np.log(typical_days), 1.8, len(late)), 60)
    known = happened.copy()
    known[late] += (days * DAY * MICROSECONDS).astype(np.int64)
    return known


def plain(table: pa.Table) -> pa.Table:
    """The same table with ordinary text columns instead of coded ones."""
    fields = [
        pa.field(field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type)
        for field in table.schema
    ]
    return table.cast(pa.schema(fields)).combine_chunks()
