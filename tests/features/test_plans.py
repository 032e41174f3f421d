"""Every plan of the engine against the plain definition, cell by cell, on a log that lies on every boundary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from abm_ml.engines import DuckDbConfig, Engine, open_engine
from abm_ml.features import local
from abm_ml.features.cells import Asked
from tests.features import plain
from tests.features.asked import MANY, MEASURES, asked_of, measures
from tests.features.equality import computed, first_difference
from tests.features.log import INSTANTS, MONTHS, Log, random_log
from tests.features.plans import PLANS, defined, planned

FADING = {column: measure for column, measure in MEASURES.items() if measure == "decayed"}


@dataclass(frozen=True)
class Case:
    """A log and its features by definition."""

    log: Log
    right: pa.Table


@pytest.fixture(scope="module")
def months(engine: Engine) -> Case:
    """10,000 accounts at 24 month starts."""
    log = random_log(1, accounts=10_000, events=80_000, dates=MONTHS)
    return Case(log, defined(log, engine))


@pytest.fixture(scope="module")
def instants(engine: Engine) -> Case:
    """300 accounts at instants that lie a microsecond, an hour or a window apart."""
    log = random_log(2, accounts=300, events=6_000, dates=INSTANTS)
    return Case(log, defined(log, engine))


@pytest.fixture(scope="module", params=PLANS)
def plan(request: pytest.FixtureRequest) -> str:
    """The plans, one after the other."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def table(plan: str, instants: Case, engine: Engine) -> pa.Table:
    """What the plan makes of the log at instants."""
    return planned(plan, instants.log, engine)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[Engine]:
    """An engine that computes on one thread."""
    opened = open_engine(DuckDbConfig(threads=1))
    yield opened
    opened.close()


def test_months(plan: str, months: Case, engine: Engine) -> None:
    """Each of 10,000 accounts has in each of 24 months the features of the definition."""
    assert first_difference(planned(plan, months.log, engine), months.right, MEASURES) == ""


def test_instants(table: pa.Table, instants: Case) -> None:
    """Snapshots lie at any instant, not only at midnight."""
    assert first_difference(table, instants.right, MEASURES) == ""


def test_order_of_rows(plan: str, table: pa.Table, instants: Case, engine: Engine) -> None:
    """The order of rows changes no bit; where an engine adds up doubles, none of the first nine digits."""
    assert changed(plan, table, planned(plan, instants.log.shuffled(3), engine)) == []


def test_number_of_threads(plan: str, table: pa.Table, instants: Case, one_thread: Engine) -> None:
    """One thread or two: the same bits; where an engine adds up doubles, the same nine digits."""
    assert changed(plan, table, planned(plan, instants.log, one_thread)) == []


def changed(plan: str, one: pa.Table, other: pa.Table) -> list[str]:
    """The columns in which two results of a plan differ; the portable plan leaves fading sums to the engine."""
    if plan == "portable" and first_difference(one, other, FADING) == "":
        one, other = one.drop_columns(list(FADING)), other.drop_columns(list(FADING))
    return [name for name in one.column_names if not one[name].equals(other[name])]


def test_small_parts(instants: Case, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little fits in memory at once: the same bits, in parts of neighbouring accounts."""
    whole = planned("local", instants.log, engine)
    monkeypatch.setattr(local, "ROWS_AT_ONCE", 1_000)
    monkeypatch.setattr(local, "PART_BYTES", 300_000)
    assert planned("local", instants.log, engine).equals(whole)


@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**6), accounts=st.integers(1, 8), events=st.integers(0, 120))
def test_small_companies(engine: Engine, seed: int, accounts: int, events: int) -> None:
    """However few the accounts and events, and where each account has dates of its own."""
    log = random_log(seed, accounts=accounts, events=events)
    right = defined(log, engine)
    found = {plan: first_difference(planned(plan, log, engine), right, MEASURES) for plan in PLANS}
    assert found == dict.fromkeys(PLANS, "")


def test_more_conditions_than_bits(instants: Case, engine: Engine) -> None:
    """A kind of rows may have any number of features."""
    events, dates = asked_of(instants.log, engine)[0].facts, engine.register(instants.log.dates)
    asked = [Asked(events, MANY)]
    right = computed([plain.table_of(asked, dates)], engine)
    assert first_difference(computed(local.measured(asked, dates, engine), engine), right, measures(MANY)) == ""


def test_nobody_is_asked_about(plan: str, instants: Case, engine: Engine) -> None:
    """Without dates there are no rows, but the columns."""
    table = planned(plan, replace(instants.log, dates=instants.log.dates.slice(0, 0)), engine)
    assert table.schema.equals(instants.right.schema)
    assert len(table) == 0


def test_the_log_lies_on_every_boundary(months: Case) -> None:
    """The plans would prove little on a log without rows exactly at a date, late rows, doubles and empty accounts."""
    events, asked = months.log.events, pc.unique(months.log.dates["as_of"])
    assert 0.005 < pc.mean(pc.is_in(events["happened_at"], asked)).as_py() < 0.05
    assert pc.mean(pc.is_in(events["known_at"], asked)).as_py() > 0.005
    assert pc.mean(pc.greater(events["known_at"], events["happened_at"])).as_py() > 0.2
    assert len(events) - len(pc.unique(events["event_id"])) == len(events) // 51
    accounts, active = (set(rows["account_id"].to_pylist()) for rows in (months.log.dates, events))
    assert len(accounts - active) > 100
    assert len(active - accounts) > 100
