"""Joining rows: the columns of one table beside those of another."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir


def beside(rows: ir.Table, others: ir.Table, keys: str | Sequence[str]) -> ir.Table:
    """All `rows` with the columns of the `others` that have the same keys; null where none has."""
    names = [keys] if isinstance(keys, str) else list(keys)
    joined = rows.left_join(others, names)
    return joined.drop(*[name for key in names if (name := f"{key}_right") in joined.columns])
