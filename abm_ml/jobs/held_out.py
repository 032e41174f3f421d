"""What a training leaves for the page: how its scores of the held-out dates came true, date by date, and where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
from sklearn.metrics import roc_auc_score

from abm_ml.jobs.drift import REFERENCES, references_of
from abm_ml.jobs.learn import Judged
from abm_ml.modelling.backtest import mistakes
from abm_ml.modelling.pictures import Strength, reliability
from abm_ml.reasons.phrases import explain
from abm_ml.reasons.rows import OTHER

MISTAKES, REASONS = 3, 3


def tables_of(judged: Judged, strengths: Sequence[Strength]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Lists of records by name: `calibration` by tenths of the scores, `backtest` by date, `mistakes`, and REFERENCES.

    No account is named: the page shows models to everybody.
    """
    test = judged.rows.test.assign(probability=judged.probability)
    bins = reliability(test["label"].to_numpy(dtype=float), test["probability"].to_numpy())
    told: dict[str, Sequence[Mapping[str, Any]]] = {
        "calibration": [asdict(each) for each in bins],
        REFERENCES: references_of(judged, strengths),
    }
    if judged.rows.dated:
        told["backtest"] = [_date(date, rows) for date, rows in test.groupby("as_of")]
        told["mistakes"] = [*_mistakes(judged, test, happened=1), *_mistakes(judged, test, happened=0)]
    return told


def _date(date: pd.Timestamp, rows: pd.DataFrame) -> dict[str, Any]:
    happened, said = rows["label"], rows["probability"]
    both = happened.nunique() == 2
    return {
        "as_of": f"{date:%Y-%m-%d}",
        "rows": len(rows),
        "positives": int(happened.sum()),
        "said": float(said.mean()),
        "happened": float(happened.mean()),
        "auc": float(roc_auc_score(happened, said)) if both else None,
    }


def _mistakes(judged: Judged, test: pd.DataFrame, *, happened: int) -> list[dict[str, Any]]:
    """The worst forecasts of one kind, with the strongest reasons that pulled to the wrong side."""
    worst = mistakes(test.assign(model=test["as_of"].min()), MISTAKES, happened=happened)
    label = judged.rows.label
    told = explain(judged.classifier, worst, label=label.name, columns=judged.rows.columns).to_pandas()
    wrong = told[((told["points"] < 0) == bool(happened)) & (told["feature"] != OTHER)]
    reasons = wrong.sort_values("rank").groupby("account_id")["text"].apply(lambda texts: " ".join(texts.head(REASONS)))
    return [
        {
            "kind": "missed" if happened else "in_vain",
            "as_of": f"{row['as_of']:%Y-%m-%d}",
            "probability": row["probability"],
            "text": reasons.get(row["account_id"], ""),
        }
        for row in worst.to_dict("records")
    ]
