"""Companies that do not have every table, or in which a thing never happens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm_ml import FrameSource, open_workspace, score, train
from abm_ml.errors import SourceError
from abm_ml.jobs.explain import explain
from tests.jobs.company import Served, linked, quick_models, written

DAY = pd.Timedelta(days=1)


class Shop(FrameSource):
    """A wholesaler who knows orders and nothing else: some buyers lose interest, and then order less and less."""

    def frames(self) -> Mapping[str, pd.DataFrame]:
        """Accounts and orders of two and a half years."""
        dice = np.random.default_rng(3)
        ids = [f"{number:04d}" for number in range(300)]
        begin = pd.Timestamp("2024-01-01")
        gaps = dice.exponential(dice.uniform(5, 60, 300)[:, None], (300, 400)).cumsum(axis=1)
        fades = dice.uniform(100, 1600, 300)[:, None]
        late = gaps + np.clip(gaps - fades, 0, None) ** 1.5
        buyer, number = np.nonzero(late < 900)
        times = begin + pd.to_timedelta(late[buyer, number], unit="D").floor("s")
        orders = {
            "order_id": [f"{b}-{n}" for b, n in zip(buyer, number, strict=True)],
            "account_id": np.array(ids)[buyer], "happened_at": times, "known_at": times,
            "amount": dice.uniform(10, 500, len(buyer)).round(2), "currency": "EUR", "kind": "renewal",
        }  # fmt: skip
        accounts = {"account_id": ids, "name": ids, "is_target": False, "in_program": False, "created_at": begin}
        return {"accounts": pd.DataFrame(accounts), "orders": pd.DataFrame(orders)}


def settings(folder: Path) -> dict[str, object]:
    """A workspace of its own."""
    models = quick_models(folder / "models")
    return {"workspace": str(folder), "models": str(models), "source": {"kind": "synthetic"}, "engine": {"threads": 1}}


def test_a_company_with_orders_only(tmp_path: Path) -> None:
    """Orders alone train, score and explain churn; the labels that need other tables are left out, and named."""
    with open_workspace(settings(tmp_path), source=Shop()) as workspace:
        trained = train(workspace)
        scored = score(workspace)
        account = workspace.engine.compute(workspace.company.tables["accounts"])["account_id"][0].as_py()
        told = explain(workspace, account)
    assert told.scores[0].as_published
    assert {event.what for event in told.last_events} == {"order"}
    assert told.events["orders"] >= len(told.last_events) > 0
    assert [each.version.label for each in trained.trained] == ["churn"]
    assert trained.left_out == scored.left_out == ("progression", "win")
    assert list(scored.scored) == ["churn"]
    assert trained.trained[0].evaluation.roc_auc.value > 0.7


def test_labels_that_the_tables_do_not_allow(tmp_path: Path) -> None:
    """Asked for them alone, the answer is what is missing."""
    with (
        open_workspace(settings(tmp_path), source=Shop()) as workspace,
        pytest.raises(SourceError, match=r"none of the tables .*opportunities"),
    ):
        train(workspace, ["win"])


def test_what_never_happens_cannot_be_learned(company: Served, tmp_path: Path) -> None:
    """A label of one class is refused by name; it does not keep the others from being trained."""
    folder = linked(company.tables, tmp_path / "company")
    deals = pd.read_parquet(folder / "opportunities.parquet")
    (folder / "opportunities.parquet").unlink()
    deals.assign(outcome=deals["outcome"].where(deals["outcome"] != "won", "lost")).to_parquet(
        folder / "opportunities.parquet"
    )
    there = settings(tmp_path / "w")
    written(tmp_path / "w" / "models" / "churn" / "model.yaml", {"label": "churn", "rung": "rate"})
    with open_workspace(there | {"training": {"first": "2025-01-01"}}, data=folder) as workspace:
        result = train(workspace, ["win", "churn"])
    assert "0 positives" in result.refused["win"]
    assert list(result.refused) == ["win"]
    assert [each.version.label for each in result.trained] == ["churn"]
