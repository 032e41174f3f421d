"""abm_ml's own plans: the 119 columns as feature records, handed to `measured` of features/local.py or portable.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from asked import CHANNELS, HALF_LIFE, KINDS, LONGEST, POINTS, SINCE, THREADS, WINDOWS, Work

from abm_ml.engines import DuckDbConfig, open_engine
from abm_ml.engines.base import Engine
from abm_ml.features.base import Feature, Measure, count, days_since, decayed, distinct, make_feature, total
from abm_ml.features.cells import Asked
from abm_ml.timeline import Facts

Plan = Callable[[Sequence[Asked], ir.Table, Engine], Sequence[ir.Table]]
UNLIMITED = "64GB"


def steps_of(plan: Plan, work: Work) -> Iterator[None]:
    """The steps of a method: the plan leaves its parts as files in the engine's scratch; they are kept afterwards."""
    yield
    engine = open_engine(DuckDbConfig(memory_limit=work.memory or UNLIMITED, threads=THREADS), spill=work.spill)
    accounts = engine.read_parquet([work.log / "accounts.parquet"]).select("account_id")
    moments = ibis.memtable(pa.table({"as_of": pa.array(work.snapshots, pa.timestamp("us"))}))
    dates = engine.store(accounts.cross_join(moments))
    parts = plan([Asked(_facts(engine, work), features())], dates, engine)
    yield
    for number, part in enumerate(parts):
        pq.write_table(engine.compute(part), work.out / f"{number}.parquet")
    engine.close()


def _facts(engine: Engine, work: Work) -> Facts:
    """The log as facts: every event is known at once."""
    rows = engine.read_parquet([work.log / "events.parquet"]).drop("file_row_number")
    return Facts(name="events", rows=rows.mutate(known_at=rows.happened_at))


def features() -> tuple[Feature, ...]:
    """The 119 columns: 21 counted in five windows, one decayed, thirteen recencies."""
    counted = [
        _feature("events", count, lambda _rows: ibis.literal(True)),
        _feature("points", total, lambda rows: rows.kind.cases(*POINTS.items(), else_=0)),
        _feature("contacts", distinct, lambda rows: rows.contact_id),
        _feature("active_days", distinct, lambda rows: rows.happened_at.date()),
        *[_feature(kind, count, _is("kind", kind)) for kind in KINDS],
        *[_feature(f"by_{channel}", count, _is("channel", channel)) for channel in CHANNELS],
    ]
    score = _feature(
        "points_decayed",
        decayed,
        lambda rows: rows.kind.cases(*POINTS.items(), else_=0),
        windows=(LONGEST,),
        half_life=HALF_LIFE,
    )
    since = [_feature(f"since_{kind or 'event'}", days_since, _is("kind", kind), windows=(LONGEST,)) for kind in SINCE]
    return (*counted, score, *since)


def _is(column: str, value: str | None) -> Callable[[ir.Table], Any]:
    return lambda rows: ibis.literal(True) if value is None else rows[column] == value


def _feature(name: str, measure: Measure, function: Callable[[ir.Table], Any], **facts: Any) -> Feature:
    return make_feature(
        **{"name": name, "measure": measure, "function": function, "windows": WINDOWS} | facts,
        group="engagement",
        definition=f"The benchmark's {name}.",
        rows="events",
        unit="engagements",
        reason="",
    )
