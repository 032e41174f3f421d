"""The trials of a search: in memory, or in a file that survives a kill."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from abm_ml.errors import LockHeld, NotReady, StorageError

if TYPE_CHECKING:
    import optuna

FULL_TRIALS, FULL_FOLDS = 4, 1  # so many trials, and of each so many folds, are needed before one is given up


@contextlib.contextmanager
def opened(file: Path | None, name: str) -> Iterator[optuna.Study]:
    """The study of a name, with the trials that were finished before; what a kill left half done is given up.

    Raises:
        NotReady: Optuna is not installed.
        LockHeld: another search writes to this file.
        StorageError: the file cannot be written.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with contextlib.ExitStack() as held:
        storage = held.enter_context(_journal(file)) if file else None
        pruner = optuna.pruners.MedianPruner(n_startup_trials=FULL_TRIALS, n_warmup_steps=FULL_FOLDS)
        study = optuna.create_study(storage=storage, study_name=name, pruner=pruner, load_if_exists=True)
        for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        yield study


def require_optuna() -> None:
    """Raises NotReady, with what to do, where Optuna is not installed."""
    try:
        import optuna  # noqa: F401 - to see whether it is there
    except ImportError as error:
        raise NotReady("Tuning needs Optuna. Install it: pip install 'abm-ml[tune]'.") from error


@contextlib.contextmanager
def _journal(file: Path) -> Iterator[optuna.storages.JournalStorage]:
    """Optuna's journal, one writer at a time: a line that a kill cut short goes, and so does Optuna's own lock."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(f"{file}: the trials cannot be written here ({error.strerror}).") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        whole = file.read_bytes().rfind(b"\n") + 1
        os.ftruncate(descriptor, whole)
        for left in file.parent.glob(f"{file.name}.lock*"):
            left.unlink()
        yield JournalStorage(JournalFileBackend(str(file)))
    except BlockingIOError as error:
        raise LockHeld(f"{file}: another search is running here. Wait until it has finished.") from error
    finally:
        os.close(descriptor)
