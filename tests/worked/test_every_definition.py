"""Each definition of the catalogue has a worked example."""

from __future__ import annotations

from abm_ml.features import DERIVED, FEATURES
from tests.worked import (
    test_calendar,
    test_clients,
    test_depth,
    test_derived,
    test_engagement,
    test_firmographic,
    test_momentum,
    test_outreach,
    test_peers,
    test_penetration,
    test_people,
    test_pipeline,
    test_relatives,
)

FILES = (
    test_engagement, test_penetration, test_firmographic, test_pipeline, test_clients, test_derived, test_momentum,
    test_depth, test_outreach, test_people, test_peers, test_relatives, test_calendar,
)  # fmt: skip
EXAMPLES = [example for file in FILES for example in file.EXAMPLES]
TOLD = [definition for definition in (*FEATURES, *DERIVED) if not definition.hidden]


def test_every_definition_has_an_example() -> None:
    """A new feature comes with rows from which its value follows."""
    shown = {example.feature for example in EXAMPLES}
    assert {definition.name for definition in TOLD} == shown


def test_every_helper_helps() -> None:
    """A definition that nobody is told of is needed by one whose examples show what it comes to."""
    needed = {need for definition in DERIVED for need in definition.needs}
    hidden = [definition for definition in (*FEATURES, *DERIVED) if definition.hidden]
    assert hidden
    for definition in hidden:
        assert {name for name, _ in getattr(definition, "columns", ((definition.name, None),))} <= needed


def test_every_window_has_an_example() -> None:
    """An example of a feature with windows speaks of each of them."""
    columns = {definition.name: {column for column, _ in definition.columns} for definition in FEATURES}
    columns |= {definition.name: {definition.name} for definition in DERIVED}
    assert [example.feature for example in EXAMPLES if set(example.columns) != columns[example.feature]] == []


def test_every_measure_shows_missing_or_zero() -> None:
    """The examples of a feature whose absence is missing show a value, not only the absence."""
    shown = {example.feature for example in EXAMPLES if any(v is not None for v in example.columns.values())}
    assert sorted({example.feature for example in EXAMPLES} - shown) == []
