"""Files that survive a crash: written aside, flushed to the disk, then renamed; and one writer at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from abm_ml.errors import LockHeld, StorageError

FILE_MODE, FOLDER_MODE = 0o600, 0o700
LOCK = ".lock"
CRASH_VARIABLE, CRASHED = "ABM_CRASH_AT", 70


@dataclass(frozen=True, slots=True)
class WorkspaceLock:
    """The right to write to a workspace; held until its `with` block or its process ends."""

    workspace: Path


@contextmanager
def lock_workspace(workspace: Path) -> Iterator[WorkspaceLock]:
    """The workspace to oneself; the operating system lets go when the holder dies, so no stale lock remains.

    Raises:
        LockHeld: another process, or another thread of this one, has it.
    """
    with storing(workspace):
        workspace.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(workspace / LOCK, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        _take(descriptor, workspace)
        yield WorkspaceLock(workspace)
    finally:
        os.close(descriptor)


def _take(descriptor: int, workspace: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        raise LockHeld(f"{workspace}: process {holder} is writing here. Wait until it has finished.") from error
    with storing(workspace / LOCK):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


@contextmanager
def storing(place: Path) -> Iterator[None]:
    """Turns what the file system refuses into a StorageError that names the place."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        where = error.filename or place
        raise StorageError(f"{where}: cannot be written ({error.strerror or error}{_free(place)}).") from error


def _free(place: Path) -> str:
    there = next((folder for folder in (place, *place.parents) if folder.is_dir()), None)
    return f", {shutil.disk_usage(there).free / 1e6:,.0f} MB free" if there else ""


def make_folder(path: Path) -> None:
    """A folder that only its owner may enter."""
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """A new file, on the disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_bytes(path: Path, content: bytes) -> None:
    """A file replaced in one step: readers see the old content or the new, never a part."""
    aside = path.with_name(path.name + ".tmp")
    write_bytes(aside, content)
    aside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """The names in a folder, on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crash_point(name: str) -> None:
    """Where a test may let the process die as if by kill -9: `ABM_CRASH_AT=<name>`."""
    if os.environ.get(CRASH_VARIABLE) == name:
        os._exit(CRASHED)
