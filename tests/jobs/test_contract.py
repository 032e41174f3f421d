"""What a run leaves: the contract that readers outside depend on, to the letter."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from abm_ml.catalogue import fingerprint
from abm_ml.features import feature_set
from abm_ml.jobs.population import definitions_hash
from abm_ml.jobs.report_kpis import kpi_definitions
from abm_ml.jobs.workspace import Workspace
from abm_ml.kpis import COLUMNS, KPIS
from tests.jobs.company import AS_OF, LABELS, Served, fingerprints

SCORES = {
    "run_id": "string", "as_of": "date32[day]", "account_id": "string", "label": "string", "eligible": "bool",
    "probability": "double", "low": "double", "high": "double", "base_probability": "double", "percentile": "double",
    "grade": "string", "rung": "string", "model": "string", "expected_value": "double", "currency": "string",
    "rule_score": "double", "rule_level": "string", "agreement": "string", "holdout": "bool",
}  # fmt: skip
REASONS = {
    "run_id": "string", "account_id": "string", "label": "string", "rank": "int32", "feature": "string",
    "group": "string", "value": "string", "typical": "string", "points": "double", "controllable": "bool",
    "text": "string",
}  # fmt: skip
CHANGES = {
    "run_id": "string", "account_id": "string", "label": "string", "place": "int32", "part": "string",
    "before": "double", "points": "double", "text": "string",
}  # fmt: skip
WHAT_IF = {
    "run_id": "string", "account_id": "string", "label": "string", "place": "int32", "scenario": "string",
    "text": "string", "probability_without": "double", "probability_with": "double", "inside": "bool",
}  # fmt: skip
GROUPS = {"engagement", "penetration", "firmographic", "pipeline", "clients"}
LEVELS = ("cold", "warm", "hot", "red_hot")


@pytest.fixture(scope="module")
def scores(company: Served) -> pd.DataFrame:
    """The published scores."""
    return company.run.scores().to_pandas()


@pytest.fixture(scope="module")
def reasons(company: Served) -> pd.DataFrame:
    """The published reasons."""
    return company.run.reasons().to_pandas()


def columns(table: pa.Table) -> list[tuple[str, str]]:
    """Names and types in order."""
    return [(field.name, str(field.type)) for field in table.schema]


def test_files(company: Served) -> None:
    """A run is these files, and one pointer beside all runs says which run counts."""
    names = {path.name for path in company.run.folder.iterdir()}
    tables = {"scores", "reasons", "kpis", "program_kpis", "features", "changes", "what_if"}
    assert names == {f"{table}.parquet" for table in tables} | {"serving.sqlite", "manifest.json"}
    pointer = json.loads((company.folder / "runs" / "current.json").read_text())
    assert pointer == {"run_id": company.scored.run_id} == {"run_id": company.run.folder.name}


def test_columns(company: Served) -> None:
    """Names, order and types of the columns are fixed."""
    assert columns(company.run.scores()) == list(SCORES.items())
    assert columns(company.run.reasons()) == list(REASONS.items())
    assert columns(company.run.changes()) == list(CHANGES.items())
    assert columns(company.run.what_if()) == list(WHAT_IF.items())


def test_every_row_bears_its_run(company: Served, scores: pd.DataFrame) -> None:
    """Rows of two runs can stand in one table and still be told apart."""
    for table in (company.run.scores(), company.run.reasons(), company.run.kpis(), company.run.features()):
        assert set(table["run_id"].to_pylist()) == {company.scored.run_id}
    assert set(scores["as_of"].astype(str)) == {AS_OF}


def test_one_row_per_account_and_label(scores: pd.DataFrame) -> None:
    """Every score stands once, sorted by account and label."""
    assert not scores.duplicated(["account_id", "label"]).any()
    assert scores.equals(scores.sort_values(["account_id", "label"], ignore_index=True))
    assert set(scores["label"]) == set(LABELS)


def test_scores_of_one_account_do_not_contradict(scores: pd.DataFrame) -> None:
    """An account is asked about by its lifecycle: nobody can be won and lost at once, and clients do not progress."""
    asked = scores.groupby("label")["account_id"].agg(set)
    assert not asked["churn"] & (asked["win"] | asked["progression"])
    assert scores["eligible"].all()


def test_bounds(scores: pd.DataFrame) -> None:
    """0 <= low <= probability <= high <= 1, and a percentile is a share."""
    bounds = scores[["low", "probability", "high"]].to_numpy()
    assert (np.diff(bounds, axis=1) >= 0).all()
    assert bounds.min() >= 0
    assert bounds.max() <= 1
    assert scores["percentile"].between(0, 1).all()


def test_grades_are_cut_offs(scores: pd.DataFrame, workspace: Workspace) -> None:
    """A grade says how likely, never how many are better."""
    cuts = workspace.config.grades
    expected = [next((grade for grade, cut in cuts.items() if p >= cut), "D") for p in scores["probability"]]
    assert scores["grade"].tolist() == expected
    assert scores["grade"].nunique() > 2


def test_model_and_rung(company: Served, scores: pd.DataFrame) -> None:
    """A score names the registered model it comes from, and the rung of the ladder on which that stands."""
    named = scores.groupby("label")["model"].agg(set).to_dict()
    assert named == {label: {f"{label}/1"} for label in LABELS}
    assert named == {label: {name} for label, name in company.scored.models.items()}
    stands = scores.groupby("label")["rung"].agg(set).to_dict()
    assert stands == {each.version.label: {each.rung} for each in company.trained.trained}


def test_the_rule_stands_beside(scores: pd.DataFrame) -> None:
    """The rule's score and level stand beside the model's, and its verdict is one of three words."""
    assert set(scores["rule_level"]) <= set(LEVELS)
    assert set(scores["agreement"]) <= {"agree", "rule_higher", "model_higher"}
    assert (scores["agreement"] == "agree").mean() > 0.5
    lowest = scores.groupby("rule_level")["rule_score"].min()
    assert [lowest[level] >= floor for level, floor in (("warm", 20), ("hot", 50)) if level in lowest] == [True, True]


def test_expected_value(scores: pd.DataFrame) -> None:
    """What is at stake times its probability, in the reporting currency; nothing where nothing is at stake."""
    known = scores["expected_value"].notna()
    assert (scores.loc[known, "expected_value"] > 0).all()
    assert set(scores.loc[known, "currency"]) == {"EUR"}
    assert scores.loc[~known, "currency"].isna().all()
    assert known[scores["label"] == "churn"].mean() > 0.9


def test_reasons_add_up(scores: pd.DataFrame, reasons: pd.DataFrame) -> None:
    """For every score: where everybody starts, plus the points of its reasons, is its probability."""
    total = reasons.groupby(["account_id", "label"])["points"].sum()
    merged = scores.set_index(["account_id", "label"])
    off = merged["base_probability"] + total - merged["probability"]
    assert len(off) == len(scores)
    assert off.abs().max() <= 1e-9


def test_five_up_five_down_and_the_rest(reasons: pd.DataFrame) -> None:
    """Up to five reasons in either direction, ranked by strength, each feature once, and one last row for the rest."""
    for _, mine in reasons.groupby(["account_id", "label"], sort=False):
        spoken = mine[mine["feature"] != "other"]
        assert mine["rank"].tolist() == list(range(1, len(mine) + 1))
        assert mine["feature"].iloc[-1] == "other"
        assert (spoken["points"] > 0).sum() <= 5
        assert (spoken["points"] < 0).sum() <= 5
        assert spoken["points"].abs().is_monotonic_decreasing
        assert spoken["feature"].is_unique


def test_reasons_have_words(reasons: pd.DataFrame) -> None:
    """Every reason is a sentence, of one of five groups; the rest is of none."""
    rest = reasons["feature"] == "other"
    assert set(reasons.loc[~rest, "group"]) <= GROUPS
    assert reasons.loc[rest, "group"].isna().all()
    assert reasons["text"].str.endswith(".").all()
    assert not reasons["text"].str.contains(r"[{}]|\bnan\b|None").any()
    assert not reasons.loc[rest, "controllable"].any()


def test_kpis_and_features_of_every_scored_account(company: Served, workspace: Workspace, scores: pd.DataFrame) -> None:
    """The KPIs beside the scores, and the feature values as scored: one row per scored account."""
    kpis, features = company.run.kpis().to_pandas(), company.run.features().to_pandas()
    assert set(kpis["account_id"]) == set(features["account_id"]) == set(scores["account_id"])
    assert {"engagement_score", "engagement_level", "penetration_rate"} <= set(kpis)
    names = [column.name for column in feature_set(workspace.company.tables, workspace.terms).columns]
    assert len(names) >= 90
    assert set(features) == {"run_id", "account_id", *names}


def test_rule_score_is_the_kpi(company: Served, scores: pd.DataFrame) -> None:
    """The rule's score is the same number wherever it stands."""
    both = scores.merge(company.run.kpis().to_pandas(), on="account_id")
    assert both["rule_score"].equals(both["engagement_score"].rename("rule_score"))
    assert both["rule_level"].tolist() == both["engagement_level"].tolist()


