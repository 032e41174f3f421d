"""The run that is shown: opened when the pointer names it, while older requests still read the one before."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from abm_ml.errors import AbmError, NotReady
from abm_ml.publishing.pointer import CURRENT, RUNS, current_run_id, run_folder
from abm_ml.web.store import Store

LOOK_SECONDS = 1.0
_LOG = logging.getLogger(__name__)
Stamp = tuple[int, int] | None


class Current:
    """The store of the current run; a run that cannot be opened leaves the one before in its place, and says so."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._seen: Stamp = None
        self._store: Store | None = None
        self._problem: AbmError | None = NotReady(f"{workspace}: no scores have been published yet.")
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def store(self) -> Store:
        """The store of the run that is shown; a request asks once, so that all it shows is of one run.

        Raises:
            NotReady: nothing has been published.
            IntegrityError: what was published cannot be read, and nothing was opened before it.
        """
        store = self._store
        if store is None:
            raise self._problem or NotReady(f"{self._workspace}: no scores have been published yet.")
        return store

    @property
    def problem(self) -> AbmError | None:
        """Why the newest run is not the one that is shown; None where it is."""
        return self._problem

    def look(self) -> None:
        """Opens the run that the pointer names, if the pointer was written since the last look."""
        with self._lock:
            stamp = self._stamp()
            if stamp == self._seen and self._problem is None:
                return
            try:
                store = Store.open(run_folder(self._workspace, current_run_id(self._workspace)))
            except AbmError as error:
                if str(error) != str(self._problem):
                    _LOG.warning("The current run cannot be shown. %s", error)
                self._problem = error
            else:
                self._store, self._problem = store, None
            self._seen = stamp

    def watch(self) -> None:
        """Looks every second, in a thread of its own, until `stop`."""
        self._stop.clear()
        threading.Thread(target=self._watch, name="current run", daemon=True).start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look()

    def _stamp(self) -> Stamp:
        try:
            found = (self._workspace / RUNS / CURRENT).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino
