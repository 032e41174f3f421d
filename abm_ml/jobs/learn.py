"""Learning: a model fitted on the training dates of a label, and judged on its test dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from abm_ml.features import FeatureColumn
from abm_ml.jobs.model_config import ModelConfig, model_config
from abm_ml.jobs.population import rule_ranking
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import Label
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import Comparison, Evaluation, Slice, compare, evaluate, evaluate_slices
from abm_ml.modelling.gate import RULE, Verdict, judge
from abm_ml.modelling.rungs import Direction
from abm_ml.training_set import TrainingSet

BASE_RATE = "base rate"
RULE_FEATURE = "engagement_score"
SLICED = ("tier", "industry", "country")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A fitted classifier with its figures on the test snapshots."""

    rows: TrainingSet
    config: ModelConfig
    classifier: AccountClassifier
    probability: pd.Series[float]
    evaluation: Evaluation
    comparisons: tuple[Comparison, ...]
    slices: tuple[tuple[str, tuple[Slice, ...]], ...]
    verdict: Verdict


def learn(workspace: Workspace, rows: TrainingSet) -> Judged:
    """A classifier fitted on the training snapshots and judged on the test snapshots."""
    config = model_config(workspace.config.models, rows.label)
    return judged(rows, config, classifier_for(workspace, rows.label, rows.columns, config))


def judged(rows: TrainingSet, config: ModelConfig, classifier: AccountClassifier) -> Judged:
    """The classifier, fitted on the training rows and judged on the test rows of any training set."""
    test = rows.test
    taught(classifier, rows.columns, rows.train)
    probability = pd.Series(classifier.predict_proba(test[rows.names])[:, 1], index=test.index)
    answers, accounts = test["label"], test["account_id"]
    evaluation = evaluate(answers, probability, groups=accounts)
    scores = {BASE_RATE: probability * 0.0} | _lower_rung(classifier, test)
    if RULE_FEATURE in test:
        scores = {RULE: rule_ranking(rows.label, test[RULE_FEATURE])} | scores
    comparisons = tuple(
        compare(answers, probability, baseline=name, score=score, groups=accounts) for name, score in scores.items()
    )
    slices = tuple(
        (column, evaluate_slices(answers, probability, by=test[column], groups=accounts))
        for column in SLICED
        if column in test
    )
    verdict = judge(evaluation, comparisons, training_events=classifier.events_, rung=classifier.rung_, slices=slices)
    return Judged(
        rows=rows,
        config=config,
        classifier=classifier,
        probability=probability,
        evaluation=evaluation,
        comparisons=comparisons,
        slices=slices,
        verdict=verdict,
    )


def classifier_for(
    workspace: Workspace, label: Label, columns: Sequence[FeatureColumn], config: ModelConfig
) -> AccountClassifier:
    """The classifier that a model's configuration describes, before it has learned anything."""
    return AccountClassifier(
        **config.lightgbm.model_dump(),
        rung=config.rung,
        segments=config.segments,
        rule_column=_rule_column(columns, workspace.terms.engagement.window_days),
        rule_direction="increasing" if label.wanted else "decreasing",
        monotone=_directions(label, columns),
        num_threads=workspace.config.engine.threads,
    )


def taught(classifier: AccountClassifier, columns: Sequence[FeatureColumn], train: pd.DataFrame) -> AccountClassifier:
    """The classifier, fitted on rows: account_id, the features and `label`; as_of and sample_weight may be there."""
    return classifier.fit(
        train[[column.name for column in columns]],
        train["label"],
        time=train.get("as_of"),
        groups=train["account_id"],
        sample_weight=train.get("sample_weight"),
    )


def fitted(
    workspace: Workspace, label: Label, columns: Sequence[FeatureColumn], train: pd.DataFrame
) -> AccountClassifier:
    """The classifier that `abm-ml train` would fit on these rows."""
    config = model_config(workspace.config.models, label)
    return taught(classifier_for(workspace, label, columns, config), columns, train)


def _lower_rung(classifier: AccountClassifier, test: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """What the rung below the one that was taken says of the test rows; the rule is compared as it is."""
    if classifier.below_ is None or classifier.below_[0] == "rules":
        return {}
    rung, model = classifier.below_
    return {rung: pd.Series(model.margin(classifier.encode(test)), index=test.index)}


def _rule_column(columns: Sequence[FeatureColumn], window_days: int) -> str:
    """The feature that counts the rule's points, over the window that is nearest to the rule's own."""
    own = [column for column in columns if column.feature == RULE_FEATURE]
    nearest = min(own, key=lambda column: abs((column.days or 0) - window_days), default=None)
    return nearest.name if nearest else RULE_FEATURE


def _directions(label: Label, columns: Sequence[FeatureColumn]) -> dict[str, Direction]:
    """What each feature promises of a wanted outcome, turned round for an unwanted one."""
    turned: dict[Direction, Direction] = {"increasing": "decreasing", "decreasing": "increasing"}
    promised = {column.name: column.monotone for column in columns if column.monotone}
    return promised if label.wanted else {name: turned[direction] for name, direction in promised.items()}
