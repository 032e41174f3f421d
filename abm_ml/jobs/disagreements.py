"""Disagreements: where the rule ranks an account high and the model low, or the reverse, and what pulls them apart."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from abm_ml.jobs.population import percentile, rule_ranking
from abm_ml.jobs.workspace import Workspace
from abm_ml.kpis.grains.touches import points_of
from abm_ml.labels import LABELS
from abm_ml.publishing.runs import PublishedRun, read_current
from abm_ml.publishing.sinks import write_frame
from abm_ml.reasons.rows import OTHER
from abm_ml.tables.money import MONEY
from abm_ml.timeline import facts_of, known, within

COLUMNS = (
    "account_id", "name", "label", "agreement", "rule_score", "rule_level", "rule_percentile", "rule_because",
    "probability", "percentile", "grade", "model_because",
)  # fmt: skip
_APART = ("rule_higher", "model_higher")
_TOLD = 3
_NO_ENGAGEMENT = "no engagement"
_NO_REASON = "no single reason"


@dataclass(frozen=True)
class Disagreements:
    """Where the published run's rule and model rank an account far apart, the furthest first.

    `rows` has COLUMNS. Both percentiles are those among the accounts of the label, by how likely it comes true: less
    engagement ranks an account higher for what one does not want. `rule_because` names the kinds that gave the account
    the most points, `model_because` what pulls the model most away from the rule. `scored` counts all scores.
    """

    run_id: str
    as_of: dt.datetime
    scored: int
    rows: pd.DataFrame
    file: Path | None = None


def disagreements(workspace: Workspace, *, out: Path | None = None) -> Disagreements:
    """The accounts and labels of the published run on which rule and model disagree, written to `out` if it is given.

    Raises:
        ConfigError: `out` ends in something else than csv, parquet or xlsx.
        NotReady: nothing has been published.
        IntegrityError: a file of the run is not the one that was written.
    """
    run = read_current(workspace.folder)
    scores = run.scores().to_pandas()
    scores["rule_percentile"] = _rule_percentile(scores)
    apart = scores[scores["agreement"].isin(_APART)]
    ids = apart["account_id"].drop_duplicates()
    apart = apart.merge(_names(workspace, ids), on="account_id", how="left")
    apart = apart.merge(_rule_because(workspace, ids, run.as_of), on="account_id", how="left")
    apart["rule_because"] = apart["rule_because"].fillna(_NO_ENGAGEMENT)
    apart = apart.merge(_model_because(apart, run), on=["account_id", "label"], how="left")
    apart["model_because"] = apart["model_because"].fillna(_NO_REASON)
    apart["_apart"] = (apart["percentile"] - apart["rule_percentile"]).abs()
    rows = apart.sort_values(["_apart", "account_id", "label"], ascending=[False, True, True], ignore_index=True)
    rows = rows[list(COLUMNS)]
    if out is not None:
        write_frame(rows, out)
    return Disagreements(run.run_id, run.as_of, len(scores), rows, out)


def _rule_percentile(scores: pd.DataFrame) -> pd.Series[float]:
    """Where the rule ranks each account among those of its label."""
    ranked = pd.Series(index=scores.index, dtype="float64")
    for label, rows in scores.groupby("label"):
        ranked[rows.index] = percentile(rule_ranking(LABELS[str(label)], rows["rule_score"])).to_numpy()
    return ranked


def _names(workspace: Workspace, ids: pd.Series[str]) -> pd.DataFrame:
    accounts = workspace.company.tables["accounts"].select("account_id", "name")
    asked = workspace.engine.register(_listed(ids))
    return workspace.engine.compute(accounts.semi_join(asked, "account_id")).to_pandas()


def _rule_because(workspace: Workspace, ids: pd.Series[str], as_of: dt.datetime) -> pd.DataFrame:
    """account_id and rule_because: its kinds of engagement with the most points in the rule's window."""
    tables, terms = workspace.company.tables, workspace.terms
    if "engagements" not in tables or ids.empty:
        return pd.DataFrame({"account_id": pd.Series(dtype="str"), "rule_because": pd.Series(dtype="str")})
    whose = _listed(ids)
    dates = whose.append_column("as_of", pa.repeat(pa.scalar(as_of, pa.timestamp("us")), len(whose)))
    rows = known(facts_of(tables, "engagements"), workspace.engine.register(dates))
    rows = rows.filter(within(rows, terms.engagement.window_days))
    rows = rows.mutate(points=points_of(rows, terms)).filter(lambda row: row.points > 0)
    sums = rows.group_by("account_id", "kind").aggregate(points=rows.points.cast(MONEY).sum().cast("float64"))
    found = workspace.engine.compute(sums).to_pandas()
    found["rule_because"] = [f"{kind} {points:g}" for kind, points in zip(found["kind"], found["points"], strict=True)]
    found = found.sort_values(["account_id", "points", "kind"], ascending=[True, False, True])
    return _joined(found, ["account_id"], "rule_because", ", ")


def _model_because(apart: pd.DataFrame, run: PublishedRun) -> pd.DataFrame:
    """account_id, label and model_because: the strongest reasons on the side away from the rule."""
    keys = ["account_id", "label"]
    reasons = run.reasons(accounts=apart["account_id"].unique().tolist()).to_pandas()
    reasons = reasons.merge(apart[[*keys, "agreement"]], on=keys)
    away = (reasons["points"] > 0) == (reasons["agreement"] == "model_higher")
    told = reasons[away & (reasons["feature"] != OTHER)].sort_values([*keys, "rank"])
    return _joined(told.rename(columns={"text": "model_because"}), keys, "model_because", " ")


def _joined(rows: pd.DataFrame, keys: list[str], column: str, between: str) -> pd.DataFrame:
    """The first texts of each key as one."""
    first = rows.groupby(keys).head(_TOLD)
    return first.groupby(keys, as_index=False)[column].agg(between.join)


def _listed(ids: pd.Series[str]) -> pa.Table:
    return pa.table({"account_id": pa.array(ids, pa.string())})
