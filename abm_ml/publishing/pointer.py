"""The pointer to the run that counts; read without Arrow, so that the page starts fast."""

from __future__ import annotations

import json
import re
from pathlib import Path

from abm_ml.errors import IntegrityError, NotReady
from abm_ml.publishing.manifest import damaged

RUNS, CURRENT = "runs", "current.json"
_RUN_ID = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")


def current_run_id(workspace: Path) -> str:
    """The name of the run that counts.

    Raises:
        NotReady: nothing has been published.
        IntegrityError: the pointer is not the one that was written.
    """
    pointer = workspace / RUNS / CURRENT
    try:
        return str(json.loads(pointer.read_bytes())["run_id"])
    except FileNotFoundError as error:
        raise NotReady(f"{workspace}: no scores have been published yet. Run `abm-ml score`.") from error
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise damaged(pointer, f"{type(error).__name__}: {error}") from error


def run_folder(workspace: Path, run_id: str) -> Path:
    """The folder of a run; raises IntegrityError where there is none."""
    folder = workspace / RUNS / run_id
    # A name with slashes would lead out of the workspace.
    if not _RUN_ID.fullmatch(run_id) or not folder.is_dir():
        raise IntegrityError(f"{workspace / RUNS}: there is no run '{run_id}'. Run `abm-ml score` again.")
    return folder
