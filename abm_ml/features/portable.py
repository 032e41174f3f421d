"""The portable plan: what the ledger books, as expressions that run wherever the rows are.

Accounts and snapshots are numbered. Rows are summed once into **cells**: those of one account that the same snapshots
see in every window. A snapshot sees a cell if `_begin <= _place < _until`, and in a window if the cell's bucket, the
number of cuts up to its rows, lies behind the cut at which the window begins.

- Cells that are seen at once and for good go into a **book**: what adds up to there, cell by cell. A window's sum is
  the book's at the snapshot less that at the window's begin; a last time is the book's, if it is not too long ago.
- All other cells, those of rows that were told late or that change, meet each snapshot that sees them.
- Distinct things are cells as well: a row counts until its thing is seen again.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from abm_ml.engines import Engine
from abm_ml.features.cells import Asked, known_rows, snapshots
from abm_ml.features.readings import Reading, merged, readings
from abm_ml.timeline import SPINE, micros

CELL = ("_account", "_begin", "_until", "_bucket")


def measured(
    asked: Sequence[Asked], dates: ir.Table, engine: Engine, *, progress: Callable[[str], None] = lambda _rows: None
) -> tuple[ir.Table, ...]:
    """The spine `dates` (account_id, as_of) with every column of the features, as one part.

    `progress` is called with the name of each kind of rows.
    """
    moments = snapshots(dates, engine)
    places = pa.array(range(len(moments)), pa.int32())
    numbered = engine.register(pa.table({"as_of": pa.array(moments, pa.timestamp("us")), "_place": places}))
    different = dates.select("account_id").distinct()
    number = ibis.row_number().over(ibis.window(order_by="account_id"))
    accounts = engine.store(different.mutate(_account=number.cast("int32")))
    spine = dates.select(*SPINE).inner_join(numbered, "as_of").inner_join(accounts, "account_id")
    joined = engine.store(spine.select(*SPINE, _key=_key(spine, len(moments))))
    values: dict[str, Callable[[ir.Table], ir.Value]] = {}
    for kind, each in enumerate(asked):
        progress(each.facts.name)
        found = _Kind(each, moments, accounts, engine).found()
        for number_of, table in enumerate(found.tables):
            joined = joined.left_join(table, "_key", rname=f"{{name}}_{kind}_{number_of}")
    return (engine.store(joined),)
