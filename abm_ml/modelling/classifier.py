"""The learner: LightGBM behind a scikit-learn estimator, calibrated, explained, and the same every time."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data

from abm_ml.errors import ConfigError, GateRefused, SourceError, did_you_mean
from abm_ml.modelling.answers import answers
from abm_ml.modelling.bundle import Feature, ModelState, encoded, learned
from abm_ml.modelling.calibration import Calibrator, Floats, fit_calibrator, probability_points
from abm_ml.modelling.folds import content, plan_of, ranks

# Idle threads that spin cost more than they give where cores are shared: a fit of 28 s took 230 s beside other work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

Direction = Literal["increasing", "decreasing"]
CalibrateOn = Literal["newest", "all"]
DIRECTIONS: Mapping[str, int] = {"increasing": 1, "decreasing": -1}
ROWS_PER_LEAF_SHARE, FEWEST_ROWS, MOST_ROWS = 100, 3, 100
EVENTS_PER_LEAF, FEWEST_LEAVES = 10, 4
FEWEST_EVENTS = 2  # one to teach, one to judge; whether so few are worth anything is for the gate to say


class OneClassOnly(GateRefused, ValueError):
    """A label that shows one class only: nothing can be learned from it."""


class AccountClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc,unused-ignore]  # scikit-learn has no types
    """Gradient-boosted trees for two classes, whose probabilities mean what they say.

    Takes frames with numbers, flags, text, categories and gaps. Rows are sorted by time, group and content before
    training, and columns by name: the order of the input changes nothing, nor does `num_threads`.

    With `time`, the oldest rows train, later ones say when to stop and the newest calibrate; where accounts (`groups`)
    come back in later snapshots, each is judged by trees that never saw it. Without time, or with too few events per
    slice, rows are dealt into folds by account. The final trees then learn from every row (`refit`), as many of them as
    were found best, because the newest rows are the likest to what will be scored. The calibrator has only ever seen
    margins of rows unknown to the trees that gave them.

    `calibrate_on` "all" deals the rows of every time into folds by account instead: where the event rate moves with the
    season, the newest rows speak for their own season only, and the next one is another.

    `min_child_samples` None means a hundredth of the rows, between 3 and 100. `monotone` maps a column to "increasing"
    or "decreasing".
    """

    columns_: list[str]

    def __init__(  # noqa: PLR0913 - one per setting, as scikit-learn's search and clone want them
        self,
        *,
        learning_rate: float = 0.04,
        max_trees: int = 1500,
        patience: int = 60,
        num_leaves: int = 20,
        max_depth: int = 8,
        min_child_samples: int | None = None,
        feature_fraction: float = 0.5,
        bagging_fraction: float = 0.8,
        l2: float = 10.0,
        monotone: Mapping[str, Direction] | None = None,
        refit: bool = True,
        calibrate_on: CalibrateOn = "newest",
        num_threads: int = 1,
        seed: int = 7,
    ) -> None:
        self.learning_rate = learning_rate
        self.max_trees = max_trees
        self.patience = patience
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.min_child_samples = min_child_samples
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.l2 = l2
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
        frame = self._frame(X, reset=True)
        known, self.classes_ = answers(y)
        check_consistent_length(frame, known, time, groups)
        weight = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        rows = np.flatnonzero(weight > 0)
        positives, negatives = int(known[rows].sum()), int((1 - known[rows]).sum())
        if min(positives, negatives) < FEWEST_EVENTS:
            raise OneClassOnly(
                f"Label has {positives:,} positives and {negatives:,} negatives: learning from one class only is not "
                f"possible, at least {FEWEST_EVENTS} rows of each are needed."
            )
        features, matrix = learned(frame.iloc[rows])
        self._keep(features)
        if self.calibrate_on not in get_args(CalibrateOn):
            raise ConfigError(f"calibrate_on: {self.calibrate_on!r} is neither 'newest' nor 'all'.")
        dated = time if self.calibrate_on == "newest" else None
        snapshot, account = ranks("time", dated, rows), ranks("groups", groups, rows)
        order = np.lexsort((weight[rows], known[rows], content(matrix), account, snapshot))
        again = None if groups is None else account[order]
        self._train(matrix[order], known[rows][order], weight[rows][order], time=snapshot[order], groups=again)
        return self

    def margin(self, X: Any) -> Floats:
        """The trees' raw log-odds of each row, before calibration."""
        matrix = self.encode(X)
        if not len(matrix):
            return np.zeros(0)
        return np.asarray(self.booster_.predict(matrix, raw_score=True, num_threads=self.num_threads), dtype=np.float64)

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
        raw = np.zeros((0, len(self.features_) + 1))
        if len(matrix):
            raw = np.asarray(self.booster_.predict(matrix, pred_contrib=True, num_threads=self.num_threads))
        points, _ = probability_points(raw[:, :-1], self.base_margin_, self.calibrator_)
        return pd.DataFrame(points, index=frame.index, columns=[feature.name for feature in self.features_])

    def encode(self, X: Any) -> Floats:
        """The rows as the trees read them: float64, one column per feature of `features_`, in that order."""
        return encoded(self._frame(X), self.features_)

    def to_state(self) -> ModelState:
        """All that was learned, as plain text and numbers; `num_threads` belongs to the machine and is left out."""
        check_is_fitted(self)
        settings = {name: value for name, value in self.get_params().items() if name != "num_threads"}
        return ModelState(
            booster=self.booster_text_,
            calibrator=self.calibrator_,
            features=self.features_,
            columns=tuple(self.columns_),
            classes=tuple(self.classes_.tolist()),
            parameters=settings,
        )

    @classmethod
    def from_state(cls, state: ModelState) -> Self:
        """The classifier that `to_state` described. Hand over checked text only: a damaged one kills the process."""
        model = cls(**state.parameters)
        model._name_columns(list(state.columns))
        model.classes_ = np.array(state.classes)
        model._keep(state.features)
        model._finish(state.booster, state.calibrator)
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

    def _train(
        self, matrix: Floats, y: NDArray[np.int64], weight: Floats, *, time: NDArray[np.int64], groups: Any
    ) -> None:
        """Find how many trees are best, calibrate on rows they have not seen, then grow the trees that stay."""
        import lightgbm as lgb

        settings = self._settings(len(y), int(min(y.sum(), len(y) - y.sum())))
        coded = [place for place, feature in enumerate(self.features_) if feature.kind == "category"]
        names = [f"f{place}" for place in range(len(self.features_))]  # display names may hold what LightGBM refuses
        table = lgb.Dataset(matrix, y, weight=weight, feature_name=names, categorical_feature=coded, params=settings)
        plan = plan_of(y, time, groups, seed=self.seed)
        stop = lgb.early_stopping(self.patience, verbose=False)
        curve: Any = lgb.cv(settings, table, self.max_trees, folds=plan.stopping, callbacks=[stop])
        self.n_trees_ = int(np.argmin(curve["valid binary_logloss-mean"])) + 1
        margin, seen = np.empty(len(y)), np.zeros(len(y), dtype=bool)
        for teach, judge in plan.judging:
            judged = lgb.train(settings, table.subset(teach.tolist()), self.n_trees_)
            margin[judge], seen[judge] = judged.predict(matrix[judge], raw_score=True), True
        clusters = None if groups is None else groups[seen]
        calibrator = fit_calibrator(margin[seen], y[seen], groups=clusters, sample_weight=weight[seen])
        staying = table if self.refit else table.subset(plan.older.tolist())
        final = lgb.train(settings, staying, self.n_trees_)
        self._finish(re.sub(r"\[num_threads: -?\d+\]", "[num_threads: 0]", final.model_to_string()), calibrator)

    def _finish(self, booster_text: str, calibrator: Calibrator) -> None:
        """Keep the trees as read back from their text, so that a model scores alike before and after it is stored."""
        import lightgbm as lgb

        self.booster_text_ = booster_text
        self.booster_ = lgb.Booster(model_str=booster_text)
        self.calibrator_ = calibrator
        anyone = np.full((1, len(self.features_)), np.nan)
        self.base_margin_ = float(np.asarray(self.booster_.predict(anyone, pred_contrib=True))[0, -1])
        self.base_probability_ = float(calibrator.calibrate(self.base_margin_))

    def _settings(self, rows: int, events: int) -> dict[str, Any]:
        """LightGBM's own settings: fewer leaves for few events, bigger leaves for many rows."""
        share = min(max(rows // ROWS_PER_LEAF_SHARE, FEWEST_ROWS), MOST_ROWS)
        return {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": self.learning_rate,
            "num_leaves": min(self.num_leaves, max(events // EVENTS_PER_LEAF, FEWEST_LEAVES)),
            "max_depth": self.max_depth,
            "min_data_in_leaf": share if self.min_child_samples is None else self.min_child_samples,
            "min_data_per_group": share if self.min_child_samples is None else self.min_child_samples,
            "min_gain_to_split": 1e-4,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "monotone_constraints": self._directions(),
            "seed": self.seed,
            "num_threads": self.num_threads,
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "verbosity": -1,
        }

    def _directions(self) -> list[int]:
        """+1, -1 or 0 for each feature; a direction for a column that is not there, or has no order, is refused."""
        wanted = dict(self.monotone or {})
        for name, direction in wanted.items():
            if name not in self.columns_:
                raise ConfigError(f"monotone: no column is called '{name}'. {did_you_mean(name, self.columns_)}")
            if direction not in DIRECTIONS:
                raise ConfigError(f"monotone, column '{name}': {direction!r} is neither 'increasing' nor 'decreasing'.")
        unordered = [f.name for f in self.features_ if f.kind == "category" and f.name in wanted]
        if unordered:
            raise ConfigError(f"monotone: {', '.join(unordered)} hold categories, which have no order. Leave them out.")
        return [DIRECTIONS[wanted[f.name]] if f.name in wanted else 0 for f in self.features_]
