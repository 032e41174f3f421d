"""Runs of earlier dates: which ones lie in a workspace, and which of them is wanted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from abm_ml.errors import IntegrityError
from abm_ml.publishing.manifest import MANIFEST, ModelUsed, read_manifest
from abm_ml.publishing.pointer import RUNS
from abm_ml.publishing.runs import PublishedRun, read_run


def newest_run_of(workspace: Path, models: Mapping[str, ModelUsed]) -> str | None:
    """The run of exactly these models with the latest date, of several the last one written; None where there is none.

    Raises:
        IntegrityError: there is none, but a run whose manifest cannot be read.
    """
    found, unreadable = [], None
    for path in (workspace / RUNS).glob(f"*/{MANIFEST}"):
        try:
            facts = read_manifest(path.parent).facts
        except IntegrityError as error:
            unreadable = error
            continue
        if facts.models == models:
            found.append((facts.as_of, path.stat().st_mtime_ns, path.parent.name))
    if not found and unreadable:
        raise unreadable
    return max(found)[2] if found else None


def run_before(workspace: Path, as_of: dt.date) -> PublishedRun | None:
    """The run of the latest date before another, of several the one written last; None where there is none.

    One that is damaged is passed over, for nobody should do without today's scores because of last month's.
    """
    found = []
    for path in (workspace / RUNS).glob(f"*/{MANIFEST}"):
        with suppress(IntegrityError):
            facts = read_manifest(path.parent).facts
            if facts.as_of < as_of:
                found.append((facts.as_of, path.stat().st_mtime_ns, path.parent.name))
    for _, _, run_id in sorted(found, reverse=True):
        with suppress(IntegrityError):
            return read_run(workspace, run_id)
    return None
