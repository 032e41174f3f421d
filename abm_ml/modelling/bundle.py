"""A model as a folder of plain files, checked byte by byte before anything reads it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from abm_ml.errors import IntegrityError, StorageError
from abm_ml.modelling.additive import Additive, additive_from
from abm_ml.modelling.calibration import Calibrator, calibrator_from, calibrator_record
from abm_ml.modelling.cells import Cell, cell_from
from abm_ml.modelling.evaluation import Comparison, Evaluation, comparison_from, evaluation_from
from abm_ml.modelling.inputs import Feature
from abm_ml.modelling.ladder import Rung, Step, step_from
from abm_ml.modelling.season import Season, season_from

TREES, ADDITIVE = "booster.txt", "additive.json"
MODELS = ((TREES,), (ADDITIVE,), (TREES, ADDITIVE))
OTHERS = ("calibrator.json", "features.json", "model.json")
MANIFEST = "manifest.json"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class ModelState:
    """All that a classifier has learned: its model, calibrator, features, classes, settings, and the way to its rung.

    The model is `trees` as LightGBM's text, a sum over features, or the mean of both, in which trees have a `share`.
    """

    trees: str | None
    additive: Additive | None
    share: float
    calibrator: Calibrator
    features: tuple[Feature, ...]
    columns: tuple[str, ...]
    classes: tuple[Any, ...]
    parameters: Mapping[str, Any]
    rung: Rung
    ladder: tuple[Step, ...] = ()
    cells: tuple[Cell, ...] = ()
    season: Season | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What a model is for and where it comes from. Dates are ISO text; `definitions` is the catalogue's fingerprint."""

    label: str
    horizon_days: int
    definitions: str
    trained_as_of: str
    training_dates: tuple[str, ...]
    versions: Mapping[str, str]
    evaluation: Evaluation | None = None
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """A trained model and the facts about it."""

    state: ModelState
    facts: ModelFacts


def save_bundle(folder: Path, bundle: Bundle) -> str:
    """Write a model into a new folder, all of it or nothing; returns its `bundle_sha256`.

    The same model gives the same bytes.
    """
    files = _files(bundle)
    listed = {name: {"sha256": _sha256(content), "size": len(content)} for name, content in files.items()}
    files[MANIFEST] = _json({"files": listed, "format": FORMAT})
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(f"{folder}: is there already, and a stored model is never overwritten. Name a new folder.")
    staging = folder.with_name(folder.name + ".partial")
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        for name, content in files.items():
            with (staging / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        staging.replace(folder)
    except OSError as error:
        raise StorageError(f"{folder}: the model could not be written ({error.strerror}).") from error
    return _sha256(files[MANIFEST])


def load_bundle(folder: Path, *, expected_sha256: str | None = None, name: str | None = None) -> Bundle:
    """The model in a folder, if every byte is the one that was written; LightGBM sees nothing before that.

    `expected_sha256` is what `save_bundle` returned: with it, even a folder replaced as a whole is noticed. `name` is
    what messages call the model (default: the folder's name).
    """
    called = name or folder.name
    contents = _verified(folder, called, expected_sha256)
    try:
        bundle = _bundle(contents)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"Model {called}: its files are whole, but not in format {FORMAT} ({error!r}).") from error
    trained, here = bundle.facts.versions.get("lightgbm"), version("lightgbm")
    if trained is not None and trained.split(".")[0] != here.split(".")[0]:
        raise IntegrityError(f"Model {called}: trained with lightgbm {trained}, installed is {here}. Train it again.")
    if not _agree(bundle.state):
        raise IntegrityError(f"Model {called}: the model and features.json disagree on which features there are.")
    return bundle


