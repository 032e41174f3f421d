"""featuretools' own features of the same accounts on the same dates: what the rivals learn from.

Tables, counted and summed over all the past and the last 30 and 90 days, also by kind of engagement. What becomes
known later (how a deal ended) is hidden until then, by featuretools' own means.
"""

from __future__ import annotations

import sys
import warnings
from decimal import Decimal
from pathlib import Path

import featuretools as ft
import numpy as np
import pandas as pd

# Both are of its own making: it announces its internals' future to itself.
warnings.simplefilter("ignore", FutureWarning)
warnings.simplefilter("ignore", UserWarning)

WINDOWS = (None, 90, 30)
# Table: its key, the time from which a row is known, and what of it is known only later.
TABLES = {
    "engagements": ("engagement_id", "known_at", {}),
    "opportunities": ("opportunity_id", "opened_at", {"closed_at": ["outcome"]}),
    "stage_changes": (None, "known_at", {}),
    "orders": ("order_id", "happened_at", {}),
    "contracts": ("contract_id", "started_at", {"cancelled_at": []}),
}
BY = {"engagements": "kind", "opportunities": "outcome", "stage_changes": "stage", "orders": "kind"}
MOST_VALUES = 12
# Ids and names say nothing, and whether a contract was renewed is not known while it runs.
NEVER = ("contact_id", "opportunity_id", "content_id", "campaign_id", "owner_id", "name", "domain", "renewed")


def main() -> None:
    folder = Path(sys.argv[1])
    cutoffs = pd.read_parquet(folder / "keys.parquet").rename(columns={"as_of": "time"})
    tables = entities(folder)
    parts = [_window(tables, cutoffs, days) for days in WINDOWS]
    rows = pd.concat(parts, axis=1).rename_axis(["account_id", "as_of"]).reset_index()
    texts = rows.select_dtypes(["category", "object", "string"]).columns
    rows.astype(dict.fromkeys(texts, "object")).to_parquet(folder / "featuretools.parquet")


def entities(folder: Path) -> ft.EntitySet:
    """The company's tables as featuretools wants them."""
    tables = ft.EntitySet("company")
    accounts = _readable(folder / "accounts.parquet", "account_id")
    ids = {"account_id": "Unknown"}  # text, whatever it looks like
    tables.add_dataframe(accounts, "accounts", index="account_id", time_index="created_at", logical_types=ids)
    for name, (index, time, later) in TABLES.items():
        if not (folder / f"{name}.parquet").is_file():
            continue
        rows = _readable(folder / f"{name}.parquet", index)
        tables.add_dataframe(
            rows,
            name,
            index=index or "row",
            make_index=index is None,
            time_index=time,
            secondary_time_index={column: [column, *cells] for column, cells in later.items() if column in rows},
            logical_types=ids,
        )
        tables = tables.add_relationship("accounts", "account_id", name, "account_id")
        if name in BY:
            common = rows[BY[name]].dropna().value_counts().index[:MOST_VALUES]
            tables.add_interesting_values(dataframe_name=name, values={BY[name]: list(common)})
    return tables


def _readable(file: Path, index: str | None) -> pd.DataFrame:
    """A table without ids, lists and decimals, which featuretools does not take."""
    rows = pd.read_parquet(file)
    listed = [name for name in rows if rows[name].map(lambda cell: isinstance(cell, (list, np.ndarray))).any()]
    rows = rows.drop(columns=[*listed, *[name for name in NEVER if name in rows and name != index]])
    exact = [name for name in rows if rows[name].map(lambda cell: isinstance(cell, Decimal)).any()]
    return rows.astype(dict.fromkeys(exact, float))


def _window(tables: ft.EntitySet, cutoffs: pd.DataFrame, days: int | None) -> pd.DataFrame:
    found, _ = ft.dfs(
        entityset=tables,
        target_dataframe_name="accounts",
        cutoff_time=cutoffs,
        training_window=None if days is None else f"{days} days",
        include_cutoff_time=False,
        cutoff_time_in_index=True,
        agg_primitives=["count", "sum", "mean", "max", "std", "num_unique", "mode", "time_since_last"],
        trans_primitives=["time_since"],
        where_primitives=["count"],
        max_depth=2,
    )
    if days is None:
        return found
    return found.filter(like="(").add_suffix(f" ({days} days)")  # an account's own columns have no window


main()
