"""Doubles: rows that say the same twice count once; rows that share a key and differ are not to be trusted."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from abm_ml.engines import Engine
from abm_ml.tables import Table
from abm_ml.tables.check import BROKEN, FILE, LINE, rules

# What `_broken` says of a row that repeats another one word for word.
MERGED = -1


def marked(rows: ir.Table, table: Table, engine: Engine) -> ir.Table:
    """The stored rows with their doubles marked: all but the first of equal rows, and all rows of a key that differ.

    Takes stored rows and gives stored rows; what it replaces is released.
    """
    good = rows.filter(rows[BROKEN].isnull())
    whole = list(table.names)
    key = list(table.key) or whole
    doubled = engine.store(good.group_by(key).having(lambda group: group.count() > 1).aggregate())
    if engine.compute(doubled.limit(1)).num_rows:
        suspects = good.semi_join(doubled, [good[name].identical_to(doubled[name]) for name in key])
        verdicts = engine.store(_verdicts(suspects, whole, key, clash=len(rules(table)) - 1))
        found = rows.left_join(verdicts, [FILE, LINE])
        remarked = engine.store(
            found.select(FILE, LINE, *whole, **{BROKEN: ibis.coalesce(found["_verdict"], found[BROKEN])})
        )
        engine.release(verdicts)
        engine.release(rows)
        rows = remarked
    engine.release(doubled)
    return rows


def _verdicts(suspects: ir.Table, whole: list[str], key: list[str], *, clash: int) -> ir.Table:
    copies = ibis.row_number().over(ibis.window(group_by=whole, order_by=[FILE, LINE]))
    counted = suspects.select(FILE, LINE, *whole, _copy=copies)
    versions = (counted["_copy"] == 0).cast("int64").sum().over(ibis.window(group_by=key))
    verdict = ibis.cases((counted["_copy"] > 0, MERGED), (versions > 1, clash)).cast("int16")
    judged = counted.select(FILE, LINE, _verdict=verdict)
    return judged.filter(judged["_verdict"].notnull())
