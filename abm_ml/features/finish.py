"""The last step of a feature table: what is made of finished columns."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.features.base import Derived


def finished(table: ir.Table, derived: Sequence[Derived], engine: Engine) -> ir.Table:
    """A table of measured features with the derived columns beside, each from columns before it."""
    for each in derived:
        table = table.mutate(**{each.name: _made(each, table)})
    return table


def _made(each: Derived, table: ir.Table) -> ir.Value:
    value = each.function(table)
    return value.cast("string") if each.kind == "category" else value.cast("float64")
