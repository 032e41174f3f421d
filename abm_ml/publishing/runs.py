"""A run: an immutable folder of tables with a manifest, and one pointer to the run that counts."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml.errors import IntegrityError, NotReady
from abm_ml.publishing import storage
from abm_ml.publishing.manifest import (
    MANIFEST,
    Manifest,
    RunFacts,
    StoredFile,
    canonical,
    damaged,
    manifest_bytes,
    read_manifest,
    run_id_of,
    verify,
)
from abm_ml.publishing.storage import WorkspaceLock, lock_workspace, storing
from abm_ml.publishing.tables import RunTables, checked

RUNS, CURRENT, STAGING = "runs", "current.json", ".tmp-"
_RUN_ID = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Run:
    """A run to be published."""

    facts: RunFacts
    tables: RunTables


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run on disk, every byte of which was the one that was written when it was opened."""

    folder: Path
    manifest: Manifest

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.manifest.run_id

    @property
    def as_of(self) -> dt.datetime:
        """The scoring date of the run, at its first instant."""
        return dt.datetime.combine(self.manifest.facts.as_of, dt.time())

    def scores(self) -> pa.Table:
        """One row per account and label."""
        return self._table("scores")

    def reasons(self) -> pa.Table:
        """The reasons of every score, by account, label and rank."""
        return self._table("reasons")

    def kpis(self) -> pa.Table:
        """The KPIs of every account."""
        return self._table("kpis")

    def program_kpis(self) -> pa.Table:
        """The KPI report: all KPIs by quarter and cut."""
        return self._table("program_kpis")

    def features(self) -> pa.Table:
        """The features of every account as scored."""
        return self._table("features")

    def _table(self, name: str) -> pa.Table:
        path = self.folder / f"{name}.parquet"
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                return file.read()
        except (OSError, pa.ArrowInvalid) as error:
            raise damaged(path, str(error).splitlines()[0]) from error


def publish(workspace: Path, run: Run, *, lock: WorkspaceLock | None = None) -> Path:
    """Store a run and make it the current one; returns its folder. Until its last step the run before stays current.

    A run that is there already is verified and pointed to, not written again. A job that already holds the workspace
    hands over its `lock`.

    Raises:
        GateRefused: the tables cannot be right.
        LockHeld: another job is publishing.
        StorageError: no space, or no right to write.
        IntegrityError: the run is there already, but damaged.
    """
    run_id, tables = _checked(run)
    with _locked(workspace, lock), storing(workspace):
        folder = _swept(workspace) / run_id
        if folder.is_dir():
            verify(folder, read_manifest(folder))
        else:
            _move_in(_stage(folder, run.facts, tables)[0], folder)
        _point(folder)
        return folder


def republish(workspace: Path, run: Run, *, lock: WorkspaceLock | None = None) -> Path:
    """Write a run even if it is there: heals damaged files, and proves that the same facts give the same bytes.

    Raises:
        IntegrityError: the bytes would differ from those of the run on disk; a published run never changes.
    """
    run_id, tables = _checked(run)
    with _locked(workspace, lock), storing(workspace):
        folder = _swept(workspace) / run_id
        staging, manifest = _stage(folder, run.facts, tables)
        if folder.is_dir():
            _require_same(folder, manifest)
            _replace_files(staging, folder)
        else:
            _move_in(staging, folder)
        _point(folder)
        return folder


def point_to(workspace: Path, run_id: str, *, lock: WorkspaceLock | None = None) -> Path:
    """Make a run that is on disk the current one, as a rollback does; it is verified first."""
    with _locked(workspace, lock), storing(workspace):
        folder = read_run(workspace, run_id).folder
        _point(folder)
        return folder


def is_published(workspace: Path, run_id: str) -> bool:
    """Whether a run is on disk, current or not."""
    return (workspace / RUNS / run_id / MANIFEST).is_file()


