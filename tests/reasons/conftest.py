"""A small trained model over columns of the catalogue, with a company's gaps, categories and scripts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abm_ml.features import DERIVED, FEATURES, FeatureColumn
from abm_ml.modelling.classifier import AccountClassifier

WANTED = ("meetings_held", "days_since_engagement", "industry", "in_program", "employees")


def columns_of(*features: str) -> tuple[FeatureColumn, ...]:
    """Every column of some features, as the feature table describes them."""
    found = []
    for name in features:
        each = FEATURES[name] if name in FEATURES else DERIVED[name]
        for column, days in getattr(each, "columns", ((name, None),)):
            facts = {key: getattr(each, key) for key in ("group", "kind", "unit", "reason", "controllable", "monotone")}
            facts["reason"] = facts["reason"].replace("{currency}", "EUR")
            found.append(FeatureColumn(name=column, feature=name, days=days, **facts))
    return tuple(found)


@pytest.fixture(scope="session")
def columns() -> tuple[FeatureColumn, ...]:
    """The columns that the small model learns from."""
    return columns_of(*WANTED)


@pytest.fixture(scope="session")
def accounts(columns: tuple[FeatureColumn, ...]) -> pd.DataFrame:
    """The feature table of 400 accounts."""
    random = np.random.default_rng(5)
    table = {"account_id": [f"{number:04d}" for number in range(400)]}
    for column in columns:
        values: object = random.poisson(2.0, 400).astype(float)
        if column.kind == "category":
            values = random.choice(np.array(["Software", "Retail", "製造業", None], dtype=object), 400)
        elif column.unit in {"days", "employees"}:
            values = np.where(random.random(400) < 0.3, np.nan, random.integers(0, 300, 400))
        elif column.unit == "yes/no":
            values = random.integers(0, 2, 400).astype(float)
        table[column.name] = values
    return pd.DataFrame(table)


@pytest.fixture(scope="session")
def model(accounts: pd.DataFrame) -> AccountClassifier:
    """A model that has learned from the accounts what meetings and industry are worth."""
    drive = accounts["meetings_held_30d"] + 2.0 * (accounts["industry"] == "Software") - accounts["in_program"] - 2.0
    happened = np.random.default_rng(6).random(len(accounts)) < 1.0 / (1.0 + np.exp(-drive))
    return AccountClassifier(rung="lightgbm", max_trees=40).fit(
        accounts.drop(columns="account_id"), happened.astype(int)
    )


@pytest.fixture(scope="session", params=["rules", "rate", "logistic", "mixture"])
def lower(request: pytest.FixtureRequest, model: AccountClassifier, accounts: pd.DataFrame) -> AccountClassifier:
    """A model of a lower rung that has learned from the same accounts, or its mean with the trees."""
    rung = "logistic" if request.param == "mixture" else request.param
    found = AccountClassifier(rung=rung, rule_column="meetings_held_30d")
    found.fit(accounts.drop(columns="account_id"), (accounts["meetings_held_30d"] > 2).astype(int))
    if request.param != "mixture":
        return found
    trees = model.to_state()
    return AccountClassifier.from_state(replace(trees, additive=found.to_state().additive, share=0.6))
