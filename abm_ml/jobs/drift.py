"""Drift of a run: how the accounts that it scored differ from those that its models learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from abm_ml.jobs.learn import Judged
from abm_ml.jobs.scoring import PART_ROWS, Scoring
from abm_ml.modelling.card_features import definition_of
from abm_ml.modelling.pictures import STRONGEST, Strength
from abm_ml.monitoring.drift import Reference, drift_of, reference_of, strongest

REFERENCES, SCORES = "references", "probability"
_REFERENCES = TypeAdapter(list[Reference])


def references_of(judged: Judged, strengths: Sequence[Strength]) -> list[dict[str, Any]]:
    """How the model's strongest features were distributed in training, and its scores on the test rows."""
    rows = judged.rows
    accounts = rows.train["account_id"].nunique()
    names = [each.column for each in strengths[:STRONGEST]]
    found = [reference_of(rows.train[name], accounts=accounts) for name in names]
    scores = judged.probability.rename(SCORES)
    return [asdict(each) for each in (reference_of(scores, accounts=rows.test["account_id"].nunique()), *found)]


def drift_told(scoring: Scoring, folder: Path, label: str, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the page says of a label's drift: of how many features it was judged, and those that did, the most first.

    `told` are the `references_of` its training; `folder` holds the run's finished tables.
    """
    references = _REFERENCES.validate_python(told)
    counts = {each.feature: np.zeros(each.bins, dtype=np.int64) for each in references}
    read = scoring.workspace.engine.read_parquet
    scores = read([folder / "scores.parquet"])
    asked = scores.filter(scores.label == label).select("account_id", SCORES)
    rows = read([folder / "features.parquet"]).inner_join(asked, "account_id").select(*counts)
    for batch in scoring.workspace.engine.batches(rows, PART_ROWS):
        frame = batch.to_pandas()
        for each in references:
            counts[each.feature] += each.counted(frame[each.feature])
    judged = [drift for each in references if (drift := drift_of(each, counts[each.feature])) is not None]
    texts = {column.name: definition_of(column) for column in scoring.accounts.columns}
    found = [{**asdict(each), "text": texts.get(each.feature)} for each in strongest(judged)]
    return {"judged": len(judged), "found": found}
