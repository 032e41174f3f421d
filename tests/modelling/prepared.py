"""Training rows as the rungs of the ladder get them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.inputs import Prepared


def company(
    accounts: int = 400, *, dates: int = 3, seed: int = 0, wins: int | None = None
) -> tuple[pd.DataFrame, np.ndarray, dict[str, np.ndarray]]:
    """Accounts at some dates, what became of them, and their times and names; exactly so many win, if it is said."""
    random = np.random.default_rng(seed)
    score = np.repeat(random.gamma(1.0, 20.0, accounts).round(), dates)
    frame = pd.DataFrame({"engagement_score": score})
    frame["employees"] = np.where(random.random(len(score)) < 0.2, np.nan, np.exp(random.normal(5.0, 1.5, len(score))))
    frame["industry"] = np.repeat(random.choice(["Steel", "Banks", "Food"], accounts), dates)
    frame["met"] = random.random(len(score)) < 0.4
    drive = (
        np.log1p(score)
        + 2.0 * (frame["industry"] == "Steel")
        + frame["met"]
        + np.repeat(random.gumbel(size=accounts), dates)
    )
    account = np.repeat(np.arange(accounts), dates)
    wanted = accounts // 3 if wins is None else wins
    best = drive.groupby(account).max().nlargest(wanted).index
    known = {"time": np.tile(np.arange(dates), accounts), "groups": account}
    return frame, np.isin(account, best).astype(int), known


def prepared(**how: int) -> Prepared:
    """The same, encoded, in slices of time."""
    frame, y, known = company(**how)
    return AccountClassifier(calibrate_on="newest").prepared(frame, y, **known)


def place(rows: Prepared, name: str) -> int:
    """Where a feature stands."""
    return [feature.name for feature in rows.features].index(name)
