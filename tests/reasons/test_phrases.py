"""Reasons: five up, five down, the rest, and together exactly the score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ml.errors import IntegrityError
from abm_ml.features import FeatureColumn
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.reasons.contributions import Contributions
from abm_ml.reasons.phrases import explain, reasons_of, wording
from abm_ml.reasons.rows import REASONS
from tests.reasons.conftest import columns_of

MANY = columns_of("meetings_held", "employees", "annual_revenue", "contacts_known", "past_wins", "past_losses",
                  "company_age", "technologies", "founded_year", "days_known", "completeness",
                  "open_deals")  # fmt: skip


def spoken(points: list[list[float]], columns: tuple[FeatureColumn, ...] = MANY) -> pd.DataFrame:
    """The reasons of made-up contributions; every value is its column's number."""
    matrix = np.array(points, dtype=float)
    names = [column.name for column in columns[: matrix.shape[1]]]
    values = pd.DataFrame(np.tile(np.arange(len(names), dtype=float), (len(matrix), 1)), columns=names)
    values.insert(0, "account_id", [f"a{row}" for row in range(len(matrix))])
    block = Contributions(tuple(names), matrix, matrix, 0.2, 0.2 + matrix.sum(axis=1))
    words = wording(columns, dict.fromkeys(names, 1.0))
    return reasons_of(block, values, label="win", wording=words).to_pandas()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, len(MANY)), st.integers(1, 6), st.integers(0, 10**6))
def test_points_add_up_and_strongest_speak(features: int, rows: int, seed: int) -> None:
    """For any number of features: at most five up and five down, ranked by strength, the rest last, the sum exact."""
    points = np.random.default_rng(seed).normal(0, 0.02, (rows, features)).round(3)
    for row, mine in spoken(points.tolist()).groupby("account_id", sort=False):
        total = points[int(row[1:])].sum()
        assert abs(mine["points"].sum() - total) < 1e-9
        assert list(mine["rank"]) == list(range(1, len(mine) + 1))
        assert list(mine["feature"])[-1] == "other"
        said = mine[mine["feature"] != "other"]
        assert said["points"].abs().is_monotonic_decreasing
        assert (said["points"] > 0).sum() <= 5
        assert (said["points"] < 0).sum() <= 5


def test_windows_of_a_feature_speak_once() -> None:
    """Columns of one feature are one reason: their points together, the words of the strongest window."""
    found = spoken([[0.01, 0.03]])
    assert found["feature"].tolist() == ["meetings_held", "other"]
    assert found["points"].tolist() == pytest.approx([0.04, 0.0])
    assert found["text"][0] == f"1 meeting in the last {MANY[1].days} days, as is typical (+4.0 points)."


def test_words_argue_the_way_the_points_go() -> None:
    """When windows pull apart, the one that pulls with the sum speaks, even if another is stronger alone."""
    columns = columns_of("engagements")
    found = spoken([[0.05, -0.04, -0.04]], columns)
    assert found["points"][0] == pytest.approx(-0.03)
    assert f"the last {columns[1].days} days" in found["text"][0]


def test_equal_strengths_keep_the_order_of_the_columns() -> None:
    """A tie is settled alike on every machine."""
    assert spoken([[0.0, 0.0] + [0.01] * 7])["value"].tolist()[:-1] == ["2", "3", "4", "5", "6"]


def test_what_adds_nothing_is_no_reason() -> None:
    """An account that is like all others has only the row for the rest."""
    found = spoken([[0.0] * 5])
    assert found["text"].tolist() == ["Everything else together (no points)."]
    assert not found["controllable"][0]


def test_points_that_do_not_add_up_are_refused() -> None:
    """Rounding goes into the rest; an error of the model does not."""
    block = Contributions(("employees",), np.array([[0.1]]), np.array([[1.0]]), 0.2, np.array([0.3 + 1e-8]))
    values = pd.DataFrame({"account_id": ["a"], "employees": [1.0]})
    with pytest.raises(IntegrityError, match="add up"):
        reasons_of(block, values, label="win", wording=wording(MANY, {"employees": 1.0}))


def test_a_column_without_definition_is_refused() -> None:
    """A model that reads what the catalogue does not define cannot be explained."""
    with pytest.raises(IntegrityError, match=r"'employes'.*'employees'"):
        wording(MANY, {"employes": 1.0})


def test_explain(
    model: AccountClassifier,
    accounts: pd.DataFrame,
    columns: tuple[FeatureColumn, ...],
) -> None:
    """From a model to words: every account, the contract's columns, sums equal to probabilities, categories as text."""
    found = explain(model, accounts, label="win", columns=columns)
    assert found.schema == REASONS
    rows = found.to_pandas()
    total = rows.groupby("account_id", sort=False)["points"].sum()
    assert list(total.index) == list(accounts["account_id"])
    assert np.abs(total.to_numpy() + model.base_probability_ - model.predict_proba(accounts)[:, 1]).max() < 1e-9
    industry = rows[rows["feature"] == "industry"]
    assert set(industry["value"].dropna()) == {"Software", "Retail", "製造業"}
    assert rows["group"].isna().equals(rows["feature"] == "other")


def test_one_account_alone_is_explained_as_in_the_batch(
    model: AccountClassifier, accounts: pd.DataFrame, columns: tuple[FeatureColumn, ...]
) -> None:
    """The explanation of one account equals its rows of the batch, byte by byte."""
    batch = explain(model, accounts, label="win", columns=columns)
    alone = explain(model, accounts.iloc[[17]], label="win", columns=columns)
    assert alone.to_pylist() == [row for row in batch.to_pylist() if row["account_id"] == "0017"]
