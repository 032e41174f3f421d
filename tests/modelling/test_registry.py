"""Models are registered with everything that explains them, and come back bit for bit."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from abm_ml.config import parse_config
from abm_ml.errors import ConfigError, IntegrityError, NotReady, UnknownName
from abm_ml.modelling.bundle import Bundle, ModelFacts, load_bundle, save_bundle
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import Metric, compare, evaluate
from abm_ml.modelling.gate import judge
from abm_ml.modelling.promotion import Against
from abm_ml.modelling.registry import ModelVersion, Registry, TrackingConfig, TrainingRecord
from abm_ml.modelling.training_record import Provenance, code_version

ROOT = Path(__file__).resolve().parents[2]
TWO_AT_ONCE = """
import sys
from pathlib import Path
from matplotlib.figure import Figure
from abm_ml.modelling.bundle import load_bundle
from abm_ml.modelling.gate import judge
from abm_ml.modelling.registry import Registry, TrackingConfig, TrainingRecord
from abm_ml.modelling.training_record import Provenance

bundle, card, workspace = map(Path, sys.argv[1:])
verdict = judge(load_bundle(bundle).facts.evaluation)
origin = Provenance(data="d", config="c")
registry = Registry(TrackingConfig(), workspace)
registry.record(TrainingRecord(bundle=bundle, card=card, pictures={}, verdict=verdict, provenance=origin))
"""


def taught(seed: int) -> tuple[Bundle, AccountClassifier, pd.DataFrame]:
    """A small model of a number, a flag and a text."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"visits_30d": random.normal(size=300), "industry": random.choice(["Banks", "Steel"], 300)})
    frame["has_parent"] = random.random(300) < 0.5
    y = (random.random(300) < 1 / (1 + np.exp(-2 * frame["visits_30d"]))).astype(int).to_numpy()
    model = AccountClassifier(max_trees=20, seed=seed).fit(frame, y)
    p = model.predict_proba(frame)[:, 1]
    facts = ModelFacts(
        label="win",
        horizon_days=90,
        definitions="f00d",
        trained_as_of="2026-06-30",
        training_dates=("2026-01-01",),
        versions={"lightgbm": "4.7.0"},
        evaluation=evaluate(y, p),
        comparisons=(compare(y, p, baseline="engagement score (rule)", score=np.arange(300)),),
    )
    return Bundle(model.to_state(), facts), model, frame


