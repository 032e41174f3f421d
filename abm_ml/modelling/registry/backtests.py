"""Backtests in MLflow: a run per label, whose figures are dated by the scores that they judge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm_ml.modelling.registry.store import Store

BACKTESTS = "abm_ml/backtests"
MOST_AT_ONCE = 1000  # MLflow takes no more figures in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A figure of scores given `at` a date; `step` is their place on the axis: a count of dates, or an age in days."""

    name: str
    value: float
    step: int
    at: dt.datetime


class Backtests(Store):
    """The runs of backtests.

    Raises, here and from every method:
        NotReady: the server does not answer, or refuses.
    """

    def record(
        self, name: str, *, tags: Mapping[str, str], settings: Mapping[str, Any], points: Sequence[Point], picture: Path
    ) -> str:
        """One run with settings, curves and picture; returns its id."""
        from mlflow.entities import Metric, Param

        metrics = [Metric(each.name, each.value, _milliseconds(each.at), each.step) for each in points]
        with self.answering():
            run_id = str(self.client.create_run(self.experiment(BACKTESTS), tags=dict(tags), run_name=name).info.run_id)
            status = "FAILED"
            try:
                self.client.log_batch(run_id, params=[Param(key, str(value)) for key, value in settings.items()])
                for start in range(0, len(metrics), MOST_AT_ONCE):
                    self.client.log_batch(run_id, metrics=metrics[start : start + MOST_AT_ONCE])
                self.client.log_artifact(run_id, str(picture))
                status = "FINISHED"
            finally:
                self.client.set_terminated(run_id, status)
        return run_id


def _milliseconds(moment: dt.datetime) -> int:
    return int(moment.replace(tzinfo=dt.UTC).timestamp() * 1000)