def bundle_sha256(folder: Path) -> str:
    """The fingerprint of a stored model: SHA-256 of its manifest, which holds the SHA-256 of every other file."""
    try:
        return _sha256((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise IntegrityError(f"Model {folder.name}: {MANIFEST} cannot be read ({error.strerror}).") from error


def _verified(folder: Path, called: str, expected_sha256: str | None) -> dict[str, bytes]:
    """The files' bytes, read once: what was checked is what is used."""
    found = sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if MANIFEST not in found:
        raise IntegrityError(f"Model {called}: {MANIFEST} is missing in {folder}. Restore it or train again.")
    manifest = (folder / MANIFEST).read_bytes()
    if expected_sha256 is not None and _sha256(manifest) != expected_sha256:
        raise IntegrityError(f"Model {called}: SHA-256 of {MANIFEST} differs from the registered one. Restore it.")
    listed = _listed(manifest, called)
    for file in listed:
        if file not in found:
            raise IntegrityError(f"Model {called}: {file} is missing in {folder}. Restore it or train again.")
    foreign = sorted({path.name for path in folder.iterdir()} - {MANIFEST, *listed})
    if foreign:
        raise IntegrityError(f"Model {called}: {', '.join(foreign)} does not belong to it. Nothing was loaded.")
    return {file: _checked(folder / file, called, *facts) for file, facts in listed.items()}


def _listed(manifest: bytes, called: str) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each file that a manifest lists."""
    try:
        record = json.loads(manifest)
        listed = {file: (entry["size"], entry["sha256"]) for file, entry in record["files"].items()}
        known = record["format"] == FORMAT
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"Model {called}: {MANIFEST} is damaged ({error!r}). Restore it.") from error
    if not known or sorted(listed) not in [sorted([*model, *OTHERS]) for model in MODELS]:
        expected = f"{TREES} or {ADDITIVE}, {', '.join(OTHERS)} in format {FORMAT}"
        raise IntegrityError(f"Model {called}: {MANIFEST} lists {', '.join(listed)}, expected {expected}. Train again.")
    return listed


def _checked(path: Path, called: str, size: int, sha256: str) -> bytes:
    if path.stat().st_size != size:
        found = path.stat().st_size
        raise IntegrityError(f"Model {called}: {path.name} has {found:,} bytes, its manifest says {size}. Restore it.")
    content = path.read_bytes()
    if _sha256(content) != sha256:
        raise IntegrityError(f"Model {called}: SHA-256 of {path.name} differs from its manifest. Restore it.")
    return content


def _files(bundle: Bundle) -> dict[str, bytes]:
    state, facts = bundle.state, bundle.facts
    features = [asdict(feature) for feature in state.features]
    tried = {"cells": [asdict(cell) for cell in state.cells], "ladder": [asdict(step) for step in state.ladder]}
    season = asdict(state.season) if state.season else None
    way = {**tried, "rung": state.rung, "season": season, "share": state.share}
    return {
        **({TREES: state.trees.encode()} if state.trees is not None else {}),
        **({ADDITIVE: _json(asdict(state.additive))} if state.additive is not None else {}),
        "calibrator.json": _json(calibrator_record(state.calibrator)),
        "features.json": _json({"classes": state.classes, "columns": state.columns, "features": features}),
        "model.json": _json({**asdict(facts), "parameters": dict(state.parameters), **way}),
    }


def _bundle(contents: Mapping[str, bytes]) -> Bundle:
    records = {file: json.loads(content) for file, content in contents.items() if file != TREES}
    facts, inputs = dict(records["model.json"]), records["features.json"]
    features = [Feature(**{**feature, "categories": tuple(feature["categories"])}) for feature in inputs["features"]]
    state = ModelState(
        trees=contents[TREES].decode() if TREES in contents else None,
        additive=additive_from(records[ADDITIVE]) if ADDITIVE in records else None,
        share=facts.pop("share"),
        calibrator=calibrator_from(records["calibrator.json"]),
        features=tuple(features),
        columns=tuple(inputs["columns"]),
        classes=tuple(inputs["classes"]),
        parameters=facts.pop("parameters"),
        rung=facts.pop("rung"),
        ladder=tuple(step_from(record) for record in facts.pop("ladder")),
        cells=tuple(cell_from(record) for record in facts.pop("cells")),
        season=season_from(facts.pop("season", None)),  # models of earlier versions have none
    )
    facts["training_dates"] = tuple(facts["training_dates"])
    facts["evaluation"] = None if facts["evaluation"] is None else evaluation_from(facts["evaluation"])
    facts["comparisons"] = tuple(comparison_from(record) for record in facts["comparisons"])
    return Bundle(state, ModelFacts(**facts))


def _agree(state: ModelState) -> bool:
    """Whether the model speaks of the features that there are."""
    sums = [state.additive, *(each.sums for each in (state.season, *state.cells) if each)]
    terms = [term for each in sums if each is not None for term in each.terms]
    known = all(0 <= term.feature < len(state.features) for term in terms)
    return known and (state.trees is None or f"max_feature_idx={len(state.features) - 1}\n" in state.trees[:100_000])


def _json(record: Any) -> bytes:
    return (json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