def training(folder: Path) -> TrainingRecord:
    """What a training of the model in a folder leaves."""
    figure = Figure()
    figure.add_subplot().plot([0, 1], [0, 1])
    verdict = judge(load_bundle(folder / "bundle").facts.evaluation)
    return TrainingRecord(
        bundle=folder / "bundle",
        card=folder / "CARD.md",
        pictures={"roc": figure},
        verdict=verdict,
        provenance=Provenance(data="da7a", config="c0f"),
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A stored model with its card, the classifier, and rows to score."""
    folder = tmp_path_factory.mktemp("model")
    bundle, classifier, frame = taught(7)
    save_bundle(folder / "bundle", bundle)
    (folder / "CARD.md").write_text("# Model card: win\n")
    return folder, classifier, frame


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A workspace with a fresh store of its own, made once."""
    workspace = tmp_path_factory.mktemp("workspace")
    return Registry(TrackingConfig(), workspace), workspace


@pytest.fixture(scope="module")
def recorded(store, model):
    """The model, recorded twice."""
    return [store[0].record(training(model[0])) for _ in range(2)]


def test_versions_count_up(recorded, store):
    """Each training is one more version, and says what it is called."""
    assert [version.name for version in recorded] == ["win/1", "win/2"]
    assert store[0].versions("win") == tuple(recorded)


def test_the_store_lies_in_the_workspace(recorded, store):
    """Runs and files are the workspace's own: nothing is written where the command happens to run."""
    assert sorted(path.name for path in store[1].iterdir()) == ["mlartifacts", "mlflow.db", "mlflow.lock"]


def test_a_run_tells_everything(recorded, store, model):
    """Settings, figures with intervals, origin, pictures, card and model: all of it in one run."""
    run = store[0].client.get_run(recorded[0].run_id)
    files = {file.path for file in store[0].client.list_artifacts(run.info.run_id)}
    assert files == {"CARD.md", "model", "pictures", "tables.json"}
    assert {"roc_auc", "roc_auc_low", "roc_auc_high", "auc_above_engagement_score_rule_low"} <= run.data.metrics.keys()
    assert run.data.params["learning_rate"] == str(model[1].learning_rate)
    assert run.data.tags["code"] == code_version()
    own = {"label", "as_of", "code", "data", "definitions", "config", "seed", "gate", "rung", "sha256"}
    assert own <= run.data.tags.keys()


def test_no_pickle_is_stored(recorded, store):
    """A registered model is text: LightGBM's own, JSON, YAML."""
    kinds = {path.suffix for path in (store[1] / "mlartifacts").rglob("*") if path.is_file()}
    assert kinds == {".json", ".md", ".png", ".txt", ".yaml", ""}
    assert {path.name for path in (store[1] / "mlartifacts").rglob("*") if path.is_file() and not path.suffix} == {
        "MLmodel"
    }


def test_anyone_can_load_it_with_mlflow(recorded, store, model, monkeypatch):
    """`models:/win@champion` gives the calibrated probabilities of the classifier, whole numbers and flags included."""
    from mlflow import pyfunc

    store[0].set_champion("win", 2)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store[0].address)
    _, classifier, frame = model
    rows = frame.assign(visits_30d=range(len(frame)))
    assert (pyfunc.load_model("models:/win@champion").predict(rows) == classifier.predict_proba(rows)[:, 1]).all()


def test_champion_and_challenger(recorded, store):
    """An alias names one version and moves as a whole; who becomes champion no longer challenges."""
    for version in (1, 2):
        store[0].set_challenger("win", 2)
        store[0].set_champion("win", version)
        assert store[0].champion("win") == recorded[version - 1]
        assert store[0].holder("win", "challenger") == {1: recorded[1], 2: None}[version]


def test_a_version_remembers_its_comparison(model, store):
    """What was said of a model beside the champion of its day comes back from the registry."""
    against = Against(champion="win/1", difference=Metric(0.01, -0.02, 0.04))
    version = store[0].record(replace(training(model[0]), against=against))
    assert version.against == against
    assert store[0].client.get_run(version.run_id).data.tags["against"] == str(against)
    store[0].client.delete_model_version("win", str(version.version))


def test_no_champion_says_what_to_do(recorded, store):
    """A missing champion is never replaced by the latest version."""
    store[0].set_champion("win", 1)
    store[0].client.delete_registered_model_alias("win", "champion")
    assert store[0].holder("win", "champion") is None
    with pytest.raises(NotReady, match=r"win has no champion; versions 1 and 2 exist\. Run abm-ml promote win\."):
        store[0].champion("win")


def test_nothing_trained_says_what_to_do(recorded, store):
    """A label that was never trained has no versions."""
    assert store[0].versions("churn") == ()
    with pytest.raises(NotReady, match=r"^No model churn has been trained\. Run abm-ml train churn\.$"):
        store[0].champion("churn")


def test_unknown_version(recorded, store):
    """Only what is registered can be promoted."""
    with pytest.raises(UnknownName, match="win has no version 9; versions 1 and 2 exist"):
        store[0].set_champion("win", 9)


