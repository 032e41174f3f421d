"""The learner: the ladder behind a scikit-learn estimator, calibrated, explained, and the same every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data

from abm_ml.errors import ConfigError, SourceError
from abm_ml.modelling.answers import answers, require_both
from abm_ml.modelling.bundle import ModelState
from abm_ml.modelling.calibration import Calibrator, Floats, fit_calibrator, probability_points
from abm_ml.modelling.cells import Cell, Pooled, cells_of, pooled
from abm_ml.modelling.folds import Plan, plan_of, ranks
from abm_ml.modelling.inputs import Feature, Prepared, encoded, in_order, learned
from abm_ml.modelling.ladder import Fit, Rung, Step, below_of, climb
from abm_ml.modelling.mixture import Model, model_of, parts_of
from abm_ml.modelling.rungs import DIRECTIONS, Direction, Rungs, TreePlan, directions_of, tree_settings
from abm_ml.modelling.season import Season, season_of
from abm_ml.modelling.unseen import with_unseen

CalibrateOn = Literal["newest", "all"]
RungChoice = Literal["auto", "rules", "rate", "logistic", "lightgbm"]


class AccountClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc,unused-ignore]  # scikit-learn has no types
    """A model for two classes, as high on the ladder as the data carries, whose probabilities mean what they say.

    Takes frames with numbers, flags, text, categories and gaps. Rows are sorted by time, group and content before
    training, and columns by name: the order of the input changes nothing, nor does `num_threads`.

    The rungs are the rule's score alone (`rule_column`, which speaks in `rule_direction`), rates of segments, a
    logistic regression, and gradient-boosted trees. `rung` "auto" tries those that the events carry and takes the
    highest one that rows unknown to it confirm (`ladder_`); any other value is that rung and no other.

    Rows are dealt into folds by account (`groups`), so that each is judged by a model that never saw its account: this
    says which rung to take, when to stop, and how to calibrate. The final model then learns from every row (`refit`).
    The calibrator has only ever seen margins of rows unknown to the model that gave them. Columns that never differ
    within a `time`, as the month, shift the level of all where other dates confirm it (`season_`).

    `calibrate_on` "newest" judges by `time` instead: the oldest rows train, later ones say when to stop and the newest
    calibrate, where there is time and events enough. It follows a level that has changed for good; where the event rate
    moves with the season or by chance, the newest rows speak for themselves only.

    `num_leaves` None means one for each 300 events of the rarer class, between 4 and 20; `min_child_samples` None a
    hundredth of the rows, between 3 and 100. `monotone` maps a column to "increasing" or "decreasing". `segments` names
    columns whose values may get a model of their own beside that of all, where they have events enough and win on
    held-out rows (`cells_`). `bags` is how many times the trees are grown, with other seeds, to be averaged.
    """

    columns_: list[str]
    rung_: Rung
    ladder_: tuple[Step, ...]
    model_: Model | Pooled
    cells_: tuple[Cell, ...]
    events_: int
    season_: Season | None
    below_: tuple[Rung, Model | Pooled] | None

    def __init__(  # noqa: PLR0913 - one per setting, as scikit-learn's search and clone want them
        self,
        *,
        rung: RungChoice = "auto",
        rule_column: str = "engagement_score",
        rule_direction: Direction = "increasing",
        segments: Sequence[str] = (),
        learning_rate: float = 0.04,
        max_trees: int = 1500,
        patience: int = 60,
        num_leaves: int | None = None,
        max_depth: int = 8,
        min_child_samples: int | None = None,
        feature_fraction: float = 0.5,
        bagging_fraction: float = 0.8,
        l2: float = 10.0,
        bags: int = 1,
        monotone: Mapping[str, Direction] | None = None,
        refit: bool = True,
        calibrate_on: CalibrateOn = "all",
        num_threads: int = 1,
        seed: int = 7,
    ) -> None:
        self.rung = rung
        self.rule_column = rule_column
        self.rule_direction = rule_direction
        self.segments = segments
        self.learning_rate = learning_rate
        self.max_trees = max_trees
        self.patience = patience
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.min_child_samples = min_child_samples
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.l2 = l2
        self.bags = bags
        self.monotone = monotone
        self.refit = refit
        self.calibrate_on = calibrate_on
        self.num_threads = num_threads
        self.seed = seed

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect: two classes, gaps, text."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        time: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from rows `X` and what became of them, `y`; rows of weight 0 are left out.

        `time` is the snapshot of each row, `groups` its account.
        """
        rows = self.prepared(X, y, time=time, groups=groups, sample_weight=sample_weight)
        self.events_ = rows.events
        plan = plan_of(rows.y, rows.time, rows.groups, seed=self.seed)
        climbed = climb(self._ways(rows, plan), rows, plan.judging, seed=self.seed)
        judged = rows.some(climbed.rows)
        directions = directions_of(self.monotone, self.features_, self.columns_)
        self.season_, margin = season_of(climbed.best.margin, judged, directions=directions, seed=self.seed)
        self.cells_, margin = cells_of(margin, judged, self.segments, directions=directions, seed=self.seed)
        calibrator = fit_calibrator(margin, judged.y, groups=judged.groups, sample_weight=judged.weight)
        calibrator = with_unseen(calibrator, climbed.best, rows, plan.judging)
        staying = np.arange(len(rows.y)) if self.refit else plan.older
        model = climbed.best.fit(staying)
        self._finish(climbed.best.rung, pooled(model, self.cells_, self.season_), calibrator, climbed.steps)
        below = below_of(climbed, model, staying)
        self.below_ = below and (below[0], pooled(below[1], (), self.season_))
        return self

    def prepared(
        self,
        X: Any,
        y: Any,
        *,
        time: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Prepared:
        """The rows that `fit` learns from, checked, encoded and sorted; the classifier then knows its features."""
        frame = self._frame(X, reset=True)
        known, self.classes_ = answers(y)
        check_consistent_length(frame, known, time, groups)
        weight = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        rows = np.flatnonzero(weight > 0)
        require_both(known[rows])
        features, matrix = learned(frame.iloc[rows])
        self._keep(features)
        if self.calibrate_on not in get_args(CalibrateOn):
            raise ConfigError(f"calibrate_on: {self.calibrate_on!r} is neither 'newest' nor 'all'.")
        return in_order(
            matrix,
            features,
            known[rows],
            weight[rows],
            rows,
            time=ranks("time", time, rows),
            groups=None if groups is None else ranks("groups", groups, rows),
            newest=self.calibrate_on == "newest",
        )

    def margin(self, X: Any) -> Floats:
        """The model's raw log-odds of each row, before calibration."""
        matrix = self.encode(X)
        return self.model_.margin(matrix, threads=self.num_threads)

    def predict_proba(self, X: Any) -> Floats:
        """The calibrated probability of each class, shape (n, 2)."""
        margin = self.margin(X)
        probability = self.calibrator_.calibrate(margin)
        return np.column_stack([1.0 - probability, probability])

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier class of each row."""
        likelier = self.predict_proba(X)[:, 1] > 0.5
        return np.asarray(self.classes_[likelier.astype(np.intp)])

    def predict_interval(self, X: Any) -> Floats:
        """Low and high of the 90 % interval around the second class's calibrated probability, shape (n, 2)."""
        margin = self.margin(X)
        return self.calibrator_.interval(margin)

    def contributions(self, X: Any) -> pd.DataFrame:
        """What each feature adds, in probability points: with `base_probability_` they add up to the probability."""
        frame = self._frame(X)
        matrix = encoded(frame, self.features_)
        raw = self.model_.contributions(matrix, threads=self.num_threads)
        points, _ = probability_points(raw, self.base_margin_, self.calibrator_)
        return pd.DataFrame(points, index=frame.index, columns=[feature.name for feature in self.features_])

    def encode(self, X: Any) -> Floats:
        """The rows as the model reads them: float64, one column per feature of `features_`, in that order."""
        return encoded(self._frame(X), self.features_)

    def to_state(self) -> ModelState:
        """All that was learned, as plain text and numbers; `num_threads` belongs to the machine and is left out."""
        check_is_fitted(self)
        trees, additive, share = parts_of(self.model_.whole if isinstance(self.model_, Pooled) else self.model_)
        settings = {name: value for name, value in self.get_params().items() if name != "num_threads"}
        settings["segments"] = list(self.segments)
        return ModelState(
            trees=trees,
            additive=additive,
            share=share,
            calibrator=self.calibrator_,
            features=self.features_,
            columns=tuple(self.columns_),
            classes=tuple(self.classes_.tolist()),
            parameters=settings,
            rung=self.rung_,
            ladder=self.ladder_,
            cells=self.cells_,
            season=self.season_,
        )

    @classmethod
    def from_state(cls, state: ModelState) -> Self:
        """The classifier that `to_state` described. Hand over checked text only: a damaged one kills the process."""
        model = cls(**state.parameters)
        model._name_columns(list(state.columns))
        model.classes_ = np.array(state.classes)
        model._keep(state.features)
        model.below_ = None
        model.cells_, model.season_ = state.cells, state.season
        whole = pooled(model_of(state.trees, state.additive, state.share), state.cells, state.season)
        model._finish(state.rung, whole, state.calibrator, state.ladder)
        return model

    def _frame(self, X: Any, *, reset: bool = False) -> pd.DataFrame:
        """The input as a frame; a frame finds its columns by name, an array by position."""
        if not reset:
            check_is_fitted(self)
        if not isinstance(X, pd.DataFrame):
            values = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
            if reset:
                self.columns_ = [f"x{position}" for position in range(values.shape[1])]
            return pd.DataFrame(values, columns=self.columns_)
        frame = X.set_axis([str(name) for name in X.columns], axis=1)
        twice = sorted(set(frame.columns[frame.columns.duplicated()]))
        if twice:
            raise SourceError(f"Training table: {len(twice)} columns occur twice ({', '.join(twice)}). Rename them.")
        if reset:
            if not len(frame):
                raise SourceError("Training table: found array with 0 sample(s), at least 1 is needed.")
            self._name_columns(list(frame.columns))
        return frame

    def _name_columns(self, names: list[str]) -> None:
        self.columns_ = names
        self.n_features_in_ = len(names)
        self.feature_names_in_ = np.array(names, dtype=object)

    def _keep(self, features: tuple[Feature, ...]) -> None:
        self.features_ = features
        kept = {feature.name for feature in features}
        self.dropped_features_ = [name for name in self.columns_ if name not in kept]

    def _finish(self, rung: Rung, model: Model | Pooled, calibrator: Calibrator, ladder: tuple[Step, ...]) -> None:
        self.rung_, self.model_, self.calibrator_, self.ladder_ = rung, model, calibrator, ladder
        self.base_margin_ = model.base_margin
        self.base_probability_ = float(calibrator.calibrate(model.base_margin))

    def _ways(self, rows: Prepared, plan: Plan) -> Mapping[Rung, Callable[[], Fit]]:
        """The rungs that may be tried, as `rung` says."""
        ways = Rungs(
            rows=rows,
            plan=plan,
            directions=directions_of(self.monotone, self.features_, self.columns_),
            rule=self.rule_column,
            rule_direction=DIRECTIONS[self.rule_direction],
            trees=TreePlan(self.tree_settings(rows), most=self.max_trees, patience=self.patience, bags=self.bags),
            seed=self.seed,
        ).ways()
        if self.rung == "auto":
            return ways
        if self.rung not in ways:
            raise ConfigError(
                f"rung: {self.rung!r} cannot be taken; known are {', '.join(get_args(RungChoice))}, and 'rules' needs "
                f"the column '{self.rule_column}' with numbers."
            )
        return {self.rung: ways[self.rung]}

    def tree_settings(self, rows: Prepared) -> dict[str, Any]:
        """LightGBM's own settings for these rows."""
        return tree_settings(self.get_params(), rows, directions_of(self.monotone, self.features_, self.columns_))
