"""An explanation as a picture: how each score of an account came about."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from abm_ml.jobs.explain import Explanation
from abm_ml.modelling.pictures import save_picture
from abm_ml.reasons.pictures import waterfall


def draw(result: Explanation, file: Path) -> tuple[Path, ...]:
    """Each score of an account as a PNG; of several scores each goes to a file with the label's name in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    drawn = []
    for each in result.scores:
        figure = waterfall(
            pd.DataFrame(list(each.reasons), columns=["rank", "feature", "points", "text"]),
            base_probability=each.base_probability,
            probability=each.probability,
            title=f"{result.name or result.account_id}: {each.label} on {result.as_of:%Y-%m-%d}",
        )
        path = file if len(result.scores) == 1 else file.with_name(f"{file.stem}.{each.label}{file.suffix}")
        drawn.append(save_picture(figure, path))
    return tuple(drawn)