def test_program_kpis(company: Served) -> None:
    """All 71 KPIs by quarter, of all accounts and by tier, industry and program; what is missing says what it needs."""
    rows = company.run.program_kpis().to_pandas()
    assert list(rows.columns) == ["run_id", "as_of", *COLUMNS]
    assert set(rows["name"]) == set(KPIS.names)
    assert {"all", "tier=1", "program=in"} <= set(rows["cut"])
    assert rows["period_from"].nunique() == 8
    assert rows.loc[rows["value"].isna() & rows["period_from"].isna(), "note"].notna().all()


def test_manifest(company: Served, workspace: Workspace) -> None:
    """The manifest names every file with size, SHA-256 and rows, the models, the data, the configuration, versions."""
    folder = company.run.folder
    manifest = json.loads((folder / "manifest.json").read_text())
    hashes = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    assert {**hashes, "manifest.json": fingerprints(folder)["manifest.json"]} == fingerprints(folder)
    assert manifest["files"]["scores.parquet"]["rows"] == company.run.scores().num_rows
    assert {name: entry["size"] for name, entry in manifest["files"].items()} == {
        path.name: path.stat().st_size for path in folder.iterdir() if path.name != "manifest.json"
    }
    models = {each.version.label: (each.version.name, each.version.sha256) for each in company.trained.trained}
    assert {label: (used["id"], used["sha256"]) for label, used in manifest["models"].items()} == models
    assert manifest["data"] == workspace.company.hashes
    assert manifest["config_sha256"] == workspace.config_hash
    assert {"python", "abm-ml", "lightgbm"} <= set(manifest["versions"])
    assert manifest["definitions"] == fingerprint(definitions_hash(workspace.terms), kpi_definitions())


def test_nothing_is_left_lying_about(company: Served, workspace: Workspace) -> None:
    """After a job its scratch files are gone; a company that is open keeps its own."""
    left = {path.name for path in company.folder.iterdir() if path.name.startswith((".staging", ".model", ".training"))}
    assert left == set()
