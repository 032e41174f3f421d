"""The timeline: which dates there are, which rows count for them, which cells are filled by then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from abm_ml import standing, timeline
from abm_ml.engines import Engine
from abm_ml.tables import Tables, Terms
from tests.conftest import Build
from tests.worked.example import AS_OF, Example, Row, account, contract, deal, entered, order, rows_of

Day = dt.datetime
Read = Callable[..., list[dict[str, Any]]]
DAY = dt.timedelta(days=1)


def company(tiny: Build, *rows: Row) -> Tables:
    """One account, created 500 days before the date, with rows in the notation of the worked examples."""
    return tiny(rows_of([Example("", "", rows, None)]))


def spine_of(tables: Tables, engine: Engine, *dates: dt.datetime) -> Any:
    """The spine at some dates; by default at the date of the examples."""
    return timeline.spine(tables, dates or (AS_OF,), engine)


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("month", (Day(2026, 2, 1), Day(2026, 3, 1))),
        ("week", (Day(2026, 2, 15), Day(2026, 2, 22), Day(2026, 3, 1))),
        ("day", tuple(Day(2026, 2, 13) + n * DAY for n in range(17))),
    ],
)
def test_scoring_dates(every: timeline.Every, expected: tuple[dt.datetime, ...]) -> None:
    """Months begin on their first; weeks and days count back from the last date, which is one of them."""
    first = {"month": Day(2026, 1, 2), "week": Day(2026, 2, 14), "day": Day(2026, 2, 13)}[every]
    assert timeline.scoring_dates(first, Day(2026, 3, 1), every) == expected


def test_scoring_dates_include_both_ends() -> None:
    """The first and the last date are scored, too, and none where the last lies before the first."""
    assert timeline.scoring_dates(Day(2026, 1, 1), Day(2026, 2, 1), "month") == (Day(2026, 1, 1), Day(2026, 2, 1))
    assert timeline.scoring_dates(Day(2026, 2, 2), Day(2026, 2, 1), "week") == ()


def test_spine(tiny: Build, engine: Engine) -> None:
    """An account is there from its creation on: not yet on the day itself; a date named twice counts once."""
    tables = company(tiny, account(created_at=10))
    dates = [AS_OF - 10 * DAY, AS_OF - 9 * DAY, AS_OF, AS_OF]
    rows = engine.compute(spine_of(tables, engine, *dates)).to_pylist()
    assert sorted(row["as_of"] for row in rows) == [AS_OF - 9 * DAY, AS_OF]


def test_known(tiny: Build, engine: Engine) -> None:
    """A row counts once it happened and was known, and stands there once per date."""
    tables = company(tiny, order(5, 1), order(0, 2), order(5, 3, known_at=0), order(5, 4, known_at=1))
    cut = timeline.known(timeline.facts_of(tables, "orders"), spine_of(tables, engine, AS_OF, AS_OF + DAY))
    rows = engine.compute(cut.select("as_of", "amount")).to_pylist()
    assert sorted(row["amount"] for row in rows if row["as_of"] == AS_OF) == [1, 4]
    assert sorted(row["amount"] for row in rows if row["as_of"] == AS_OF + DAY) == [1, 2, 3, 4]


def test_cells_fill_in_later(tiny: Build, engine: Engine) -> None:
    """Before a deal's close its outcome is empty, whatever the table says today."""
    tables = company(tiny, deal("a", 9, 1, "won"), deal("b", 8, 0, "lost"))
    cut = timeline.known(timeline.facts_of(tables, "opportunities"), spine_of(tables, engine))
    rows = engine.compute(cut.order_by("opened_at").select("outcome", "closed_at")).to_pylist()
    assert rows == [{"outcome": "won", "closed_at": AS_OF - DAY}, {"outcome": None, "closed_at": None}]


def test_hindsight(tiny: Build, engine: Engine) -> None:
    """Looking back from a later time, a late row counts when it happened; what is not known by then stays unknown."""
    tables = company(tiny, order(5, 1, known_at=-9), order(4, 2, known_at=-10), order(3, 3))
    facts = timeline.hindsight(timeline.facts_of(tables, "orders"), AS_OF + 10 * DAY)
    rows = engine.compute(timeline.known(facts, spine_of(tables, engine))).to_pylist()
    assert sorted(row["amount"] for row in rows) == [1, 3]


def test_hindsight_leaves_later_cells_empty(tiny: Build, engine: Engine) -> None:
    """An outcome that comes at the end of what is known, or later, is not known."""
    tables = company(tiny, deal("a", 9, -9, "won"), deal("b", 8, -10, "won"))
    rows = timeline.hindsight(timeline.facts_of(tables, "opportunities"), AS_OF + 10 * DAY).rows
    assert engine.compute(rows.order_by("opened_at").outcome.as_table())["outcome"].to_pylist() == ["won", None]


def test_known_then(tiny: Build, engine: Engine) -> None:
    """A later date sees of an earlier one's knowledge no row, and no cell, that came in between."""
    tables = company(tiny, order(5, 1), order(2, 2), order(5, 3, known_at=2), deal("a", 9, 1, "won"))
    then = timeline.known_then(tables, AS_OF - 3 * DAY)
    spine = spine_of(then, engine)
    amounts = engine.compute(timeline.known(timeline.facts_of(then, "orders"), spine))["amount"].to_pylist()
    (sold,) = engine.compute(timeline.known(timeline.facts_of(then, "opportunities"), spine)).to_pylist()
    assert (amounts, sold["outcome"], sold["closed_at"]) == ([1], None, None)
    assert {name: then[name].columns for name in then} == {name: tables[name].columns for name in tables}


