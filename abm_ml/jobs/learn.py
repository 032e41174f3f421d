"""Learning: a model fitted on the training dates of a label, and judged on its test dates."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from abm_ml.jobs.model_config import ModelConfig, model_config
from abm_ml.jobs.population import rule_ranking
from abm_ml.jobs.workspace import Workspace
from abm_ml.modelling.classifier import AccountClassifier, Direction
from abm_ml.modelling.evaluation import Comparison, Evaluation, Slice, compare, evaluate, evaluate_slices
from abm_ml.modelling.gate import Verdict, judge
from abm_ml.training_set import TrainingSet

RULE, BASE_RATE = "engagement score (rule)", "base rate"


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
    classifier = AccountClassifier(
        **config.lightgbm.model_dump(),
        monotone=_directions(rows),
        num_threads=workspace.config.engine.threads,
    )
    train, test = rows.train, rows.test
    classifier.fit(train[rows.names], train["label"], time=train["as_of"], groups=train["account_id"])
    probability = pd.Series(classifier.predict_proba(test[rows.names])[:, 1], index=test.index)
    answers, accounts = test["label"], test["account_id"]
    comparisons = tuple(
        compare(answers, probability, baseline=name, score=score, groups=accounts)
        for name, score in ((RULE, rule_ranking(rows.label, test["engagement_score"])), (BASE_RATE, probability * 0.0))
    )
    evaluation = evaluate(answers, probability, groups=accounts)
    events = int(min(train["label"].sum(), (1 - train["label"]).sum()))
    return Judged(
        rows=rows,
        config=config,
        classifier=classifier,
        probability=probability,
        evaluation=evaluation,
        comparisons=comparisons,
        slices=tuple(
            (column, evaluate_slices(answers, probability, by=test[column], groups=accounts))
            for column in ("tier", "industry", "country")
            if column in test
        ),
        verdict=judge(evaluation, comparisons, training_events=events),
    )


def _directions(rows: TrainingSet) -> dict[str, Direction]:
    """What each feature promises of a wanted outcome, turned round for an unwanted one."""
    turned: dict[Direction, Direction] = {"increasing": "decreasing", "decreasing": "increasing"}
    promised = {column.name: column.monotone for column in rows.columns if column.monotone}
    return promised if rows.label.wanted else {name: turned[direction] for name, direction in promised.items()}
