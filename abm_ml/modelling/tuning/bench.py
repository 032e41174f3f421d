"""Rows on which settings are tried: encoded and binned once, judged fold by fold."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from abm_ml.modelling.evaluation import Metric
from abm_ml.modelling.folds import Floats, Fold, Rows
from abm_ml.modelling.inputs import Prepared
from abm_ml.modelling.ladder import gain_of
from abm_ml.modelling.trees import BinnedRows, Grown
from abm_ml.modelling.tuning.space import SPACE, Range, space_around

if TYPE_CHECKING:
    from abm_ml.modelling.classifier import AccountClassifier


@dataclass(frozen=True, slots=True)
class Standing:
    """How settings do after some folds: the lowest log loss over all of them together, and with how many trees."""

    loss: float
    trees: int
    grown: tuple[Grown, ...]


class Bench:
    """Rows, folds, and a classifier whose other settings stay as they are.

    `model` has prepared the rows.
    """

    def __init__(self, model: AccountClassifier, rows: Prepared, folds: Sequence[Fold]) -> None:
        self._model, self._rows, self.folds = model, rows, folds
        self._binned = BinnedRows(rows.matrix, rows.y, rows.weight, rows.features, self._trees_of({}))

    @cached_property
    def usual(self) -> dict[str, Any]:
        """The model's own settings; leaves and their rows as numbers, where it leaves them to the data."""
        own = self._model.get_params()
        trees = self._trees_of({})
        grown = {"num_leaves": trees["num_leaves"], "min_child_samples": trees["min_data_in_leaf"]}
        return {name: own[name] for name in SPACE} | grown

    @cached_property
    def space(self) -> dict[str, Range]:
        """The range of every setting."""
        return space_around(self.usual)

    @property
    def name(self) -> str:
        """A hash of all that a trial's loss depends on, but for its settings."""
        digest = hashlib.sha256()
        for values in (
            self._rows.matrix,
            self._rows.y,
            self._rows.weight,
            *(part for fold in self.folds for part in fold),
        ):
            digest.update(np.ascontiguousarray(values).data)
        known = {name: str(value) for name, value in self._model.get_params().items() if name != "num_threads"}
        digest.update(json.dumps([known, version("lightgbm"), version("optuna")], sort_keys=True).encode())
        return digest.hexdigest()[:16]

    @cached_property
    def at_usual(self) -> tuple[Standing, ...]:
        """How the model's own settings do after each fold."""
        return tuple(self.standings(self.usual))

    def standings(self, settings: Mapping[str, Any]) -> Iterator[Standing]:
        """How settings do after the first fold, after two folds, and so on."""
        grown: list[Grown] = []
        for fold in self.folds:
            most, patience = self._model.max_trees, self._model.patience
            grown.append(self._binned.grown(self._trees_of(settings), fold, most=most, patience=patience))
            curve = self._together([each.losses for each in grown])
            yield Standing(float(curve.min()), int(np.argmin(curve)) + 1, tuple(grown))

    def auc(self, standing: Standing) -> float:
        """How well the trees of a standing, which saw all folds, rank the rows that were judged."""
        from sklearn.metrics import roc_auc_score

        judged = self._judged
        return float(roc_auc_score(self._rows.y[judged], _margin(standing), sample_weight=self._rows.weight[judged]))

    def gain(self, standing: Standing) -> Metric:
        """How much lower the log loss of a standing, which saw all folds, is than that of the usual settings."""
        before, after = (self._surprise(each) for each in (self.at_usual[-1], standing))
        groups, judged = self._rows.groups, self._judged
        owner = None if groups is None else groups[judged]
        return gain_of(before - after, owner, self._rows.weight[judged], seed=self._model.seed)[0]

    def classifier_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings for AccountClassifier(**settings); the usual ones word for word as the model has them."""
        own = self._model.get_params()
        return {name: own[name] for name in SPACE} if dict(settings) == self.usual else dict(settings)

    @cached_property
    def _judged(self) -> Rows:
        return np.concatenate([judge for _, judge in self.folds])

    def _surprise(self, standing: Standing) -> Floats:
        """The log loss of each row that was judged."""
        margin = _margin(standing)
        return np.logaddexp(0.0, margin) - self._rows.y[self._judged] * margin

    def _trees_of(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        model: AccountClassifier = copy.copy(self._model).set_params(**settings)
        return model.tree_settings(self._rows)

    def _together(self, curves: Sequence[Floats]) -> Floats:
        """The log loss over several folds after each number of trees; a curve that ended early stays where it is."""
        longest = max(map(len, curves))
        filled = [np.append(curve, np.full(longest - len(curve), curve[-1])) for curve in curves]
        weights = [self._rows.weight[judge].sum() for _, judge in self.folds[: len(curves)]]
        return np.asarray(np.average(filled, axis=0, weights=weights))


def _margin(standing: Standing) -> Floats:
    return np.concatenate([each.margins(standing.trees) for each in standing.grown])
