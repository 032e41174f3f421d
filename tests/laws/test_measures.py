"""Each measure against an oracle in plain Python that knows nothing of Ibis, on rows around every boundary."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from abm_ml.engines import Engine
from abm_ml.features import base
from abm_ml.features.cells import Asked
from abm_ml.timeline import SPINE, Facts
from tests.features import plain
from tests.features.plans import PLANS
from tests.laws.mutants import turned_one_by_one

DATES = (dt.datetime(2026, 3, 1), dt.datetime(2026, 3, 8, 12))
WINDOWS = (None, 7, 30)
DAY = dt.timedelta(days=1)
Cells = dict[tuple[str, dt.datetime, str], Any]


@dataclass(frozen=True)
class Event:
    """A row: when it happened and was known, a number, a word that fills in later, and a time ahead."""

    account_id: str
    happened_at: dt.datetime
    known_at: dt.datetime
    number: float | None
    word: str | None
    filled_at: dt.datetime
    until: dt.datetime | None


def measured(name: str, measure: base.Measure, function: Callable[[Any], Any], **facts: Any) -> base.Feature:
    """A feature of the events."""
    common: dict[str, Any] = {"group": "engagement", "rows": "events", "unit": "days", "reason": "{value}"}
    common |= {"definition": "Of the events.", "windows": ()}
    return base.make_feature(name=name, measure=measure, function=function, **(common | facts))


FEATURES = [
    measured(name, measure, function, **facts, windows=windows)
    for windows in ((), WINDOWS[1:])
    for name, measure, function, facts in (
        ("count", base.count, lambda e: e.number > 1, {}),
        ("total", base.total, lambda e: e.number, {}),
        ("decayed", base.decayed, lambda e: e.number, {"half_life": 10}),
        ("distinct", base.distinct, lambda e: e.word, {}),
        ("days_since", base.days_since, lambda e: e.number > 1, {}),
        ("days_since_first", base.days_since_first, lambda e: e.number > 1, {}),
        ("days_until", base.days_until, lambda e: e.until, {}),
        ("latest", base.latest, lambda e: e.word, {"kind": "category"}),
    )
]
EVERY = {"plain": lambda asked, dates, _engine: [plain.table_of(asked, dates)], **PLANS}
every_plan = pytest.mark.parametrize("plan", EVERY)
SCHEMA = pa.schema(
    {
        "account_id": pa.string(), "happened_at": pa.timestamp("us"), "known_at": pa.timestamp("us"),
        "number": pa.float64(), "word": pa.string(), "filled_at": pa.timestamp("us"), "until": pa.timestamp("us"),
        "row": pa.int64(),
    }
)  # fmt: skip


def planned(plan: str, events: Sequence[Event], engine: Engine) -> Cells:
    """What a plan makes of events."""
    rows = pa.Table.from_pylist([{**vars(event), "row": row} for row, event in enumerate(events)], schema=SCHEMA)
    facts = Facts(name="events", rows=engine.register(rows), known_from={"word": "filled_at"}, order=("row",))
    accounts, dates = zip(*itertools.product("ab", DATES), strict=True)
    asked = pa.table({"account_id": pa.array(accounts), "as_of": pa.array(dates, pa.timestamp("us"))})
    parts = EVERY[plan]([Asked(facts, tuple(FEATURES))], engine.register(asked), engine)
    return {
        (row["account_id"], row["as_of"], name): row[name]
        for part in parts
        for row in engine.compute(part).to_pylist()
        for name in set(row) - set(SPINE)
    }


def counted(events: Sequence[Event]) -> Cells:
    """What the definition of each measure makes of the same events, row by row."""
    cells: Cells = {}
    for account, as_of in itertools.product("ab", DATES):
        known = [e for e in events if e.account_id == account and e.happened_at < as_of and e.known_at < as_of]
        for days in WINDOWS:
            inside = [e for e in known if days is None or e.happened_at >= as_of - days * DAY]
            end = f"_{days}d" if days else ""
            cells |= {(account, as_of, name + end): value for name, value in _values(inside, as_of).items()}
    return cells


def _values(rows: Sequence[Event], as_of: dt.datetime) -> dict[str, Any]:
    numbers = [(row, row.number) for row in rows if row.number is not None]
    high = [row.happened_at for row, number in numbers if number > 1]
    untils = [row.until for row in rows if row.until]
    ordered = sorted(rows, key=lambda row: (row.happened_at, row.known_at))
    words = [row.word for row in ordered if row.word and row.filled_at < as_of]
    return {
        "count": float(len(high)),
        "total": float(sum(number for _, number in numbers)),
        "decayed": float(sum(number * 0.5 ** ((as_of - row.happened_at) / DAY / 10) for row, number in numbers)),
        "distinct": float(len(set(words))),
        "days_since": (as_of - max(high)) / DAY if high else None,
        "days_since_first": (as_of - min(high)) / DAY if high else None,
        "days_until": (max(untils) - as_of) / DAY if untils else None,
        "latest": words[-1] if words else None,
    }


def differences(one: Cells, other: Cells) -> Cells:
    """The cells in which two results do not agree; sums agree to nine digits."""
    return {key: (one.get(key), other.get(key)) for key in one | other if not _same(one.get(key), other.get(key))}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


EDGES = [as_of - days * DAY for as_of in DATES for days in (-1, 0, 1, 7, 30)]
moments = st.builds(
    lambda edge, seconds: edge + dt.timedelta(seconds=seconds), st.sampled_from(EDGES), st.integers(-1, 1)
)
histories = st.lists(
    st.builds(
        Event,
        account_id=st.sampled_from("ab"), happened_at=moments, known_at=moments, filled_at=moments,
        number=st.sampled_from([None, 0.5, 1.0, 2.25, -3.0]), word=st.sampled_from([None, "x", "y", "z"]),
        until=st.none() | moments,
    ),
    max_size=40,
)  # fmt: skip


def on_edges() -> list[Event]:
    """An event at every pair of edges for what happened and what was known; words fill in at edges, too."""
    return [
        Event(account, happened, known, 2.0 + number, f"word {number}", EDGES[number // 3 % len(EDGES)], None)
        for number, (happened, known, account) in enumerate(itertools.product(EDGES, EDGES, "ab"))
    ]


@every_plan
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(events=histories)
def test_measures(plan: str, engine: Engine, events: list[Event]) -> None:
    """Every plan, and the oracle of the plans, agree with the definition in every cell, whatever the rows."""
    assert differences(planned(plan, events, engine), counted(events)) == {}


@every_plan
def test_edges(plan: str, engine: Engine) -> None:
    """What happened exactly at the date does not count, what happened exactly where the window begins does."""
    assert differences(planned(plan, on_edges(), engine), counted(on_edges())) == {}


FAULTS = turned_one_by_one("known", "_filled", "within")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With any one comparison turned, `<` into `<=` or `>=` into `>`, the oracle no longer agrees with it."""
    monkeypatch.setattr(plain, "known", FAULTS[fault].known)
    monkeypatch.setattr(plain, "within", FAULTS[fault].within)
    assert differences(planned("plain", on_edges(), engine), counted(on_edges())) != {}


def test_faults_are_planted_everywhere() -> None:
    """Happened, known, filled, and the window's begin."""
    assert len(FAULTS) == 4
