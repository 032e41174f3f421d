"""Laws over the whole catalogue: a new definition is covered on birth."""

from __future__ import annotations

import re
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from abm_ml.catalogue import first_line
from abm_ml.engines import Engine
from abm_ml.features import DERIVED, FEATURES, Derived, Feature, FeatureColumn, feature_set
from abm_ml.features.base import UNITS
from abm_ml.features.facts import FACTS
from abm_ml.features.own import own_features
from abm_ml.tables import Tables
from tests.conftest import Build
from tests.laws.company import CUSTOM, Frames
from tests.laws.laws import TERMS, of_names

EVERY: list[Feature | Derived] = [*FEATURES, *DERIVED]


@pytest.fixture(scope="module")
def tables(company: Frames, tiny: Build) -> Tables:
    """The random company's tables."""
    return tiny(company, custom=CUSTOM)


@pytest.fixture(scope="module")
def columns(tables: Tables) -> tuple[FeatureColumn, ...]:
    """All columns, those of the company's own kinds and columns too."""
    return feature_set(tables, TERMS).columns


@pytest.mark.parametrize("definition", EVERY, ids=lambda each: each.name)
def test_definition(definition: Feature | Derived) -> None:
    """A definition is the function's own first line, one sentence, in a known unit and group."""
    assert definition.definition == first_line(definition.function)
    assert definition.definition[0].isupper() or definition.definition[0].isdigit()
    assert definition.definition.endswith(".")
    assert definition.unit in UNITS
    assert definition.monotone in {None, "increasing", "decreasing"}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda each: each.name)
def test_feature(feature: Feature) -> None:
    """A feature reads known rows, over windows that grow, and its phrase speaks of days only where it has windows."""
    assert feature.rows in FACTS
    assert all(0 < short < long for short, long in pairwise((*feature.windows, 10**6)))
    assert feature.windows or "{days}" not in feature.reason


def test_phrases(columns: tuple[FeatureColumn, ...]) -> None:
    """The phrase of a reason formats with value, days and what is typical, and shows the value."""
    for column in columns:
        value, typical = ("red", "blue") if column.kind == "category" else (12.0, 0.5)
        text = column.reason.format(value=value, days=column.days, typical=typical)
        assert "{value" in column.reason, column.name
        assert not re.search(r"[{}]|None|nan", text), column.name


def test_columns(tables: Tables, columns: tuple[FeatureColumn, ...], features: pa.Table) -> None:
    """At least 200 columns with names of their own; the table has them in the catalogue's order."""
    names = [column.name for column in columns]
    assert len(names) >= 200
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    assert features.column_names == ["account_id", "as_of", *names]


def test_column_order_is_stable(company: Frames, tiny: Build, columns: tuple[FeatureColumn, ...]) -> None:
    """Columns stand in the order of the catalogue, whatever the order of the company's tables."""
    turned = tiny(dict(reversed(company.items())), custom=CUSTOM)
    assert feature_set(turned, TERMS).columns == columns
    stems = list(dict.fromkeys(column.feature for column in columns))
    assert [name for name in stems if name in FEATURES] == [each.name for each in FEATURES if not each.hidden]


def test_types(columns: tuple[FeatureColumn, ...], features: pa.Table) -> None:
    """A number is a double, a category is text; no number is infinite or not a number."""
    for column in columns:
        values = features[column.name]
        assert values.type == (pa.string() if column.kind == "category" else pa.float64()), column.name
        assert column.kind == "category" or pc.all(pc.is_finite(values), min_count=0).as_py(), column.name


def test_every_column_says_something(columns: tuple[FeatureColumn, ...], features: pa.Table) -> None:
    """No column of the random company is empty or constant, but the one that its accounts share by chance."""
    constant = [column.name for column in columns if pc.count_distinct(features[column.name]).as_py() < 2]
    assert constant == []


def test_account_without_rows(tables: Tables, features: pa.Table) -> None:
    """An account without any row has each measure's stated value: 0 for counts and sums, else missing."""
    every = [each for each in (*FEATURES, *own_features(tables, TERMS)) if each.rows != "accounts" and not each.hidden]
    expected = {name: each.measure.if_none for each in every for name, _ in each.columns}
    quiet = of_names(list(expected), features.filter(pc.equal(features["account_id"], "quiet"))).to_pylist()
    assert len(quiet) == 12
    for row in quiet:
        assert {name: row[name] for name in expected} == expected


def test_one_row_per_account_and_date(tables: Tables, features: pa.Table, engine: Engine) -> None:
    """Each account known at a date stands there once, sorted by account and date."""
    keys = list(zip(features["account_id"].to_pylist(), features["as_of"].to_pylist(), strict=True))
    created = dict(engine.compute(tables["accounts"].select("account_id", "created_at")).to_pandas().to_numpy())
    assert keys == sorted(set(keys))
    assert {account for account, as_of in keys if as_of <= created[account].to_pydatetime()} == set()
