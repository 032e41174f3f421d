"""Which open loan applications will be won in 30 days, and which will move on in 14? The README holds the answer."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, roc_auc_score

STUDY = Path(__file__).resolve().parent
sys.path.append(str(STUDY.parent))  # where study.py lies: a study is a folder, not a package

from source import LoanFunnel  # noqa: E402 - beside this file
from study import Row, Study, finish, judged, opened, options  # noqa: E402 - found by the path above

import abm_ml  # noqa: E402 - sorted behind the two above

# DATA.md's untuned LightGBM on the same test rows, which our features have to beat.
FUNNEL = Study(
    config=STUDY / "config.yaml",
    plain={"win": {"AUC": 0.774, "PR AUC": 0.563, "Brier": 0.177}, "progression": {"AUC": 0.728}},
)
LEAVES = (4, 7, 12, 20)
FOLDS = 3


def main() -> None:
    parser = options(__doc__, workspace="loan-funnel")
    parser.add_argument("--choose", action="store_true", help="compare settings on the training dates, and stop")
    asked = parser.parse_args()
    source = LoanFunnel(part=asked.part)
    with opened(FUNNEL, source, asked) as workspace:
        rows = compared(workspace) if asked.choose else judged(workspace, FUNNEL, source, asked.pictures)
    finish(rows, asked)


def compared(workspace: abm_ml.Workspace) -> list[Row]:
    """Sizes of tree, compared on folds of accounts within the training dates; no test row is looked at."""
    lines = []
    for label in workspace.config.labels:
        rows = abm_ml.training_set_of(workspace, label)
        train = rows.train
        accounts, place = np.unique(train["account_id"], return_inverse=True)
        fold = np.random.default_rng(1).permutation(len(accounts))[place] % FOLDS
        for leaves in LEAVES:
            said = pd.Series(np.nan, index=train.index)
            for held in range(FOLDS):
                teach, judge = train[fold != held], train[fold == held]
                model = abm_ml.AccountClassifier(num_leaves=leaves)
                model.fit(teach[rows.names], teach["label"], time=teach["as_of"], groups=teach["account_id"])
                said[judge.index] = model.predict_proba(judge[rows.names])[:, 1]
            aucs = [roc_auc_score(train["label"][fold == held], said[fold == held]) for held in range(FOLDS)]
            brier = brier_score_loss(train["label"], said)
            lines.append({"label": label, "leaves": leaves, "AUC": round(np.mean(aucs), 4), "Brier": round(brier, 4)})
    return lines


if __name__ == "__main__":
    main()