def test_fetch(recorded, store, model, tmp_path):
    """What is fetched is what was registered, and a folder that has it already is left alone."""
    folder = store[0].fetch(recorded[0], tmp_path / "models" / "win-1")
    bundle = load_bundle(folder, expected_sha256=recorded[0].sha256)
    assert (
        AccountClassifier.from_state(bundle.state).predict_proba(model[2]) == model[1].predict_proba(model[2])
    ).all()
    before = (folder / "calibrator.json").stat().st_mtime_ns
    assert store[0].fetch(recorded[0], folder) == folder
    assert (folder / "calibrator.json").stat().st_mtime_ns == before


def test_fetch_refuses_other_files(store, model, tmp_path):
    """A model whose files were replaced or removed in the registry never reaches the scores."""
    version = store[0].record(training(model[0]))
    (files,) = (store[1] / "mlartifacts").rglob(f"{version.run_id}/artifacts/model/data/bundle")
    (files / "manifest.json").write_text("{}")
    with pytest.raises(IntegrityError, match=f"{version.name}: the registry holds other files"):
        store[0].fetch(version, tmp_path / "win-3")
    shutil.rmtree(files)
    with pytest.raises(IntegrityError, match=f"{version.name}: its files are gone"):
        store[0].fetch(version, tmp_path / "win-3")
    assert list(tmp_path.iterdir()) == []
    store[0].client.delete_model_version("win", str(version.version))


@pytest.mark.slow
def test_two_trainings_on_a_fresh_store(model, tmp_path):
    """Two processes that make the store at once both succeed, and neither says a word on the terminal."""
    program = [sys.executable, "-c", TWO_AT_ONCE, model[0] / "bundle", model[0] / "CARD.md", tmp_path / "workspace"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default::UserWarning"}
    both = [subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].decode() for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    assert [each.version for each in Registry(TrackingConfig(), tmp_path / "workspace").versions("win")] == [1, 2]


def test_nothing_of_logging_stays_changed(store):
    """MLflow is quiet while it works for us, and as talkative as before afterwards."""
    logging.getLogger("mlflow").setLevel(logging.INFO)
    store[0].versions("win")
    assert logging.getLogger("mlflow").level == logging.INFO


def test_a_refusing_server(tmp_path, monkeypatch):
    """No server: one line within seconds, and the password stays out of it."""
    monkeypatch.setenv("STORE", "http://user:hunter2@127.0.0.1:9")
    start = time.perf_counter()
    with pytest.raises(
        NotReady, match=r"^The MLflow server at http://127\.0\.0\.1:9 does not answer\.[^\n]*$"
    ) as error:
        Registry(TrackingConfig(url_env="STORE"), tmp_path)
    assert error.value.__suppress_context__
    assert time.perf_counter() - start < 15


def test_a_hanging_server(tmp_path, monkeypatch):
    """A server that accepts and never answers is given up in time; a user's own patience would win."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(NotReady, match="does not answer"):
        Registry(TrackingConfig(url=f"http://127.0.0.1:{server.getsockname()[1]}"), tmp_path)


def test_a_damaged_store(tmp_path):
    """A store that is no SQLite file is named at once."""
    (tmp_path / "mlflow.db").write_text("no database, " * 100)
    with pytest.raises(IntegrityError, match=r"mlflow\.db: the model store cannot be read"):
        Registry(TrackingConfig(), tmp_path)


@pytest.mark.parametrize("url", ["file:./mlruns", "mlruns", "ftp://host"])
def test_unknown_addresses(url, tmp_path, monkeypatch):
    """An address is the word sqlite, a server's, or that of an SQLite file, in the configuration and outside it."""
    with pytest.raises(ConfigError, match="an address begins with"):
        parse_config({"url": url}, TrackingConfig, where="demo.yaml")
    monkeypatch.setenv("STORE", url)
    with pytest.raises(ConfigError, match="variable STORE: an address begins with"):
        Registry(TrackingConfig(url_env="STORE"), tmp_path)


def test_a_version_has_a_name():
    """Scores name the model that made them."""
    assert ModelVersion(label="win", version=7, run_id="r", sha256="s", gate="OK").name == "win/7"
