"""The biggest movers: the scores of a published run that changed most since the run before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from abm_ml.publishing.serving import SERVING

_MOST = """
SELECT account_id, name, label, probability, scores.change FROM scores JOIN accounts USING (account_id)
WHERE label = ? AND scores.change {side} 0 ORDER BY scores.change {order}, account_id LIMIT ?
"""
_UP, _DOWN = _MOST.format(side=">", order="DESC"), _MOST.format(side="<", order="ASC")


@dataclass(frozen=True, slots=True)
class Mover:
    """A score that changed, by `change` in probability points, to `probability`."""

    account_id: str
    name: str | None
    label: str
    probability: float
    change: float


def movers(run: Path, label: str, most: int) -> tuple[Mover, ...]:
    """The scores of a label that rose most, then those that fell most, the biggest first; `run` is the run's folder.

    None where an earlier version wrote the run.
    """
    if not (run / SERVING).is_file():
        return ()
    address = f"{(run / SERVING).resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as file:
        return tuple(Mover(*row) for query in (_UP, _DOWN) for row in file.execute(query, (label, most)))
