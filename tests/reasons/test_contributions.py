"""Contributions are exact, whatever the size of a block, and never those of another model."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import IntegrityError
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.reasons import kernel
from abm_ml.reasons.contributions import contributions


def test_they_add_up_to_the_displayed_probability(model: AccountClassifier, accounts: pd.DataFrame) -> None:
    """Base probability plus points is the calibrated probability that people see, to 1e-9."""
    (block,) = contributions(model, accounts)
    assert np.abs(block.points.sum(axis=1) + block.base_probability - block.probability).max() < 1e-9
    assert np.array_equal(block.probability, model.predict_proba(accounts)[:, 1])


def test_they_are_those_of_the_trees(model: AccountClassifier, accounts: pd.DataFrame) -> None:
    """The explainer says what the model says of itself."""
    (block,) = contributions(model, accounts)
    own = model.contributions(accounts)
    assert list(block.names) == list(own.columns)
    assert np.abs(block.points - own.to_numpy()).max() < 1e-12


def test_every_rung_explains_itself_exactly(lower: AccountClassifier, accounts: pd.DataFrame) -> None:
    """Whatever the model is, its points add up to the probability that people see, and are what it says of itself."""
    (block,) = contributions(lower, accounts)
    assert np.abs(block.points.sum(axis=1) + block.base_probability - block.probability).max() < 1e-9
    assert np.array_equal(block.probability, lower.predict_proba(accounts)[:, 1])
    assert np.abs(block.points - lower.contributions(accounts).to_numpy()).max() < 1e-9


@pytest.mark.parametrize("block_rows", [1, 7, 399, 400, 1000])
def test_blocks_change_nothing(model: AccountClassifier, accounts: pd.DataFrame, block_rows: int) -> None:
    """Memory may be cut into blocks of any size; the numbers are the same to the last bit."""
    (whole,) = contributions(model, accounts.head(20))
    parts = [block.points for block in contributions(model, accounts.head(20), block_rows=block_rows)]
    assert np.array_equal(np.concatenate(parts), whole.points)


def test_no_accounts_have_no_contributions(model: AccountClassifier, accounts: pd.DataFrame) -> None:
    """Nobody to explain is no error."""
    assert list(contributions(model, accounts.head(0))) == []


def test_another_base_is_refused(model: AccountClassifier, accounts: pd.DataFrame) -> None:
    """A model whose stored base is not that of its trees explains nothing."""
    wrong = copy.copy(model)
    wrong.base_margin_ = model.base_margin_ + 1e-6
    with pytest.raises(IntegrityError, match="base"):
        next(contributions(wrong, accounts))


@pytest.fixture
def stored_again(model: AccountClassifier) -> AccountClassifier:
    """The model as it comes out of its bundle, with trees that nobody has explained yet."""
    return AccountClassifier.from_state(model.to_state())


def test_threads_change_nothing(
    model: AccountClassifier, stored_again: AccountClassifier, accounts: pd.DataFrame
) -> None:
    """As many threads as the machine has give the same bits as one."""
    (alone,) = contributions(model, accounts)
    (together,) = contributions(stored_again.set_params(num_threads=4), accounts)
    assert np.array_equal(alone.points, together.points)


def test_a_wrong_kernel_is_noticed_and_the_numbers_stay_exact(
    stored_again: AccountClassifier, accounts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that is wrong by a millionth leads to a warning, and shap explains instead."""
    fill = kernel._fill

    def spoilt(parts: object, leaves: object, rule: object, tables: np.ndarray) -> None:
        fill(parts, leaves, rule, tables)
        tables += 1e-6

    monkeypatch.setattr(kernel, "_fill", spoilt)
    with pytest.warns(UserWarning, match=r"fast kernel is off by .*e-0"):
        (block,) = contributions(stored_again, accounts)
    assert np.abs(block.points - stored_again.contributions(accounts).to_numpy()).max() < 1e-12


def test_trees_that_the_kernel_does_not_know_are_explained_too(
    stored_again: AccountClassifier, accounts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a kernel, a warning says that it takes longer, and the numbers are the trees' own."""
    monkeypatch.setattr(kernel, "WIDEST_KEY", 0)
    with pytest.warns(UserWarning, match="knows no such trees"):
        (block,) = contributions(stored_again, accounts)
    assert np.abs(block.points - stored_again.contributions(accounts).to_numpy()).max() < 1e-12


def test_a_model_s_kernel_is_made_once(
    stored_again: AccountClassifier, accounts: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One account after another is explained from the same tables."""
    made: list[object] = []
    kernel_of = kernel.kernel_of
    monkeypatch.setattr(kernel, "kernel_of", lambda dump: made.append(dump) or kernel_of(dump))
    for row in range(3):
        list(contributions(stored_again, accounts.iloc[[row]]))
    assert len(made) == 1
