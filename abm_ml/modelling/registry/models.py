"""Registered models in MLflow, and the runs that made them."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from abm_ml.errors import IntegrityError, NotReady, UnknownName
from abm_ml.modelling.bundle import Bundle, bundle_sha256, load_bundle
from abm_ml.modelling.commands import promoting, training
from abm_ml.modelling.pictures import save_picture
from abm_ml.modelling.promotion import Against, against_from, against_text
from abm_ml.modelling.registry.store import Store, unless
from abm_ml.modelling.training_record import TrainingRecord, figures_of, requirements, settings_of, tags_of

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as Registered

Alias = Literal["champion", "challenger"]

AGAINST = "against"
CARD, TABLES = "CARD.md", "tables.json"
STORED = "model/data/bundle"  # where MLflow keeps a pyfunc model's plain files within a run


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One registered model: `sha256` is its bundle's (see save_bundle), `gate` the word that it earned.

    `against` sets it beside the champion of the day it was trained on, if there was one.
    """

    label: str
    version: int
    run_id: str
    sha256: str
    gate: str
    against: Against | None = None

    @property
    def name(self) -> str:
        """What people call it: win/7."""
        return f"{self.label}/{self.version}"


class Registry(Store):
    """Registered models and the runs that made them; one model per label, with the aliases champion and challenger.

    Raises, here and from every method:
        NotReady: the server does not answer, or refuses.
    """

    def record(self, training: TrainingRecord) -> ModelVersion:
        """One run with parameters, metrics, tags, pictures, card and model, registered as the label's next version."""
        bundle, sha256 = load_bundle(training.bundle), bundle_sha256(training.bundle)
        label = bundle.facts.label
        with self.answering(), tempfile.TemporaryDirectory() as staging:
            _stage(training, Path(staging))
            name, tags = f"{label} {bundle.facts.trained_as_of[:10]}", tags_of(training, bundle, sha256)
            run = self.client.create_run(self.experiment(f"abm_ml/{label}"), tags=tags, run_name=name).info
            status = "FAILED"
            try:
                self.client.log_batch(run.run_id, **_entries(bundle, training))
                self.client.log_artifacts(run.run_id, staging)
                status = "FINISHED"
            finally:
                self.client.set_terminated(run.run_id, status)
            with unless("RESOURCE_ALREADY_EXISTS"):
                self.client.create_registered_model(label)
            source, kept = f"{run.artifact_uri}/model", {"sha256": sha256, "gate": training.verdict.word}
            if training.against is not None:
                kept[AGAINST] = against_text(training.against)
            return _version(self.client.create_model_version(label, source, run_id=run.run_id, tags=kept))

    def champion(self, label: str) -> ModelVersion:
        """The version that scores.

        Raises:
            NotReady: there is none; says which versions there are and what to run.
        """
        held = self.holder(label, "champion")
        if held is not None:
            return held
        there = self.versions(label)
        if not there:
            raise NotReady(f"No model {label} has been trained. Run {training(label)}.")
        raise NotReady(f"The model {label} has no champion; {_listed(there)}. Run {promoting(label)}.")

    def holder(self, label: str, alias: Alias) -> ModelVersion | None:
        """The version that is champion or challenger, if any is."""
        with self.answering(), unless("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return _version(self.client.get_model_version_by_alias(label, alias))
        return None

    def versions(self, label: str) -> tuple[ModelVersion, ...]:
        """Every version of a label's model, the oldest first; none if it was never trained."""
        with self.answering():
            found = self.client.search_model_versions(f"name = '{label}'", max_results=1000)
        return tuple(sorted((_version(each) for each in found), key=lambda each: each.version))

    def set_champion(self, label: str, version: int) -> None:
        """Lets a version score from now on, and no longer challenge; raises UnknownName if there is no such version."""
        self._give(label, "champion", version)
        challenger = self.holder(label, "challenger")
        if challenger is not None and challenger.version == version:
            with self.answering():
                self.client.delete_registered_model_alias(label, "challenger")

    def set_challenger(self, label: str, version: int) -> None:
        """Marks a version as the one to beat the champion; raises UnknownName if there is no such version."""
        self._give(label, "challenger", version)

    def fetch(self, version: ModelVersion, folder: Path) -> Path:
        """The version's bundle in `folder`, for `load_bundle(folder, expected_sha256=version.sha256)`.

        A folder that already holds it is returned as it is, without asking the server.

        Raises:
            IntegrityError: the registry no longer has its files, or others than were registered.
        """
        with contextlib.suppress(IntegrityError):
            if bundle_sha256(folder) == version.sha256:
                return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with self.answering(), tempfile.TemporaryDirectory(dir=folder.parent) as staging:
            found = None
            with unless("RESOURCE_DOES_NOT_EXIST"):
                found = Path(self.client.download_artifacts(version.run_id, STORED, staging))
            if found is None:
                self.client.get_run(version.run_id)  # a server that is down is no missing file, but MLflow says it is
                raise IntegrityError(f"Model {version.name}: its files are gone from the registry. Train it again.")
            if bundle_sha256(found) != version.sha256:
                raise IntegrityError(f"Model {version.name}: the registry holds other files than were registered.")
            shutil.rmtree(folder, ignore_errors=True)
            found.replace(folder)
        return folder

    def bundle(self, version: ModelVersion, beside: Path) -> Bundle:
        """The version's model, every byte of it checked; `beside` is a folder where its files may lie meanwhile.

        Raises:
            IntegrityError: its files are gone, or a byte of them differs.
        """
        with tempfile.TemporaryDirectory(dir=beside, prefix=".model-") as folder:
            files = self.fetch(version, Path(folder) / "bundle")
            return load_bundle(files, expected_sha256=version.sha256, name=version.name)

    def document(self, version: ModelVersion, name: str) -> str | None:
        """A text that the version's training left (CARD, TABLES); None where it left none."""
        with self.answering(), tempfile.TemporaryDirectory() as folder, unless("RESOURCE_DOES_NOT_EXIST"):
            if any(file.path == name for file in self.client.list_artifacts(version.run_id)):
                return Path(self.client.download_artifacts(version.run_id, name, folder)).read_text("utf-8")
        return None

    def _give(self, label: str, alias: Alias, version: int) -> None:
        with self.answering(), unless("RESOURCE_DOES_NOT_EXIST"):
            self.client.set_registered_model_alias(label, alias, str(version))
            return
        raise UnknownName(f"The model {label} has no version {version}; {_listed(self.versions(label))}.")


def _stage(training: TrainingRecord, folder: Path) -> None:
    """The files of a run: pictures, card, and the bundle as a pyfunc model of plain files.

    The model has no MLflow signature: one would refuse whole numbers and flags where a feature is a number, and the
    bundle names missing columns by itself.
    """
    from mlflow import pyfunc

    (folder / "pictures").mkdir()
    for name, figure in training.pictures.items():
        save_picture(figure, folder / "pictures" / f"{name}.png")
    shutil.copy(training.card, folder / CARD)
    (folder / TABLES).write_text(json.dumps(dict(training.tables), sort_keys=True), encoding="utf-8")
    with tempfile.TemporaryDirectory() as beside:
        files = shutil.copytree(training.bundle, Path(beside) / "bundle")
        pyfunc.save_model(
            str(folder / "model"),
            loader_module="abm_ml.modelling.served",
            data_path=str(files),
            pip_requirements=requirements(),
        )


def _entries(bundle: Bundle, training: TrainingRecord) -> dict[str, Any]:
    """Figures and settings as MLflow's records; a figure's time is the date up to which the model knows the data."""
    from mlflow.entities import Metric, Param

    figures = {**figures_of(bundle), **training.figures}
    moment = int(datetime.fromisoformat(bundle.facts.trained_as_of).replace(tzinfo=UTC).timestamp() * 1000)
    return {
        "metrics": [Metric(name, float(value), moment, 0) for name, value in figures.items()],
        "params": [Param(name, value) for name, value in settings_of(bundle).items()],
    }


def _version(found: Registered) -> ModelVersion:
    tags = found.tags
    return ModelVersion(
        label=found.name,
        version=int(found.version),
        run_id=str(found.run_id),
        sha256=tags.get("sha256", ""),
        gate=tags.get("gate", ""),
        against=against_from(tags[AGAINST]) if AGAINST in tags else None,
    )


def _listed(versions: Sequence[ModelVersion]) -> str:
    """The versions there are, as the second half of a sentence."""
    if not versions:
        return "it has none"
    *others, last = [str(each.version) for each in versions]
    return f"versions {', '.join(others)} and {last} exist" if others else f"only version {last} exists"
