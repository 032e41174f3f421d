"""How each rung of the ladder is prepared once, and then fitted to any of the training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from abm_ml.errors import ConfigError, did_you_mean
from abm_ml.modelling.folds import NOTHING, Plan, Rows
from abm_ml.modelling.inputs import Feature, Prepared
from abm_ml.modelling.ladder import Fit, Rung
from abm_ml.modelling.logistic import Logistic, chosen_spread
from abm_ml.modelling.mixture import Model
from abm_ml.modelling.rates import fit_rates, fit_rules
from abm_ml.modelling.trees import BinnedRows

Direction = Literal["increasing", "decreasing"]
DIRECTIONS: Mapping[str, int] = {"increasing": 1, "decreasing": -1}
ROWS_PER_LEAF_SHARE, FEWEST_ROWS, MOST_ROWS = 100, 3, 100
EVENTS_PER_LEAF, FEWEST_LEAVES, MOST_LEAVES = 300, 4, 20
FEWEST_EVENTS_PER_LEAF = 10  # whatever is asked for


@dataclass(frozen=True, slots=True)
class TreePlan:
    """How trees are grown: LightGBM's settings, at most how many, how long without gain, and how many times over."""

    settings: Mapping[str, Any]
    most: int
    patience: int
    bags: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rungs:
    """The training rows with all that the rungs need to know of them.

    `directions` holds +1 or -1 by feature, `rule` the feature with the rule's score, `rule_direction` its sign.
    """

    rows: Prepared
    plan: Plan
    directions: Mapping[str, int]
    rule: str
    rule_direction: int
    trees: TreePlan
    seed: int

    def ways(self) -> dict[Rung, Callable[[], Fit]]:
        """The preparation of each rung that these rows allow."""
        ways: dict[Rung, Callable[[], Fit]] = {
            "rate": self._rates, "logistic": self._logistic, "lightgbm": self._lightgbm
        }  # fmt: skip
        numbers = [feature.name for feature in self.rows.features if feature.kind == "number"]
        return {"rules": self._rules, **ways} if self.rule in numbers else ways

    def _rules(self) -> Fit:
        place = [feature.name for feature in self.rows.features].index(self.rule)
        return self._each(partial(fit_rules, feature=place, direction=self.rule_direction))

    def _rates(self) -> Fit:
        return self._each(partial(fit_rates, apart=self.directions))

    def _logistic(self) -> Fit:
        spread = chosen_spread(self.rows, self.plan.stopping, directions=self.directions, seed=self.seed)
        return self._each(Logistic(spread=spread, directions=self.directions, seed=self.seed).fit)

    def _each(self, fitted: Callable[[Prepared], Model]) -> Fit:
        def fit(some: Rows, without: Rows = NOTHING) -> Model:
            return fitted(self.rows.some(some, without))

        return fit

    def _lightgbm(self) -> Fit:
        """Trees, as many of them as later or foreign rows find best; those of the folds are grown only once."""
        rows, plan, folds = self.rows, self.trees, self.plan.stopping
        binned = BinnedRows(rows.matrix, rows.y, rows.weight, rows.features, plan.settings)
        count, grown = binned.counted(plan.settings, folds, most=plan.most, patience=plan.patience)

        def fit(some: Rows, without: Rows = NOTHING) -> Model:
            if plan.bags == 1 and not len(without):
                for (teach, _), trees in zip(folds, grown, strict=True):
                    if np.array_equal(teach, some):
                        return trees
            settings = {**plan.settings, **_unused(len(rows.features), without)}
            return binned.trees(settings, count, some, bags=plan.bags)

        return fit


def _unused(features: int, without: Rows) -> dict[str, Any]:
    """LightGBM's setting by which splits of some features gain nothing, so that there are none."""
    if not len(without):
        return {}
    gain = np.ones(features)
    gain[without] = 0.0
    return {"feature_contri": gain.tolist()}


def tree_settings(parameters: Mapping[str, Any], rows: Prepared, directions: Mapping[str, int]) -> dict[str, Any]:
    """LightGBM's own settings from a classifier's: fewer leaves for few events, bigger leaves for many rows."""
    events = int(min(rows.y.sum(), (1 - rows.y).sum()))
    in_a_leaf = parameters["min_child_samples"]
    if in_a_leaf is None:
        in_a_leaf = min(max(len(rows.y) // ROWS_PER_LEAF_SHARE, FEWEST_ROWS), MOST_ROWS)
    leaves = parameters["num_leaves"]
    if leaves is None:
        leaves = min(events // EVENTS_PER_LEAF, MOST_LEAVES)
    leaves = max(min(leaves, events // FEWEST_EVENTS_PER_LEAF), FEWEST_LEAVES)
    same = ("learning_rate", "max_depth", "feature_fraction", "bagging_fraction", "seed", "num_threads")
    return {
        **{name: parameters[name] for name in same},
        "objective": "binary",
        "metric": "binary_logloss",
        "num_leaves": leaves,
        "min_data_in_leaf": in_a_leaf,
        "min_data_per_group": in_a_leaf,
        "min_gain_to_split": 1e-4,
        "bagging_freq": 1,
        "lambda_l2": parameters["l2"],
        "monotone_constraints": [directions.get(feature.name, 0) for feature in rows.features],
        "deterministic": True,
        "force_row_wise": True,
        "feature_pre_filter": False,
        "verbosity": -1,
    }


def directions_of(
    wanted: Mapping[str, Direction] | None, features: Sequence[Feature], columns: Sequence[str]
) -> dict[str, int]:
    """+1 or -1 for features with a direction; one for a column that is not there, or has no order, is refused."""
    asked = dict(wanted or {})
    for name, direction in asked.items():
        if name not in columns:
            raise ConfigError(f"monotone: no column is called '{name}'. {did_you_mean(name, columns)}")
        if direction not in DIRECTIONS:
            raise ConfigError(f"monotone, column '{name}': {direction!r} is neither 'increasing' nor 'decreasing'.")
    unordered = [feature.name for feature in features if feature.kind == "category" and feature.name in asked]
    if unordered:
        raise ConfigError(f"monotone: {', '.join(unordered)} hold categories, which have no order. Leave them out.")
    return {feature.name: DIRECTIONS[asked[feature.name]] for feature in features if feature.name in asked}
