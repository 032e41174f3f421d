"""A company's own features: its own kinds of engagement and the custom columns of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from abm_ml.engines import Engine
from abm_ml.features import FEATURES, feature_set
from abm_ml.features.facts import FACTS, unusable
from abm_ml.features.own import own_features
from abm_ml.tables import ColumnType, Engagement, Tables, Terms
from abm_ml.timeline import spine
from tests.conftest import Build
from tests.features import plain
from tests.worked.example import AS_OF, Example, Row, account, changed, contract, deal, did, repriced, rows_of

CUSTOM: Mapping[str, Mapping[str, ColumnType]] = {
    "accounts": {"segment": "text"}, "opportunities": {"likelihood": "number"}, "contracts": {"seats": "integer"},
}  # fmt: skip


def company(tiny: Build, *rows: Row, custom: tuple[str, ...] = ()) -> Tables:
    """One account with rows in the notation of the worked examples, and custom columns of some tables."""
    chosen = {name: CUSTOM[name] for name in custom}
    return tiny(rows_of([Example("", "", rows, None)]), custom=chosen)


def values(tables: Tables, terms: Terms, engine: Engine) -> dict[str, Any]:
    """The company's own features at the date of the examples."""
    found: dict[str, Any] = {}
    for feature in own_features(tables, terms):
        source = FACTS[feature.rows]
        dates = spine(tables, [AS_OF], engine)
        table = plain.aggregated([feature], source.build(tables, terms), dates, source.after_cut)
        found |= engine.compute(table.drop("account_id", "as_of")).to_pylist()[0]
    return found


def test_own_kinds(tiny: Build, engine: Engine) -> None:
    """A kind that only this company's points name is counted and timed, its quantities and seconds added up."""
    visits = [did(7, "factory_visit", quantity=3, seconds=60), did(40, "factory_visit", quantity=2, seconds=30)]
    tables = company(tiny, *visits, did(1))
    found = values(tables, Terms(engagement=Engagement(points={"factory_visit": 5, "meeting": 9})), engine)
    counts = {"kind_factory_visit_7d": 1, "kind_factory_visit_30d": 1, "kind_factory_visit_90d": 2}
    quantities = {"quantity_factory_visit_90d": 5, "quantity_factory_visit_365d": 5}
    seconds = {"seconds_factory_visit_30d": 60, "seconds_factory_visit_90d": 90}
    assert found == {**counts, **quantities, **seconds, "days_since_kind_factory_visit_365d": 7}


def test_known_kinds_are_no_own_ones(tiny: Build) -> None:
    """Other points for a known kind make no feature of its own."""
    assert own_features(company(tiny, did(1)), Terms(engagement=Engagement(points={"meeting": 9}))) == []


def test_custom_column_of_accounts(tiny: Build, engine: Engine) -> None:
    """With a table of changes a custom column is what it was on the date."""
    rows = (account(segment="old"), changed("segment", "new", 9), changed("segment", "newest", 0))
    assert values(company(tiny, *rows, custom=("accounts",)), Terms(), engine) == {"custom_segment": "new"}


def test_custom_column_that_never_changes(tiny: Build, engine: Engine) -> None:
    """Without that table it is used only where the configuration says that it never changes."""
    tables = company(tiny, account(segment="old"), contract("a", 9, -9, seats=5), custom=("accounts", "contracts"))
    fixed = Terms(fixed={"accounts": ("segment",), "contracts": ("seats",)})
    assert values(tables, fixed, engine) == {"custom_segment": "old", "custom_contracts_seats": 5}
    assert values(tables, Terms(), engine) == {}
    assert unusable(tables, Terms()) == ("accounts.segment", "contracts.seats")
    assert unusable(tables, fixed) == ()


@pytest.mark.parametrize(
    ("rows", "fixed", "expected"),
    [
        ([deal("a", 9, likelihood=0.5)], ("likelihood",), {"custom_opportunities_likelihood": 0.5}),
        ([deal("a", 9, likelihood=0.5)], (), {}),
        ([deal("a", 9, likelihood=0.5), repriced("a", 1, 5)], (), {}),
    ],
)
def test_custom_column_of_deals(
    rows: list[Row], fixed: tuple[str, ...], expected: dict[str, float], tiny: Build, engine: Engine
) -> None:
    """A custom column of a deal is read if it never changes; a log that names another column says nothing of it."""
    tables = company(tiny, *rows, custom=("opportunities",))
    assert values(tables, Terms(fixed={"opportunities": fixed}), engine) == expected
    assert ("opportunities.likelihood" in unusable(tables, Terms())) is True


def test_a_cleared_value_is_empty(tiny: Build, engine: Engine) -> None:
    """A change to nothing is a change: the old value does not come back."""
    tables = company(tiny, account(segment="old"), changed("segment", None, 9), custom=("accounts",))
    assert values(tables, Terms(), engine) == {"custom_segment": None}


def test_doubled_columns_are_refused(tiny: Build) -> None:
    """Two tables may have a custom column of one name; a column that bears a feature's name is refused by name."""
    tables = company(tiny, account(segment="x"), deal("a", 9, likelihood=1), custom=("accounts", "opportunities"))
    fixed = Terms(fixed={"accounts": ("segment",), "opportunities": ("likelihood",)})
    assert {"custom_segment", "custom_opportunities_likelihood"} <= set(feature_set(tables, fixed).names)


def test_amount_without_a_log(tiny: Build, engine: Engine) -> None:
    """Where no table says when an amount changed, that of an open deal is unknown, unless it is fixed."""
    tables = company(tiny, deal("a", 9, amount=100))
    source, dates = FACTS["deals"], spine(tables, [AS_OF], engine)
    for terms, expected in ((Terms(), None), (Terms(fixed={"opportunities": ("amount",)}), 100.0)):
        table = plain.aggregated([FEATURES["open_amount"]], source.build(tables, terms), dates, source.after_cut)
        assert engine.compute(table)["open_amount"].to_pylist() == [expected]


def test_own_features_join_the_others(tiny: Build) -> None:
    """They stand after the features of the catalogue."""
    tables = company(tiny, did(1), account(segment="a"), custom=("accounts",))
    terms = Terms(engagement=Engagement(points={"factory_visit": 5}), fixed={"accounts": ("segment",)})
    own = [feature.name for feature in own_features(tables, terms)]
    every = [feature.name for feature in feature_set(tables, terms).features]
    assert own[-1] == "custom_segment"
    assert every[-len(own) :] == own
    assert set(every[: -len(own)]) <= set(FEATURES.names)
