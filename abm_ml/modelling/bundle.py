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
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm_ml.errors import IntegrityError, SourceError, StorageError
from abm_ml.modelling.calibration import Calibrator, Floats, calibrator_from, calibrator_record
from abm_ml.modelling.evaluation import Comparison, Evaluation, comparison_from, evaluation_from

Kind = Literal["number", "flag", "category"]
MOST_CATEGORIES = 255  # rarer ones are read as missing, as those are that training never saw
FILES = ("booster.txt", "calibrator.json", "features.json", "model.json")
MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Feature:
    """A column as the trees read it: a category is its place in `categories`, a gap or an unknown category is missing.

    `typical` is the median of the training rows that have a value, for a flag or a category the most frequent one; None
    where at least half of the rows have none.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    typical: float | bool | str | None = None


@dataclass(frozen=True, slots=True)
class ModelState:
    """All that a classifier has learned: trees as LightGBM's text, calibrator, features, classes, its own settings."""

    booster: str
    calibrator: Calibrator
    features: tuple[Feature, ...]
    columns: tuple[str, ...]
    classes: tuple[Any, ...]
    parameters: Mapping[str, Any]


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
        records = {file: json.loads(contents[file]) for file in FILES if file.endswith(".json")}
        bundle = _bundle(contents["booster.txt"].decode(), records)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"Model {called}: its files are whole, but not in format {FORMAT} ({error!r}).") from error
    trained, here = bundle.facts.versions.get("lightgbm"), version("lightgbm")
    if trained is not None and trained.split(".")[0] != here.split(".")[0]:
        raise IntegrityError(f"Model {called}: trained with lightgbm {trained}, installed is {here}. Train it again.")
    if f"max_feature_idx={len(bundle.state.features) - 1}\n" not in bundle.state.booster[:100_000]:
        raise IntegrityError(f"Model {called}: booster.txt and features.json disagree on how many features there are.")
    return bundle


