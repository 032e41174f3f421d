"""Experiments in MLflow: a parent run, and below it one child per thing that was tried."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm_ml.modelling.registry.store import Store
from abm_ml.modelling.tracking import TrackingConfig
from abm_ml.modelling.training_record import LONGEST_VALUE

EXPERIMENTS = "abm_ml/experiments"
PARENT, NAME, KEY = "mlflow.parentRunId", "mlflow.runName", "abm_ml.key"
PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One thing that was tried: `key` tells it from everything else of its experiment, `name` is for people."""

    key: str
    name: str
    settings: Mapping[str, Any]
    figures: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)


class Trials(Store):
    """The runs of one experiment; what an earlier process wrote is not written again.

    Raises, here and from every method:
        NotReady: the server does not answer, or refuses.
    """

    def __init__(self, config: TrackingConfig, folder: Path) -> None:
        super().__init__(config, folder)
        self._parent = ""
        self._children: dict[str, tuple[str, bool]] = {}

    @contextlib.contextmanager
    def running(self, key: str, name: str, tags: Mapping[str, str]) -> Iterator[str]:
        """The id of the parent run while the block runs: the one with this key, else a new one; then it is finished."""
        with self.answering():
            found = self._runs(f"tags.`{KEY}` = '{key}'")
            self._parent = found[key][0] if found else self._created({**tags, KEY: key, NAME: name})
            self.client.update_run(self._parent, status="RUNNING")
            self._children = self._runs(f"tags.`{PARENT}` = '{self._parent}'")
        status = "FAILED"
        try:
            yield self._parent
            status = "FINISHED"
        finally:
            with self.answering():
                self.client.set_terminated(self._parent, status)

    def record(self, tried: Tried) -> None:
        """A child run with settings and figures, once per key; one that a kill cut short is completed."""
        from mlflow.entities import Metric, Param

        run_id, whole = self._children.get(tried.key, ("", False))
        if whole:
            return
        with self.answering():
            run_id = run_id or self._created({**tried.tags, PARENT: self._parent, KEY: tried.key, NAME: tried.name})
            self.client.log_batch(
                run_id,
                metrics=[Metric(name, float(value), 0, 0) for name, value in tried.figures.items()],
                params=[Param(name, str(value)[:LONGEST_VALUE]) for name, value in tried.settings.items()],
            )
            self.client.set_terminated(run_id)
        self._children[tried.key] = (run_id, True)

    def attach(self, folder: Path) -> None:
        """The files of a folder beside the parent run."""
        with self.answering():
            self.client.log_artifacts(self._parent, str(folder))

    def _created(self, tags: Mapping[str, str]) -> str:
        place = self.experiment(EXPERIMENTS)
        return str(self.client.create_run(place, tags=dict(tags), run_name=tags[NAME]).info.run_id)

    def _runs(self, which: str) -> dict[str, tuple[str, bool]]:
        """The runs of a filter by key, each with its id and whether it is complete."""
        place, token = self.experiment(EXPERIMENTS), None
        found: dict[str, tuple[str, bool]] = {}
        while True:
            page = self.client.search_runs([place], which, max_results=PAGE, page_token=token)
            found |= {run.data.tags[KEY]: (run.info.run_id, run.info.status == "FINISHED") for run in page}
            token = page.token
            if not token:
                return found
