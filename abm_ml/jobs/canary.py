"""The canary: before a model may score everybody, it scores a few accounts in a process of its own."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from abm_ml.errors import GateRefused, IntegrityError
from abm_ml.jobs.champions import throne, usable
from abm_ml.jobs.population import accounts_at
from abm_ml.jobs.scorer import asks
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.bundle import load_bundle
from abm_ml.modelling.promotion import odds_apart
from abm_ml.modelling.registry import ModelVersion
from abm_ml.modelling.tryout import tried

CLOSE_ENOUGH = 1e-9
JUDGED_FROM, MOST_ALIKE = 100, 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What a model said of some accounts on trial: how many, its lowest, mean and highest probability.

    `champion_mean` is what the champion says of the same accounts on average; where there is none, or it cannot score
    them, it is None, and `note` says why.
    """

    accounts: int
    lowest: float
    mean: float
    highest: float
    champion_mean: float | None = None
    note: str = ""

    def __str__(self) -> str:
        """The trial in a few words."""
        beside = self.note if self.champion_mean is None else f"the champion's {self.champion_mean:.3f}"
        told = f"{self.accounts:,} accounts scored {self.lowest:.3f} to {self.highest:.3f}, mean {self.mean:.3f}"
        return f"{told} ({beside})" if beside else told


def try_out(workspace: Workspace, version: ModelVersion, champion: ModelVersion | None, date: dt.datetime) -> Canary:
    """Lets a version score accounts of a date, in a process of its own, beside the champion.

    Raises:
        IntegrityError: a byte of the model differs, or it reads features that are not there.
        GateRefused: it dies, hangs, or what it says cannot be right.
    """
    rows = _some_accounts(workspace, version.label, date)
    told = _told_by(workspace, version, rows)
    _refuse_nonsense(version, told)
    mean, note = _mean_of(workspace, champion, rows) if champion and champion != version else (None, "")
    found = Canary(
        accounts=len(told),
        lowest=float(told["probability"].min()),
        mean=float(told["probability"].mean()),
        highest=float(told["probability"].max()),
        champion_mean=mean,
        note=note,
    )
    most = workspace.config.promotion.canary_odds
    if mean is not None and odds_apart(found.mean, mean) > most:
        raise GateRefused(
            f"Model {version.name}, on trial: {found}. Their odds may differ by a factor of {most:g} (promotion: "
            "canary_odds). Look at what changed in the data, or train again."
        )
    return found


def _told_by(workspace: Workspace, version: ModelVersion, rows: pa.Table) -> pd.DataFrame:
    """What a version says of accounts; LightGBM sees its files in another process only."""
    with tempfile.TemporaryDirectory(dir=workspace.folder, prefix=".canary-") as folder:
        files = throne(workspace).registry.fetch(version, Path(folder) / "bundle")
        usable(workspace, version, load_bundle(files, expected_sha256=version.sha256, name=version.name))
        seconds = workspace.config.promotion.canary_seconds
        return tried(files, name=version.name, sha256=version.sha256, rows=rows, seconds=seconds)


def _mean_of(workspace: Workspace, champion: ModelVersion, rows: pa.Table) -> tuple[float | None, str]:
    """The champion's mean probability, or why there is none: it must not keep another one from its place."""
    try:
        return float(_told_by(workspace, champion, rows)["probability"].mean()), ""
    except (GateRefused, IntegrityError) as refusal:
        return None, f"the champion was not scored: {refusal}"


def _some_accounts(workspace: Workspace, label: str, date: dt.datetime) -> pa.Table:
    """Accounts that the label asks about on a date, with their features: every n-th by id."""
    most = workspace.config.promotion.canary_accounts
    rows = accounts_at(workspace, [LABELS[label]], date).rows
    asked = rows.filter(rows[asks(label)])
    ids = workspace.engine.compute(asked.select("account_id").order_by("account_id"))["account_id"].to_pylist()
    if not ids:
        raise GateRefused(
            f"Model {label}: on {date:%Y-%m-%d} it asks about nobody. Name another date to try it out on (--as-of)."
        )
    some = ids[:: -(-len(ids) // most)]
    return workspace.engine.compute(asked.filter(asked.account_id.isin(some)).order_by("account_id"))


def _refuse_nonsense(version: ModelVersion, told: pd.DataFrame) -> None:
    """Raises GateRefused where scores are no probabilities, are all the same, or their reasons do not add up."""
    probability = told["probability"].to_numpy()
    wrong = ~(np.isfinite(told).all(axis=1) & (probability > 0) & (probability < 1)).to_numpy()
    outside = (told["low"] > probability) | (told["high"] < probability)
    apart = (told["told"] - probability).abs() > CLOSE_ENOUGH
    alike = told["probability"].value_counts(normalize=True, dropna=False).iloc[0]
    complaints = {
        f"{int(wrong.sum()):,} of {len(told):,} scores are no probabilities": wrong.any(),
        f"{int(outside.sum()):,} of {len(told):,} scores lie outside their interval": outside.any(),
        f"the reasons of {int(apart.sum()):,} of {len(told):,} scores do not add up to them": apart.any(),
        f"{alike:.0%} of {len(told):,} scores are the same": len(told) >= JUDGED_FROM and alike >= MOST_ALIKE,
    }
    found = [complaint for complaint, holds in complaints.items() if holds]
    if found:
        raise GateRefused(f"Model {version.name}, on trial: {'; '.join(found)}. Train it again.")