def bundle_sha256(folder: Path) -> str:
    """The fingerprint of a stored model: SHA-256 of its manifest, which holds the SHA-256 of every other file."""
    try:
        return _sha256((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise IntegrityError(f"Model {folder.name}: {MANIFEST} cannot be read ({error.strerror}).") from error


def _verified(folder: Path, called: str, expected_sha256: str | None) -> dict[str, bytes]:
    """The files' bytes, read once: what was checked is what is used."""
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    for file in (MANIFEST, *FILES):
        if file not in found or not (folder / file).is_file():
            raise IntegrityError(f"Model {called}: {file} is missing in {folder}. Restore it or train again.")
    foreign = sorted({*found} - {MANIFEST, *FILES})
    if foreign:
        raise IntegrityError(f"Model {called}: {', '.join(foreign)} does not belong to it. Nothing was loaded.")
    manifest = (folder / MANIFEST).read_bytes()
    if expected_sha256 is not None and _sha256(manifest) != expected_sha256:
        raise IntegrityError(f"Model {called}: SHA-256 of {MANIFEST} differs from the registered one. Restore it.")
    try:
        record = json.loads(manifest)
        listed = {file: (entry["size"], entry["sha256"]) for file, entry in record["files"].items()}
        known = record["format"] == FORMAT
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise IntegrityError(f"Model {called}: {MANIFEST} is damaged ({error!r}). Restore it.") from error
    if not known or sorted(listed) != sorted(FILES):
        expected = f"{', '.join(FILES)} in format {FORMAT}"
        raise IntegrityError(f"Model {called}: {MANIFEST} lists {', '.join(listed)}, expected {expected}.")
    return {file: _checked(folder / file, called, *listed[file]) for file in FILES}


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
    return {
        "booster.txt": state.booster.encode(),
        "calibrator.json": _json(calibrator_record(state.calibrator)),
        "features.json": _json({"classes": state.classes, "columns": state.columns, "features": features}),
        "model.json": _json({**asdict(facts), "parameters": dict(state.parameters)}),
    }


def _bundle(booster: str, records: Mapping[str, Any]) -> Bundle:
    facts, inputs = dict(records["model.json"]), records["features.json"]
    features = [Feature(**{**feature, "categories": tuple(feature["categories"])}) for feature in inputs["features"]]
    state = ModelState(
        booster=booster,
        calibrator=calibrator_from(records["calibrator.json"]),
        features=tuple(features),
        columns=tuple(inputs["columns"]),
        classes=tuple(inputs["classes"]),
        parameters=facts.pop("parameters"),
    )
    facts["training_dates"] = tuple(facts["training_dates"])
    facts["evaluation"] = None if facts["evaluation"] is None else evaluation_from(facts["evaluation"])
    facts["comparisons"] = tuple(comparison_from(record) for record in facts["comparisons"])
    return Bundle(state, ModelFacts(**facts))


def _json(record: Any) -> bytes:
    return (json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def learned(frame: pd.DataFrame) -> tuple[tuple[Feature, ...], Floats]:
    """The features of a training table, by name, and its rows as the trees read them; what never varies is left out."""
    found = [_feature(name, frame[name]) for name in sorted(frame.columns)]
    matrix = encoded(frame, tuple(found))
    gaps = np.isnan(matrix)
    lowest = np.where(gaps, np.inf, matrix).min(axis=0)
    highest = np.where(gaps, -np.inf, matrix).max(axis=0)
    varies = (highest > lowest) | ((highest == lowest) & gaps.any(axis=0))
    if not varies.any():
        raise SourceError(f"Training table: none of its {len(found)} columns varies; nothing can be learned from it.")
    matrix = np.ascontiguousarray(matrix[:, varies])
    kept = [feature for feature, keep in zip(found, varies, strict=True) if keep]
    return tuple(_with_typical(feature, column) for feature, column in zip(kept, matrix.T, strict=True)), matrix


def encoded(frame: pd.DataFrame, features: tuple[Feature, ...]) -> Floats:
    """The rows of a frame as float64, columns by name in the order of `features`; other columns are ignored."""
    missing = [feature.name for feature in features if feature.name not in frame.columns]
    if missing:
        names = ", ".join(missing)
        raise SourceError(f"Features: {len(missing)} columns are missing ({names}). Compute them as in training.")
    matrix = np.empty((len(frame), len(features)))
    for place, feature in enumerate(features):
        matrix[:, place] = _codes(frame[feature.name], feature)
    endless = [f"{f.name} ({n:,} rows)" for f, n in zip(features, np.isinf(matrix).sum(axis=0), strict=True) if n]
    if endless:
        raise SourceError(f"Features: infinity (inf) in {', '.join(endless)}. Leave such cells empty.")
    return matrix


def _feature(name: str, column: pd.Series) -> Feature:
    """Which kind a training column is, and its categories: the most frequent ones, in alphabetical order."""
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "boolean":
        return Feature(name, "flag")
    if kind in {"floating", "integer", "mixed-integer-float", "decimal", "empty"}:
        return Feature(name, "number")
    if kind not in {"string", "categorical", "mixed-integer"}:
        raise SourceError(f"Column '{name}' holds {kind} values; a feature is a number, a flag, a text or a category.")
    counts = column.dropna().map(_text).value_counts()
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_CATEGORIES]
    return Feature(name, "category", categories=tuple(sorted(text for text, count in ranked if count)))


def _codes(column: pd.Series, feature: Feature) -> Floats:
    if feature.kind == "category":
        codes, values = pd.factorize(column)
        place = {text: float(code) for code, text in enumerate(feature.categories)}
        known = np.array([*(place.get(_text(value), np.nan) for value in values), np.nan])
        return np.asarray(known[codes])
    try:
        numbers = column if pd.api.types.is_numeric_dtype(column) else pd.to_numeric(column)
        return np.asarray(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise SourceError(f"Column '{feature.name}' was a {feature.kind} in training, now: {error}.") from error


def _text(value: Any) -> str:
    """A category as text; a whole number is written as one, whether a gap made its column float or not."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _with_typical(feature: Feature, column: NDArray[np.float64]) -> Feature:
    known = column[~np.isnan(column)]
    if 2 * len(known) <= len(column):
        return feature  # most rows have none, so a value is nothing typical
    if feature.kind == "number":
        return Feature(feature.name, feature.kind, typical=float(np.median(known)))
    commonest = int(np.bincount(known.astype(np.int64)).argmax())
    typical = feature.categories[commonest] if feature.categories else bool(commonest)
    return Feature(feature.name, feature.kind, feature.categories, typical)
