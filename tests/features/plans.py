"""The plans of the engine, and what each of them makes of a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines import Engine
from abm_ml.features import local, portable
from abm_ml.features.cells import Asked
from tests.features import plain
from tests.features.asked import asked_of
from tests.features.equality import computed
from tests.features.log import Log

Plan = Callable[[Sequence[Asked], ir.Table, Engine], Sequence[ir.Table]]
PLANS: dict[str, Plan] = {"local": local.measured, "portable": portable.measured}


def planned(plan: str, log: Log, engine: Engine) -> pa.Table:
    """What a plan makes of a log: its parts one after the other."""
    return computed(PLANS[plan](asked_of(log, engine), engine.register(log.dates), engine), engine)


def defined(log: Log, engine: Engine) -> pa.Table:
    """The features of a log by definition, sorted by account and date."""
    dates = engine.register(log.dates)
    kinds = [computed([plain.table_of([asked], dates)], engine) for asked in asked_of(log, engine)]
    columns = {name: kind[name] for kind in kinds for name in kind.column_names}
    return pa.table(columns)
