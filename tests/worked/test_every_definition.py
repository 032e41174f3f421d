"""Each definition of the catalogue has a worked example."""

from __future__ import annotations

from abm_ml.features import DERIVED, FEATURES
from tests.worked import test_clients, test_derived, test_engagement, test_firmographic, test_penetration, test_pipeline

FILES = (test_engagement, test_penetration, test_firmographic, test_pipeline, test_clients, test_derived)
EXAMPLES = [example for file in FILES for example in file.EXAMPLES]


def test_every_definition_has_an_example() -> None:
    """A new feature comes with rows from which its value follows."""
    shown = {example.feature for example in EXAMPLES}
    assert {definition.name for definition in (*FEATURES, *DERIVED)} == shown


def test_every_window_has_an_example() -> None:
    """An example of a feature with windows speaks of each of them."""
    columns = {definition.name: {column for column, _ in definition.columns} for definition in FEATURES}
    columns |= {definition.name: {definition.name} for definition in DERIVED}
    assert [example.feature for example in EXAMPLES if set(example.columns) != columns[example.feature]] == []


def test_every_measure_shows_missing_or_zero() -> None:
    """The examples of a feature whose absence is missing show a value, not only the absence."""
    shown = {example.feature for example in EXAMPLES if any(v is not None for v in example.columns.values())}
    assert sorted({example.feature for example in EXAMPLES} - shown) == []
