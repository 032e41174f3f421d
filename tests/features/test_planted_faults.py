"""Faults planted in the engine's source: each makes a plan differ from the plain definition."""

from __future__ import annotations

import types

import pyarrow as pa
import pytest

from abm_ml import timeline
from abm_ml.engines import Engine
from abm_ml.features import cells, grid, ledger, local, portable, program
from abm_ml.features.cells import Asked
from tests.features.asked import AT_ONCE, FEW, MEASURES, asked_of, measures
from tests.features.equality import computed, first_difference
from tests.features.log import INSTANTS, Log, random_log
from tests.features.plans import PLANS, Plan, defined, planned
from tests.laws.mutants import rewritten, turned_one_by_one

VERSIONS = turned_one_by_one("_since", "_changing", "_told", module=timeline, about="")
LEDGER = {
    "a row at the date counts": ("snapshots[found] <= instant", "snapshots[found] < instant"),
    "the bucket after": ("places[row] = found", "places[row] = min(found + 1, len(snapshots))"),
    "the bucket before": ("places[row] = found", "places[row] = max(found - 1, 0)"),
    "a row where the window begins is left out": ("+ days * DAY,", "+ days * DAY - (days > 0),"),
    "a row before the window counts": ("+ days * DAY,", "+ days * DAY + (days > 0),"),
}
GRID = {
    "a row at the date counts": ('(met[each] <= met["_time"])', '(met[each] < met["_time"])'),
    "the bucket after": ('passed, met["_before"])', 'passed, met["_before"] + 1)'),
    "the window is closed at its wrong end": (
        "bisect.bisect_left(self._cuts, moment",
        "bisect.bisect_right(self._cuts, moment",
    ),
    "a thing is left behind too late": ("bisect.bisect_left(cuts, bucket)", "bisect.bisect_right(cuts, bucket)"),
    "a cell is seen too late": ("buckets <= np.array(", "buckets < np.array("),
    "a cell counts before its window": ("bucket > np.array(", "bucket >= np.array("),
}
PORTABLE = {
    "a cell lasts too long": ('met["_place"] < met["_until"]', 'met["_place"] <= met["_until"]'),
    "a cell begins too late": ('met["_begin"] <= met["_place"]', 'met["_begin"] < met["_place"]'),
    "a thing lasts too long": ('> met["_place"]', '>= met["_place"]'),
    "a thing begins too late": ('alike["_begin"] <= place', 'alike["_begin"] < place'),
    "what was told late is seen at once": ('_begin=rows["known_after"]', '_begin=rows["happened_at"]'),
    "what ends is seen for good": ('_until=rows["known_until"]', '_until=ibis.null("timestamp(6)")'),
}
AT_ONCE_FAULTS = {
    "a thing seen again counts twice": ('_until=spans["_begin"].lead()', '_until=spans["_begin"].lead(2)'),
    "a thing is forgotten": ('_bucket=spans["_bucket"].max().over(_OF_THING_SO_FAR)', '_bucket=spans["_bucket"]'),
}


@pytest.fixture(scope="module")
def log() -> Log:
    """A few accounts at instants that lie a microsecond, an hour or a window apart."""
    return random_log(4, accounts=20, events=700, dates=INSTANTS[::2])


@pytest.fixture(scope="module")
def right(log: Log, engine: Engine) -> pa.Table:
    """The features by definition."""
    return defined(log, engine)


def with_ledger(faulty: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts another ledger in the local plan."""
    for module in (local, program):
        monkeypatch.setattr(module, "ledger", faulty)


@pytest.mark.parametrize("fault", VERSIONS)
def test_in_what_is_known(
    fault: str, log: Log, right: pa.Table, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With any one comparison turned, where rows become versions, the plans no longer equal the definition."""
    monkeypatch.setattr(cells, "versions", VERSIONS[fault].versions)
    assert first_difference(planned("local", log, engine), right, MEASURES) != ""


@pytest.mark.parametrize("fault", LEDGER)
def test_in_the_ledger(fault: str, log: Log, right: pa.Table, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `<` for `<=`, or a bucket to the left or right, the local plan no longer equals the definition."""
    with_ledger(rewritten(ledger, *LEDGER[fault]), monkeypatch)
    assert first_difference(of_few(local.measured, log, engine), right, measures(FEW)) != ""


@pytest.mark.parametrize("fault", GRID)
def test_in_the_grid(fault: str, log: Log, right: pa.Table, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `<=` for `<`, or a bucket to the left or right, the portable plan no longer equals the definition."""
    monkeypatch.setattr(portable, "Grid", rewritten(grid, *GRID[fault]).Grid)
    assert first_difference(of_few(portable.measured, log, engine), right, measures(FEW)) != ""


@pytest.mark.parametrize("fault", PORTABLE)
def test_in_the_portable_plan(fault: str, log: Log, right: pa.Table, engine: Engine) -> None:
    """With `<=` for `<`, or in the book what does not belong there, it no longer equals the definition."""
    made = of_few(rewritten(portable, *PORTABLE[fault]).measured, log, engine)
    assert first_difference(made, right, measures(FEW)) != ""


@pytest.mark.parametrize("fault", AT_ONCE_FAULTS)
def test_in_things_that_do_not_change(fault: str, log: Log, right: pa.Table, engine: Engine) -> None:
    """Where a thing counts longer than until it is seen again, it no longer equals the definition."""
    plan = rewritten(portable, *AT_ONCE_FAULTS[fault]).measured
    made = computed(plan([asked_of(log, engine)[2]], engine.register(log.dates), engine), engine)
    assert first_difference(made, right, measures(AT_ONCE)) != ""


def of_few(plan: Plan, log: Log, engine: Engine) -> pa.Table:
    """What a plan makes of a few features, one of each measure that a fault would only change, not break."""
    asked = [Asked(asked_of(log, engine)[0].facts, FEW)]
    return computed(plan(asked, engine.register(log.dates), engine), engine)


def test_without_a_fault(log: Log, right: pa.Table, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same log without a fault gives the features of the definition, with the ledger in plain Python too."""
    for plan in PLANS:
        assert first_difference(planned(plan, log, engine), right, MEASURES) == ""
    with_ledger(rewritten(ledger), monkeypatch)
    assert first_difference(planned("local", log, engine), right, MEASURES) == ""


def test_faults_are_planted_everywhere() -> None:
    """What fills in later, what changed, and where a version begins and ends."""
    assert len(VERSIONS) == 4
