"""A run: an immutable folder of tables with a manifest, and one pointer to the run that counts."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from abm_ml.errors import IntegrityError, NotReady
from abm_ml.publishing import storage
from abm_ml.publishing.checks import Checking
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
from abm_ml.publishing.parquet import TableWriter, read_parquet
from abm_ml.publishing.pointer import CURRENT, RUNS, current_run_id, run_folder
from abm_ml.publishing.storage import WorkspaceLock, lock_workspace, storing
from abm_ml.publishing.tables import Part

STAGING = ".tmp-"


@dataclass(frozen=True, slots=True)
class Run:
    """A run to be published: all its tables at once (RunTables), or part by part as they are computed.

    A part is the name of a table and some rows of it. The parts of one table follow each other in its order, with all
    rows of an account in one part; parts of different tables may alternate. They are asked for one at a time, only if
    the run is written, and written before the next one is asked for.

    `beside` are further files by name: each is written by a function of its path, beside the finished tables, which
    returns how many rows it has.
    """

    facts: RunFacts
    tables: Iterable[Part]
    beside: Mapping[str, Callable[[Path], int]] = field(default_factory=dict)


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

    def scores(self, *, accounts: Collection[str] | None = None, columns: Sequence[str] | None = None) -> pa.Table:
        """One row per account and label; only those of some accounts and only some columns, if they are named."""
        return self._table("scores", accounts, columns)

    def reasons(self, *, accounts: Collection[str] | None = None) -> pa.Table:
        """The reasons of every score, by account, label and rank; only those of some accounts, if they are named."""
        return self._table("reasons", accounts)

    def kpis(self, *, accounts: Collection[str] | None = None) -> pa.Table:
        """The KPIs of every account; only of some, if they are named."""
        return self._table("kpis", accounts)

    def program_kpis(self) -> pa.Table:
        """The KPI report: all KPIs by quarter and cut."""
        return self._table("program_kpis")

    def features(self, *, accounts: Collection[str] | None = None) -> pa.Table:
        """The features of every account as scored; only of some, if they are named."""
        return self._table("features", accounts)

    def changes(self, *, accounts: Collection[str] | None = None) -> pa.Table:
        """Why each score changed since the previous run, part by part; only of some accounts, if they are named."""
        return self._table("changes", accounts)

    def what_if(self, *, accounts: Collection[str] | None = None) -> pa.Table:
        """What each scenario would make of each score; only of some accounts, if they are named."""
        return self._table("what_if", accounts)

    def _table(
        self, name: str, accounts: Collection[str] | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        path = self.folder / f"{name}.parquet"
        if path.name not in self.manifest.files:
            raise NotReady(f"Run {self.run_id} has no {path.name}: an earlier version wrote it. Score again.")
        try:
            return read_parquet(path, accounts=accounts, columns=columns)
        except (OSError, pa.ArrowInvalid) as error:
            raise damaged(path, str(error).splitlines()[0]) from error


def publish(workspace: Path, run: Run, *, lock: WorkspaceLock | None = None) -> Path:
    """Store a run and make it the current one; returns its folder. Until its last step the run before stays current.

    A run that is there already is verified and pointed to, not written again. A job that already holds the workspace
    hands over its `lock`.

    Raises:
        GateRefused: the tables cannot be right. Nothing of the run is left.
        LockHeld: another job is publishing.
        StorageError: no space, or no right to write.
        IntegrityError: the run is there already, but damaged.
    """
    with _locked(workspace, lock), storing(workspace):
        folder = _swept(workspace) / run_id_of(run.facts)
        if folder.is_dir():
            verify(folder, read_manifest(folder))
        else:
            _move_in(_stage(folder, run)[0], folder)
        _point(folder)
        return folder


def republish(workspace: Path, run: Run, *, lock: WorkspaceLock | None = None) -> Path:
    """Write a run even if it is there: heals damaged files, and proves that the same facts give the same bytes.

    Raises:
        IntegrityError: the bytes would differ from those of the run on disk; a published run never changes.
    """
    with _locked(workspace, lock), storing(workspace):
        folder = _swept(workspace) / run_id_of(run.facts)
        staging, manifest = _stage(folder, run)
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
    return read_run(workspace, current_run_id(workspace))


def read_run(workspace: Path, run_id: str) -> PublishedRun:
    """A run by its name, current or not, verified byte by byte."""
    folder = run_folder(workspace, run_id)
    manifest = read_manifest(folder)
    verify(folder, manifest)
    return PublishedRun(folder, manifest)


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


def _stage(folder: Path, run: Run) -> tuple[Path, Manifest]:
    """All files of a run in a folder beside its place, on the disk."""
    staging = folder.with_name(f"{STAGING}{folder.name}-{os.getpid()}")
    storage.make_folder(staging)
    try:
        manifest = Manifest(folder.name, run.facts, _written(staging, folder.name, run))
        with storing(staging / MANIFEST):
            storage.write_bytes(staging / MANIFEST, manifest_bytes(manifest))
        storage.sync_folder(staging)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    storage.crash_point("after_files")
    return staging, manifest


def _written(staging: Path, run_id: str, run: Run) -> dict[str, StoredFile]:
    """The tables of a run, checked and written part by part."""
    checking = Checking(run_id=run_id, as_of=run.facts.as_of)
    writers: dict[str, TableWriter] = {}
    with ExitStack() as files:
        for name, rows in run.tables:
            part = checking.part(name, rows)
            if name not in writers:
                writers[name] = files.enter_context(closing(TableWriter(staging / f"{name}.parquet", part.schema)))
            writers[name].add(part)
        checking.finish()
        for writer in writers.values():
            writer.finish()
    paths = {each.path: each.rows for each in writers.values()}
    paths |= {staging / name: write(staging / name) for name, write in run.beside.items()}
    return {path.name: StoredFile(path.stat().st_size, storage.sha256_of(path), rows) for path, rows in paths.items()}


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
