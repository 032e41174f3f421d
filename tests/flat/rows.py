"""A small made-up table: subscriptions, whose fewer uses and longer silence make an end likelier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def subscriptions(rows: int = 600, seed: int = 3) -> pd.DataFrame:
    """Rows with customer, month, plan, uses, silence and the answer `left`; two rows per customer."""
    rng = np.random.default_rng(seed)
    uses, silence = rng.poisson(6, rows), rng.gamma(2.0, 10.0, rows).round(1)
    plan = rng.choice(["basic", "pro", "team"], rows)
    pull = 1.2 - 0.45 * uses + 0.05 * silence + np.where(plan == "basic", 0.8, 0.0)
    return pd.DataFrame(
        {
            "customer": [f"c{number // 2:04}" for number in range(rows)],
            "month": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 500, rows), unit="D"),
            "plan": plan,
            "uses": uses,
            "silence": np.where(rng.random(rows) < 0.1, np.nan, silence),
            "left": np.where(rng.random(rows) < 1 / (1 + np.exp(-pull)), "yes", "no"),
        }
    )


def asked(**more: Any) -> dict[str, Any]:
    """The parts of its columns."""
    return {
        "name": "leaving",
        "label": {"column": "left", "positive": "yes"},
        "group": "customer",
        "ban": ["month"],
        "as_of": "2026-06-30",
        "wanted": False,
        **more,
    }
