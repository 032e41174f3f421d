"""The part of a model card that says what the model looks at: its strongest features, with what they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from abm_ml.features import DERIVED, FEATURES, FeatureColumn
from abm_ml.modelling.bundle import ModelState
from abm_ml.modelling.markdown import table
from abm_ml.modelling.pictures import STRONGEST, Strength
from abm_ml.modelling.trees import Trees


def feature_lines(strengths: Sequence[Strength], columns: Sequence[FeatureColumn], state: ModelState) -> list[str]:
    """The strongest features, by how far they move a probability on average; of trees also their share of the gain."""
    known, gains = {column.name: column for column in columns}, gains_of(state)
    lines = [
        [
            f"`{each.column}`",
            each.group,
            f"{100 * each.mean:.2f}",
            f"{gains[each.column]:.1%}" if each.column in gains else "",
            "yes" if each.column in known and known[each.column].controllable else "",
            definition_of(known[each.column]) if each.column in known else "",
        ]
        for each in strengths[:STRONGEST]
    ]
    said = (
        f"The {len(lines)} strongest of {len(state.features)} features, by how many percentage points they move a "
        "probability on average; gain is the share of what all splits of the trees gained in training."
    )
    return [said, "", *table(["feature", "group", "points", "gain", "a seller can change it", "what it is"], lines)]


def gains_of(state: ModelState) -> dict[str, float]:
    """Each feature's share of the gain of all splits (LightGBM's importance by gain); nothing where there are none."""
    if state.trees is None:
        return {}
    gains = np.asarray(Trees(state.trees).booster.feature_importance("gain"), dtype=np.float64)
    names = [feature.name for feature in state.features]
    return dict(zip(names, (gains / gains.sum()).tolist(), strict=True)) if gains.sum() > 0 else {}


def definition_of(column: FeatureColumn) -> str:
    """The feature's definition; of a company's own one, the phrase that explains it."""
    if column.group == "table":
        return "a column of the table"
    window = f" ({column.days} days)" if column.days else ""
    for catalogue in (FEATURES, DERIVED):
        if column.feature in catalogue:
            return f"{catalogue[column.feature].definition}{window}"
    phrase = column.reason.replace("{days}", str(column.days))
    return "The company's own: " + re.sub(r"\{[^}]*\}", "…", phrase)
