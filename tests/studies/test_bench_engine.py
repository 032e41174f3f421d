"""The benchmark of the engine, on fifty accounts and two thousand events."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from tests.studies.slices import own_modules

SNAPSHOTS = "6 months"


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    """The benchmark's own modules."""
    with own_modules("bench-engine", "measure") as first:
        yield first


@pytest.fixture(scope="module")
def plain(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> object:
    """The plain join's work, done; a snapshot is at midnight, where a hundredth of the events lies."""
    folder = tmp_path_factory.mktemp("bench")
    data = importlib.import_module("data")
    data.write_log(folder / "log", data.SIZES["tiny"])
    work = bench.Work(log=folder / "log", snapshots=bench.snapshots(SNAPSHOTS), out=folder / "plain")
    bench.run(importlib.import_module("methods.plain"), work)
    return work


@pytest.mark.parametrize("method", ["pandas_loop", "local", "portable"])
def test_method_equals_the_plain_join(method: str, bench: ModuleType, plain: object) -> None:
    """Every cell of the 119 columns is the plain join's, and a run is told with what it took."""
    out: Path = plain.out.parent / method
    cost = bench.run(importlib.import_module(f"methods.{method}"), replace(plain, out=out))
    found = importlib.import_module("equality").compared(out, plain.out)
    assert (found.columns, found.different) == (119, {})
    assert cost.cpu > 0
    assert cost.peak > 0


def test_difference_is_found(bench: ModuleType, plain: object) -> None:
    """A method that asks at other snapshots does not pass as equal."""
    out: Path = plain.out.parent / "later"
    later = replace(plain, out=out, snapshots=bench.snapshots("5 months"))
    bench.run(importlib.import_module("methods.plain"), later)
    assert importlib.import_module("equality").compared(out, plain.out).different["rows"] == 50


def test_goals_are_judged_by_their_sense(bench: ModuleType) -> None:
    """Faster is better where a goal says how many times faster, and less is better everywhere else."""
    judged = importlib.import_module("goals").judged
    assert [judged("times faster", ratio, 20, 50) for ratio in (19, 20, 50)] == ["no", "reach", "aim"]
    assert [judged("times the CPU", ratio, 1.2, 1.0) for ratio in (1.3, 1.2, 1.0)] == ["no", "reach", "aim"]
