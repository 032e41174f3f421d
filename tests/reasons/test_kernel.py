"""The kernel says of every model and row what LightGBM's own TreeSHAP says, however the model was grown."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abm_ml.reasons import kernel
from abm_ml.reasons.kernel import ZERO, Kernel, kernel_of
from abm_ml.reasons.trees import parts_of, trees_of

ROWS = 300
# Numbers with gaps and zeros, few different ones, categories, a column that tells nothing, and tiny and huge numbers.
NUMBERS, FEW, CATEGORY, CONSTANT, EXTREME = range(5)
ODD = [np.nan, 0.0, -0.0, ZERO, -ZERO, 2 * ZERO, 1e-300, -1.0, -0.5, 0.5, 2.7, 31.0, 32.0, 99.0, 1e9, 3e9, 1e300,
       -1e300, np.inf, -np.inf]  # fmt: skip

growing = st.fixed_dictionaries(
    {
        "num_leaves": st.sampled_from([2, 5, 31]),
        "max_depth": st.sampled_from([-1, 2, 8]),
        "min_data_in_leaf": st.sampled_from([1, 3, 20]),
        "extra_trees": st.booleans(),
        "use_missing": st.booleans(),
        "zero_as_missing": st.booleans(),
        "lambda_l2": st.sampled_from([0.0, 10.0]),
        "monotone_constraints": st.sampled_from([[0] * 5, [1, -1, 0, 0, 1]]),
        "max_cat_to_onehot": st.sampled_from([1, 4, 40]),
        "bagging_fraction": st.sampled_from([0.5, 1.0]),
        "seed": st.integers(0, 10**6),
    }
)


def sample(seed: int, rows: int = ROWS) -> np.ndarray:
    """Rows of the five kinds of column."""
    dice = np.random.default_rng(seed)
    matrix = dice.normal(size=(rows, 5))
    matrix[:, FEW] = dice.integers(-2, 3, rows)
    matrix[:, CATEGORY] = dice.integers(0, 40, rows)
    matrix[:, CONSTANT] = 7.0
    matrix[:, EXTREME] = 10.0 ** dice.integers(-40, 300, rows) * dice.choice([-1.0, 1.0], rows)
    matrix[dice.random((rows, 5)) < 0.15] = np.nan
    matrix[dice.random((rows, 5)) < 0.1] = 0.0
    return matrix


def grown(matrix: np.ndarray, *, rounds: int = 4, **how: Any) -> lgb.Booster:
    """A model of the matrix, read back from its text as a stored one is."""
    dice = np.random.default_rng(int(how.get("seed", 0)))
    drive = np.nan_to_num(matrix[:, 0]) + (np.nan_to_num(matrix[:, 2]) % 3) - np.isnan(matrix[:, 1])
    happened = dice.random(len(matrix)) < 1.0 / (1.0 + np.exp(1.0 - drive))
    fixed = {"objective": "binary", "bagging_freq": 1, "min_data_per_group": 1, "cat_smooth": 1.0, "num_threads": 1}
    table = lgb.Dataset(matrix, happened.astype(int), categorical_feature=[CATEGORY], params={"min_data_in_bin": 1})
    booster = lgb.train({**fixed, "min_sum_hessian_in_leaf": 0.0, "verbosity": -1, **how}, table, rounds)
    return lgb.Booster(model_str=booster.model_to_string())


def made(booster: lgb.Booster, **limits: int) -> Kernel:
    """The booster's kernel, which must be there."""
    found = kernel_of(booster.dump_model(), **limits)
    assert found is not None
    return found


def assert_equal(booster: lgb.Booster, matrix: np.ndarray, found: Kernel) -> None:
    """Contributions and base are LightGBM's own, to 1e-9."""
    own = np.asarray(booster.predict(matrix, pred_contrib=True))
    np.testing.assert_allclose(found.contributions(matrix), own[:, :-1], rtol=0, atol=1e-9)
    assert abs(found.base - own[0, -1]) < 1e-9


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(growing, st.integers(0, 12))
def test_it_is_lightgbm_s_own_tree_shap(how: dict[str, Any], widest: int) -> None:
    """Gaps, zeros, categories, any growth, whatever is tabled: to 1e-9, on rows like the model's and odd ones."""
    booster = grown(sample(how["seed"]), **how)
    odd = np.random.default_rng(how["seed"]).choice(np.array(ODD), (100, 5))
    assert_equal(booster, np.concatenate([sample(how["seed"] + 1, 100), odd]), made(booster, widest=widest))


