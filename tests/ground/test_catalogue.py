"""Catalogues: no doubles, a look-up that helps, and a fingerprint that every process agrees on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from abm_ml.catalogue import Catalogue, fingerprint, first_line
from abm_ml.errors import DefinitionError, UnknownName


@dataclass(frozen=True)
class Kpi:
    name: str
    unit: str = "%"
    function: Callable[[float], float] | None = None


@pytest.fixture
def kpis() -> Catalogue[Kpi]:
    """Two definitions, not in the order of the alphabet."""
    catalogue: Catalogue[Kpi] = Catalogue("KPI")
    catalogue.add(Kpi("win_rate"))
    catalogue.add(Kpi("deal_size", "EUR"))
    return catalogue


def test_a_catalogue_keeps_the_order_of_definition(kpis: Catalogue[Kpi]) -> None:
    """Columns and references come in the order in which they were written."""
    assert kpis.names == ("win_rate", "deal_size")
    assert [kpi.unit for kpi in kpis] == ["%", "EUR"]
    assert ("win_rate" in kpis, "won" in kpis, len(kpis)) == (True, False, 2)


def test_an_unknown_name_gets_the_nearest(kpis: Catalogue[Kpi]) -> None:
    """The message names the kind, the name and what may have been meant."""
    with pytest.raises(UnknownName, match=r"No KPI is called 'winrate'. Did you mean 'win_rate'\?"):
        kpis["winrate"]


def test_a_name_is_defined_once(kpis: Catalogue[Kpi]) -> None:
    """The second definition is refused; the first one stays."""
    with pytest.raises(DefinitionError, match="KPI 'win_rate' is defined twice"):
        kpis.add(Kpi("win_rate", "share"))
    assert kpis["win_rate"].unit == "%"


def test_a_definition_is_its_first_line() -> None:
    """What people read is the first line of the docstring; without one there is no definition."""
    assert first_line(test_a_definition_is_its_first_line).startswith("What people read")
    with pytest.raises(DefinitionError, match="has no docstring"):
        first_line(lambda: None)


def double(value: float) -> float:
    """Twice the value."""
    return value * 2  # the comment is no part of the meaning


def triple(value: float) -> float:
    """Three times the value."""
    return value * 3


def times(factor: int) -> Callable[[float], float]:
    """A function that remembers a number."""

    def multiplied(value: float) -> float:
        return value * factor

    return multiplied


@pytest.mark.parametrize(
    "changed", [Kpi("win_rate", "EUR", double), Kpi("win", "%", double), Kpi("win_rate", "%", triple), Kpi("win_rate")]
)
def test_a_fingerprint_changes_with_the_meaning(changed: Kpi) -> None:
    """Another name, fact or function is another definition."""
    assert fingerprint(changed) != fingerprint(Kpi("win_rate", "%", double))


def test_a_fingerprint_sees_what_a_function_took_along() -> None:
    """Two functions of the same text and other numbers are two."""
    assert fingerprint(times(2)) != fingerprint(times(3))
    assert fingerprint(times(2)) == fingerprint(times(2))


def test_a_fingerprint_ignores_the_order_of_sets_and_keys() -> None:
    """Only what is said counts, not how it lies in memory."""
    assert fingerprint({"b": 1, "a": {"y", "x"}}) == fingerprint({"a": {"x", "y"}, "b": 1})
    assert len(fingerprint()) == 64


def test_what_has_no_text_has_no_fingerprint() -> None:
    """An address in memory would be another one in every process."""
    with pytest.raises(DefinitionError, match="no fingerprint"):
        fingerprint(object())


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    """It never uses `hash()`, which each process salts."""
    program = (
        "from abm_ml.catalogue import fingerprint, first_line; print(fingerprint({'a', 'b', 'c'}, first_line, len))"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1
