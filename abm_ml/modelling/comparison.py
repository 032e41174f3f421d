"""Comparing ways to learn: each judged on the same later rows, within the training dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone

from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import Evaluation, Metric, differences, evaluate
from abm_ml.modelling.rolling import Rolling, rolling_folds
from abm_ml.training_set import KEYS

ROW = [*KEYS, "label", "probability", "rung"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How one variant did: its figures, and each minus the first variant's on the same rows (None for the first)."""

    variant: str
    rungs: tuple[str, ...]
    evaluation: Evaluation
    differences: Mapping[str, Metric] | None

    @property
    def surely_better(self) -> bool:
        """Whether the log loss is below the first variant's with its whole 90 % interval."""
        return self.differences is not None and self.differences["log_loss"].high < 0


def judged_later(classifier: AccountClassifier, rows: pd.DataFrame, names: Sequence[str], how: Rolling) -> pd.DataFrame:
    """The probability of each row that a rolling fold judges, by a model that knew neither its date nor its account.

    `rows` has account_id, as_of, label and the features `names`. The answer has account_id, as_of, label, probability
    and the rung that gave it, sorted by as_of and account_id.
    """
    accounts, _ = pd.factorize(rows["account_id"], sort=True)
    folds = rolling_folds(rows["label"].to_numpy(dtype=np.int64), rows["as_of"], accounts.astype(np.int64), how)
    judged = []
    for teach, judge in folds:
        model = fitted(classifier, rows.iloc[teach], names)
        judged.append(probabilities(model, rows.iloc[judge], names))
    return pd.concat(judged).sort_values(list(reversed(KEYS)), kind="stable", ignore_index=True)


def fitted(classifier: AccountClassifier, rows: pd.DataFrame, names: Sequence[str]) -> AccountClassifier:
    """A classifier like this one that has learned from the rows."""
    model: AccountClassifier = clone(classifier)
    return model.fit(rows[list(names)], rows["label"], time=rows["as_of"], groups=rows["account_id"])


def probabilities(model: AccountClassifier, rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Rows with the probability that a model gives them."""
    probability = model.predict_proba(rows[list(names)])[:, 1]
    return rows[[*KEYS, "label"]].assign(probability=probability, rung=model.rung_)[ROW]


def compared(judged: Mapping[str, pd.DataFrame]) -> list[Line]:
    """A line per variant, in their order; the first is the one that others are held against.

    Differences are taken on the rows that both judged, by drawing whole accounts anew. A variant whose answers on these
    rows differ (another horizon is another question) has none.
    """
    first = next(iter(judged.values()))
    return [
        Line(
            variant=name,
            rungs=tuple(sorted(set(rows["rung"]))),
            evaluation=evaluate(rows["label"], rows["probability"], groups=rows["account_id"]),
            differences=None if rows is first else _against(rows, first),
        )
        for name, rows in judged.items()
    ]


def _against(rows: pd.DataFrame, first: pd.DataFrame) -> dict[str, Metric] | None:
    both = rows.merge(first, on=list(KEYS), suffixes=("", "_first"))
    if not len(both) or (both["label"] != both["label_first"]).any() or both["label"].nunique() < 2:
        return None
    return differences(both["label"], both["probability"], both["probability_first"], groups=both["account_id"])


def best_of(lines: Sequence[Line]) -> Line:
    """The variant with the lowest log loss of those that answer the first one's question; of equal ones the first."""
    comparable = [line for line in lines if line is lines[0] or line.differences is not None]
    return min(comparable, key=lambda line: line.evaluation.log_loss.value)