@pytest.fixture(scope="module")
def deep() -> tuple[lgb.Booster, np.ndarray]:
    """A model whose leaves lie so deep that 20 features decide about one, and rows to explain."""
    dice = np.random.default_rng(4)
    matrix = dice.normal(size=(3_000, 30))
    drive = np.maximum(matrix, 0.5).sum(axis=1) - 17.0
    how = {"objective": "regression", "num_leaves": 60, "min_data_in_leaf": 1, "extra_trees": True, "verbosity": -1}
    return lgb.train({**how, "path_smooth": 0.0, "seed": 3}, lgb.Dataset(matrix, drive), 12), matrix[:200]


def test_leaves_too_deep_for_tables_are_as_exact(deep: tuple[lgb.Booster, np.ndarray]) -> None:
    """A leaf that more features decide about than a key may have bits is worked out row by row."""
    booster, matrix = deep
    found = made(booster)
    assert (found.layout.parts.table < 0).any()
    assert (found.layout.parts.table >= 0).any()
    assert_equal(booster, matrix, found)


@pytest.mark.parametrize("table_bytes", [0, 10_000, 1_000_000])
def test_tables_stay_within_their_memory(deep: tuple[lgb.Booster, np.ndarray], table_bytes: int) -> None:
    """However little memory there is for tables, it is enough, and the numbers are the same."""
    booster, matrix = deep
    found = made(booster, table_bytes=table_bytes)
    assert found.tables.nbytes <= table_bytes
    assert_equal(booster, matrix, found)


def test_parts_hold_every_leaf_once(deep: tuple[lgb.Booster, np.ndarray]) -> None:
    """Cutting a tree loses no leaf and doubles none, and only a leaf alone may be too wide."""
    for tree in trees_of(deep[0].dump_model()) or ():
        parts = parts_of(tree, 8)
        assert sorted(map(id, tree.leaves)) == sorted(id(leaf) for part in parts for leaf in part.leaves)
        assert all(part.width <= 8 or len(part.leaves) == 1 for part in parts)


def test_a_tree_without_split_only_moves_the_base() -> None:
    """A model that has learned nothing gives every row the same, and no feature a say."""
    booster = grown(sample(0), min_data_in_leaf=ROWS)
    assert {tree["num_leaves"] for tree in booster.dump_model()["tree_info"]} == {1}
    assert_equal(booster, sample(1), made(booster))


def test_a_leaf_that_no_row_reached_has_a_finite_say() -> None:
    """Where no training row came, shares of nothing are no error: contributions still add up to the margin."""
    counts = {"leaf_count=": "leaf_count=0 0 7 9", "internal_count=": "internal_count=16 0 16"}
    lines = grown(sample(0), rounds=1, num_leaves=4).model_to_string().split("\n")
    emptied = [next((new for old, new in counts.items() if line.startswith(old)), line) for line in lines]
    booster, matrix = lgb.Booster(model_str="\n".join(emptied)), sample(1)
    found = made(booster)
    margin = np.asarray(booster.predict(matrix, raw_score=True))
    np.testing.assert_allclose(found.contributions(matrix).sum(axis=1) + found.base, margin, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("how", "dump"),
    [
        ({"linear_tree": True}, {}),
        ({"boosting": "rf", "bagging_fraction": 0.5}, {}),
        ({}, {"num_tree_per_iteration": 3}),
    ],
)
def test_other_trees_have_no_kernel(how: dict[str, Any], dump: dict[str, Any]) -> None:
    """Leaves that are linear, trees that are averaged and models of several outputs are not explained wrongly."""
    matrix = np.random.default_rng(0).normal(size=(ROWS, 5))
    matrix[:, CATEGORY] = np.abs(matrix[:, CATEGORY]).round()
    assert kernel_of({**grown(matrix, **how).dump_model(), **dump}) is None


def test_blocks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are explained one by one, as it were: bit by bit the same in any company and on any number of threads."""
    found, matrix = made(grown(sample(0), num_leaves=31)), sample(1)
    whole = found.contributions(matrix)
    monkeypatch.setattr(kernel, "BLOCK_ROWS", 37)
    for threads in (0, 1, 3):
        assert np.array_equal(found.contributions(matrix, threads=threads), whole)
    assert np.array_equal(found.contributions(np.asfortranarray(matrix)[5:6]), whole[5:6])
    assert found.contributions(matrix[:0]).shape == (0, 5)


def test_the_strongest_reasons_are_the_same_in_order(deep: tuple[lgb.Booster, np.ndarray]) -> None:
    """What is told first is what LightGBM's own contributions would put first."""
    booster, matrix = deep
    own = np.asarray(booster.predict(matrix, pred_contrib=True))[:, :-1]
    found = made(booster).contributions(matrix)
    first_five = [np.argsort(-np.abs(each), axis=1, kind="stable")[:, :5] for each in (own, found)]
    assert np.array_equal(*first_five)
