"""What a run depends on and what it consists of: the facts that name it, and the size and SHA-256 of its files."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from abm_ml.errors import IntegrityError
from abm_ml.publishing.storage import sha256_of

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """A model by its registered name (`win/7`) and the SHA-256 of its bundle."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """All that a run depends on: the date, the model of each label, a hash per table read, configuration, definitions.

    `previous` names the run that its scores are compared with; None where there is none. `versions` names Python and
    the packages; it is kept, but is no part of what makes two runs the same.
    """

    as_of: dt.date
    models: Mapping[str, ModelUsed]
    data: Mapping[str, str]
    config_sha256: str
    definitions: str
    versions: Mapping[str, str]
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What the manifest says of a file."""

    size: int
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run's name, its facts and its files by name."""

    run_id: str
    facts: RunFacts
    files: Mapping[str, StoredFile]


def run_id_of(facts: RunFacts) -> str:
    """The name of the run with these facts: its date and 12 hex digits; the same facts always give the same name."""
    record = {name: value for name, value in _record(facts).items() if name != "versions"}
    return f"{facts.as_of:%Y-%m-%d}-{hashlib.sha256(canonical(record)).hexdigest()[:12]}"


def canonical(record: Any) -> bytes:
    """A record as JSON, always in the same bytes."""
    return (json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def manifest_bytes(manifest: Manifest) -> bytes:
    """The content of `manifest.json`; `sha256` is that of all the rest, so that it vouches for itself."""
    files = {name: asdict(stored) for name, stored in manifest.files.items()}
    record = {"format": FORMAT, "run_id": manifest.run_id, "files": files, **_record(manifest.facts)}
    return canonical({**record, "sha256": hashlib.sha256(canonical(record)).hexdigest()})


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the run in a folder.

    Raises:
        IntegrityError: it is missing, damaged or belongs to another run.
    """
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        record = json.loads(content)
        files = {name: StoredFile(**stored) for name, stored in record["files"].items()}
        manifest = Manifest(record["run_id"], _facts(record), files)
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error
    if content != manifest_bytes(manifest):
        raise damaged(path, "its own SHA-256 differs, or its format")
    if not manifest.run_id == run_id_of(manifest.facts) == folder.name:
        raise damaged(path, f"it describes run {run_id_of(manifest.facts)}")
    return manifest


def verify(folder: Path, manifest: Manifest) -> None:
    """Every file of a run has the size and the SHA-256 of its manifest; else an IntegrityError names the file."""
    for name, stored in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise damaged(path, "it is missing")
        if path.stat().st_size != stored.size:
            raise damaged(path, f"{path.stat().st_size:,} bytes, the manifest says {stored.size:,}")
        if sha256_of(path) != stored.sha256:
            raise damaged(path, "its SHA-256 differs from the manifest")


def damaged(path: Path, why: str) -> IntegrityError:
    """The error for a published file that is not what was written."""
    return IntegrityError(f"{path}: damaged ({why}). Publish the run again with `abm-ml score --force`.")


def _record(facts: RunFacts) -> dict[str, Any]:
    record = {**asdict(facts), "as_of": facts.as_of.isoformat()}
    # Runs of earlier versions compare with none, and keep their names.
    return {name: value for name, value in record.items() if name != "previous" or value is not None}


def _facts(record: Mapping[str, Any]) -> RunFacts:
    return RunFacts(
        as_of=dt.date.fromisoformat(record["as_of"]),
        models={label: ModelUsed(**model) for label, model in record["models"].items()},
        data=record["data"],
        config_sha256=record["config_sha256"],
        definitions=record["definitions"],
        versions=record["versions"],
        previous=record.get("previous"),
    )