def read_current(workspace: Path) -> PublishedRun:
    """The run that counts, verified byte by byte.

    Raises:
        NotReady: nothing has been published.
        IntegrityError: the pointer, or a file of the run, is not the one that was written.
    """
    pointer = workspace / RUNS / CURRENT
    try:
        run_id = json.loads(pointer.read_bytes())["run_id"]
    except FileNotFoundError as error:
        raise NotReady(f"{workspace}: no scores have been published yet. Run `abm-ml score`.") from error
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise damaged(pointer, f"{type(error).__name__}: {error}") from error
    return read_run(workspace, str(run_id))


def read_run(workspace: Path, run_id: str) -> PublishedRun:
    """A run by its name, current or not, verified byte by byte."""
    folder = workspace / RUNS / run_id
    # A name with slashes would lead out of the workspace.
    if not _RUN_ID.fullmatch(run_id) or not folder.is_dir():
        raise IntegrityError(f"{workspace / RUNS}: there is no run '{run_id}'. Run `abm-ml score` again.")
    manifest = read_manifest(folder)
    verify(folder, manifest)
    return PublishedRun(folder, manifest)


def _checked(run: Run) -> tuple[str, RunTables]:
    run_id = run_id_of(run.facts)
    return run_id, checked(run.tables, run_id=run_id, as_of=run.facts.as_of)


def _locked(workspace: Path, lock: WorkspaceLock | None) -> AbstractContextManager[WorkspaceLock]:
    return lock_workspace(workspace) if lock is None else nullcontext(lock)


def _swept(workspace: Path) -> Path:
    """The folder of all runs, without what a killed publisher left behind; only the lock's holder may sweep."""
    runs = workspace / RUNS
    storage.make_folder(runs)
    for orphan in runs.glob(f"{STAGING}*"):
        shutil.rmtree(orphan)
    (runs / f"{CURRENT}.tmp").unlink(missing_ok=True)
    return runs


def _stage(folder: Path, facts: RunFacts, tables: RunTables) -> tuple[Path, Manifest]:
    """All files of a run in a folder beside its place, on the disk."""
    staging = folder.with_name(f"{STAGING}{folder.name}-{os.getpid()}")
    storage.make_folder(staging)
    try:
        files = {}
        for field in fields(tables):
            path, table = staging / f"{field.name}.parquet", getattr(tables, field.name)
            with storing(path):
                storage.write_table(path, table)
                files[path.name] = StoredFile(path.stat().st_size, storage.sha256_of(path), len(table))
        manifest = Manifest(folder.name, facts, files)
        with storing(staging / MANIFEST):
            storage.write_bytes(staging / MANIFEST, manifest_bytes(manifest))
        storage.sync_folder(staging)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    storage.crash_point("after_files")
    return staging, manifest


def _move_in(staging: Path, folder: Path) -> None:
    staging.rename(folder)
    storage.sync_folder(folder.parent)


def _replace_files(staging: Path, folder: Path) -> None:
    """File by file, each in one step: at no time is one missing for a reader."""
    for path in sorted(staging.iterdir()):
        path.replace(folder / path.name)
    staging.rmdir()
    storage.sync_folder(folder)


def _require_same(folder: Path, manifest: Manifest) -> None:
    """The run on disk consists of the very files that are to take their place, as far as its manifest can be read."""
    try:
        there = read_manifest(folder).files
    except IntegrityError:
        return
    different = sorted(name for name, stored in manifest.files.items() if there.get(name) != stored)
    if different:
        raise IntegrityError(
            f"Run {folder.name}: {', '.join(different)} would change, and a published run never changes. The same "
            "data, models and configuration gave other bytes: compare the package versions with its manifest."
        )


def _point(folder: Path) -> None:
    """The commit: one rename makes a run the current one."""
    storage.crash_point("before_pointer")
    with storing(folder.parent / CURRENT):
        storage.replace_bytes(folder.parent / CURRENT, canonical({"run_id": folder.name}))
    storage.crash_point("after_pointer")