def test_known_then_keeps_when_a_row_became_known(tiny: Build, engine: Engine) -> None:
    """A row that came late stays unknown on the dates before it became known."""
    tables = company(tiny, order(5, 1, known_at=3))
    then = timeline.known_then(tables, AS_OF)
    rows = timeline.known(timeline.facts_of(then, "orders"), spine_of(then, engine, AS_OF - 4 * DAY, AS_OF))
    assert engine.compute(rows)["as_of"].to_pylist() == [AS_OF]


def test_upcoming(tiny: Build, engine: Engine) -> None:
    """A horizon begins with the date itself and ends before its last day: [as_of, as_of + days)."""
    tables = company(tiny, order(1, 1), order(0, 2), order(-29, 3), order(-30, 4))
    rows = timeline.upcoming(timeline.facts_of(tables, "orders"), spine_of(tables, engine), 30)
    assert sorted(row["amount"] for row in engine.compute(rows).to_pylist()) == [2, 3]


def test_days_before(tiny: Build, engine: Engine) -> None:
    """Days are 24 hours; a time ahead lies a negative number of days before."""
    tables = company(tiny, order(1.5), contract("a", 10, -20))
    spine = spine_of(tables, engine)
    for name, column, days in (("orders", "happened_at", 1.5), ("contracts", "ends_at", -20.0)):
        rows = timeline.known(timeline.facts_of(tables, name), spine)
        assert engine.compute(rows.select(days=timeline.days_before(rows, rows[column]))).to_pylist() == [
            {"days": days}
        ]


LIFECYCLES = [
    ("target", "wanted, and nothing else", []),
    ("none", "not even wanted", [account(is_target=False)]),
    ("prospect", "an open deal", [deal("a", 9)]),
    ("prospect", "wanted or not", [account(is_target=False), deal("a", 9)]),
    ("prospect", "the close of the date is not yet known", [deal("a", 9, 0, "won")]),
    ("target", "its only deal was lost", [deal("a", 9, 1, "lost")]),
    ("target", "its deal opens on the date", [deal("a", 0)]),
    ("client", "a running contract", [contract("a", 100, -1)]),
    ("client", "a client stays one while a deal is open", [contract("a", 100, -1), deal("a", 9)]),
    ("client", "the contract ends on the date itself", [contract("a", 100, 0)]),
    ("client", "cancelled on the date: not yet known", [contract("a", 100, -9, cancelled_at=0)]),
    ("lost", "its contract ended", [contract("a", 100, 1)]),
    ("lost", "its contract was cancelled", [contract("a", 100, -9, cancelled_at=1)]),
    ("prospect", "a lost client with a new deal", [contract("a", 100, 1), deal("a", 9)]),
    ("target", "its contract starts on the date", [contract("a", 0, -365)]),
    ("target", "orders do not matter where there are contracts", [order(9), contract("a", 0, -365)]),
    ("client", "an order within 180 days", [order(180)]),
    ("lost", "an order, but longer ago", [order(181)]),
    ("target", "a credit note is no order", [order(9, -1, "credit")]),
    ("target", "an order that is known only at the date", [order(9, known_at=0)]),
]


@pytest.mark.parametrize(("expected", "rule", "rows"), LIFECYCLES)
def test_lifecycle(expected: str, rule: str, rows: list[Row], tiny: Build, engine: Engine) -> None:
    """Who an account is on a date follows from contracts (or orders), open deals and whether it is wanted."""
    tables = company(tiny, *rows)
    found = engine.compute(standing.lifecycle(tables, spine_of(tables, engine), 180)).to_pylist()
    assert [row["lifecycle"] for row in found] == [expected], rule


def test_lifecycle_with_hindsight(tiny: Build, engine: Engine) -> None:
    """Seen from later, a contract that was entered late made a client from its start."""
    tables = company(tiny, order(9, known_at=-5))
    spine = spine_of(tables, engine)
    then = engine.compute(standing.lifecycle(tables, spine, 180)).to_pylist()
    later = engine.compute(standing.lifecycle(tables, spine, 180, until=AS_OF + 10 * DAY)).to_pylist()
    assert [row["lifecycle"] for row in then + later] == ["target", "client"]


@pytest.mark.parametrize(
    ("expected", "rows"),
    [
        (None, [entered(0, "decision")]),
        (1, [entered(9, "awareness")]),
        (2, [entered(9, "decision"), entered(5, "consideration")]),
        (4, [entered(9, "decision"), entered(9, "consideration")]),
        (1, [entered(9, "awareness"), entered(5, "decision", known_at=0)]),
        (1, [entered(9, "awareness"), entered(5, "on hold")]),
    ],
)
def test_stage(expected: float | None, rows: list[Row], tiny: Build, engine: Engine) -> None:
    """The stage entered last, as known; of one moment the highest; stages outside the funnel do not count."""
    tables = company(tiny, *rows)
    found = engine.compute(standing.stage(tables, spine_of(tables, engine), Terms())).to_pylist()
    assert [row["stage_number"] for row in found] == [expected]


def test_stage_without_stage_changes(tiny: Build, engine: Engine) -> None:
    """A company without the table has accounts in no stage."""
    tables = company(tiny)
    found = engine.compute(standing.stage(tables, spine_of(tables, engine), Terms())).to_pylist()
    assert [row["stage_number"] for row in found] == [None]
