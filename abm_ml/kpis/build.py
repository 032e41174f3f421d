"""The KPIs of every account at given dates, side by side."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.kpis.base import KPIS, Period
from abm_ml.tables import Tables, Terms
from abm_ml.timeline import SPINE


def account_kpis(tables: Tables, terms: Terms, dates: ir.Table, engine: Engine) -> ir.Table:
    """account_id, as_of and one column per KPI, over the days that make an engagement level (`window_days`).

    A KPI whose tables the company does not have is null for every account.
    """
    period = Period(tables, terms, dates, terms.engagement.window_days)
    table = dates.select(*SPINE)
    for kpi in KPIS:
        if not all(name in tables for name in kpi.needs):
            empty = "string" if isinstance(kpi.if_none, str) else "float64"
            table = table.mutate(**{kpi.name: ibis.null(empty)})
            continue
        values = engine.store(kpi.function(period)).rename(**{kpi.name: "value"})
        table = table.left_join(values, list(SPINE)).drop("account_id_right", "as_of_right")
        if kpi.if_none is not None:
            table = table.mutate(**{kpi.name: table[kpi.name].fill_null(kpi.if_none)})
    return table.order_by(list(SPINE))
