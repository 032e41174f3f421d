"""The last step: columns made of finished columns, and of those of all accounts that are alike on the date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from abm_ml.engines import Engine
from abm_ml.features.base import Derived
from abm_ml.features.finish import comparisons, completed

DATES = [dt.datetime(2026, 7, 1), dt.datetime(2026, 8, 1)]
ROWS = {
    "account_id": ["a", "b", "c", "d"] * 2,
    "as_of": [date for date in DATES for _ in range(4)],
    "industry": ["steel", "steel", "glass", None] * 2,
    "points": [1.0, 3.0, 7.0, 9.0, 10.0, 30.0, 70.0, 90.0],
}


def made(
    name: str,
    function: Callable[[Any], Any],
    *needs: str,
    among: tuple[str, ...] | None = None,
    reason: str = "{value}",
) -> Derived:
    """A derived column."""
    return Derived(
        name=name, group="engagement", definition="Made.", needs=(*needs, *(among or ())), function=function,
        unit="points", reason=reason, among=among,
    )  # fmt: skip


# In the order of a catalogue, where a comparison may read what was made of another comparison.
DERIVED = (
    made("twice", lambda f: f.points * 2, "points"),
    made("usual", lambda others: others.twice.median(), "twice", among=("industry",), reason=""),
    made("alike", lambda others: others.count(), among=("industry",)),
    made("more", lambda f: f.twice - f.usual, "twice", "usual"),
    made("most", lambda others: others.more.max(), "more", among=()),
)


@pytest.fixture(scope="module")
def table(engine: Engine) -> ir.Table:
    """Four accounts at two dates: two of steel, one of glass, and one of which nobody knows."""
    types = [pa.string(), pa.timestamp("us"), pa.string(), pa.float64()]
    return engine.register(pa.table({name: pa.array(ROWS[name], kind) for name, kind in zip(ROWS, types, strict=True)}))


def whole(table: ir.Table, engine: Engine) -> list[dict[str, Any]]:
    """All rows with what is made of them."""
    return rows_of(completed(table, DERIVED, comparisons(table, DERIVED, engine)), engine)


def rows_of(table: ir.Table, engine: Engine) -> list[dict[str, Any]]:
    """The rows of a table, those of the first date first."""
    return engine.compute(table.order_by(["as_of", "account_id"])).to_pylist()


def test_against_those_alike(table: ir.Table, engine: Engine) -> None:
    """Each date is by itself; who shares nothing known with others is compared with nobody."""
    rows = whole(table, engine)
    assert [row["usual"] for row in rows] == [4.0, 4.0, 14.0, None, 40.0, 40.0, 140.0, None]
    assert [row["alike"] for row in rows] == [2.0, 2.0, 1.0, None] * 2
    assert [row["more"] for row in rows] == [-2.0, 2.0, 0.0, None, -20.0, 20.0, 0.0, None]
    assert [row["most"] for row in rows] == [2.0] * 4 + [20.0] * 4
    assert len(rows) == len(ROWS["points"])


def test_in_parts(table: ir.Table, engine: Engine) -> None:
    """A part of the rows, given the comparisons of all, comes out as it does among all."""
    against = comparisons(table, DERIVED, engine)
    parts = [completed(table.filter(table.account_id == name), DERIVED, against) for name in "abcd"]
    once = sorted(whole(table, engine), key=lambda row: row["account_id"])
    assert [row for part in parts for row in rows_of(part, engine)] == once


def test_the_wide_table_only_streams(table: ir.Table, engine: Engine) -> None:
    """Comparisons of one kind are one small table, and no window runs over the wide one."""
    against = comparisons(table, DERIVED, engine)
    assert {name: engine.compute(each).num_rows for name, each in against.items()} == {
        "usual": 4,
        "alike": 4,
        "most": 2,
    }
    assert sorted(against["most"].columns) == ["as_of", "most"]
    assert completed(table, DERIVED, against).op().find(ops.WindowFunction) == []
