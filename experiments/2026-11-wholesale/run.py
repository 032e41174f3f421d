"""Which customers of a wholesaler will not order in the next 90 days? The README holds the answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from sklearn.metrics import roc_auc_score

STUDY = Path(__file__).resolve().parent
sys.path.append(str(STUDY.parent))  # where study.py lies: a study is a folder, not a package

from source import WholesaleOrders  # noqa: E402 - beside this file
from study import Row, Study, finish, judged, opened, options  # noqa: E402 - found by the path above

import abm_ml  # noqa: E402 - sorted behind the two above
from abm_ml.jobs.learn import learn  # noqa: E402 - the same
from abm_ml.jobs.training_sets import training_set_of  # noqa: E402 - the same

# DATA.md's untuned LightGBM on the same months, which our features have to beat.
CHURN = Study(config=STUDY / "config.yaml", plain={"churn": {"AUC": 0.771, "PR AUC": 0.704, "Brier": 0.196}})


def main() -> None:
    parser = options(__doc__, workspace="wholesale")
    parser.add_argument("--months", action="store_true", help="each test month by itself: what was said, what happened")
    asked = parser.parse_args()
    source = WholesaleOrders(part=asked.part)
    with opened(CHURN, source, asked) as workspace:
        rows = months(workspace) if asked.months else judged(workspace, CHURN, source, asked.pictures)
    finish(rows, asked)


def months(workspace: abm_ml.Workspace) -> list[Row]:
    """The test months one by one: the same training gives the same model."""
    rows = training_set_of(workspace, "churn")
    test = rows.test.assign(said=learn(workspace, rows).probability)
    seen = rows.train.groupby("as_of")["label"].mean()
    return [
        {
            "label": f"{date:%Y-%m}",
            "rows": len(month),
            "said": round(month["said"].mean(), 4),
            "happened": round(month["label"].mean(), 4),
            "a year before": round(seen[date - pd.DateOffset(years=1)], 4),
            "AUC": round(roc_auc_score(month["label"], month["said"]), 4),
        }
        for date, month in test.groupby("as_of")
    ]


if __name__ == "__main__":
    main()
