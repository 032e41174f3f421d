"""The audit trail, as it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import LABELS
from abm_ml.modelling.audit import Entry


@dataclass(frozen=True)
class AuditResult:
    """What was done to models and by whom, the oldest first, and the file that says so; every line was checked."""

    file: Path
    entries: tuple[Entry, ...]


def audit(workspace: Workspace, names: Sequence[str] = ()) -> AuditResult:
    """Reads and checks the audit trail; only what concerns some labels, if they are named.

    Raises:
        IntegrityError: a line is not the one that was written.
    """
    chosen = {LABELS[name].name for name in names}
    entries = tuple(each for each in workspace.trail.entries() if not chosen or each.label in chosen)
    return AuditResult(workspace.trail.file, entries)
