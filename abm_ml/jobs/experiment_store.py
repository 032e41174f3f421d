"""What an experiment has finished: a file per variant, so that a kill loses only what was under way."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import yaml

from abm_ml.catalogue import fingerprint
from abm_ml.errors import IntegrityError
from abm_ml.jobs.experiment_plan import ExperimentPlan
from abm_ml.jobs.model_config import ModelConfig
from abm_ml.publishing.storage import make_folder, replace_bytes, storing

JUDGED, TESTED = "judged", "tested"


class Kept:
    """The folder of one experiment: judged rows by variant, trials, and its report.

    `found` counts the variants that were there already.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report = folder / "report"
        self.found = 0
        self._made: set[Path] = set()
        with storing(folder):
            for part in (self.report, folder / JUDGED, folder / TESTED):
                make_folder(part)

    def rows(self, part: str, key: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """The judged rows of a key: from their file, else made now and written in one step."""
        file = self.folder / part / f"{key}.parquet"
        if file.exists():
            self.found += file not in self._made
            return _read(file)
        content = io.BytesIO()
        made = make()
        made.to_parquet(content)
        with storing(file):
            replace_bytes(file, content.getvalue())
        self._made.add(file)
        return made

    def trials(self, label: str) -> Path:
        """The file of a label's tuning trials."""
        return self.folder / f"trials-{label}.journal"

    def tested(self, label: str) -> int:
        """How many variants of a label have been judged on the test dates so far."""
        return len(list((self.folder / TESTED).glob(f"{label}-*.parquet")))

    def write(self, name: str, text: str) -> Path:
        """A file of the report."""
        file = self.report / name
        with storing(file):
            replace_bytes(file, text.encode())
        return file

    def write_plan(self, plan: ExperimentPlan) -> Path:
        """The plan as it was run."""
        values = {"name": plan.name, **plan.model_dump(mode="json", exclude_defaults=True)}
        return self.write("experiment.yaml", yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110))

    def write_config(self, config: ModelConfig, comment: str) -> Path:
        """A model's configuration, ready for models/<label>/model.yaml."""
        values = {"label": config.label, **config.model_dump(mode="json", exclude_defaults=True)}
        text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110)
        return self.write(f"{config.label}.model.yaml", f"# {comment}\n{text}")


def key_of(config: ModelConfig, horizon_days: int) -> str:
    """A name for a variant's files: its label, and a hash of all of its configuration that changes results."""
    values = {**config.model_dump(mode="json", exclude={"population"}), "horizon_days": horizon_days}
    return f"{config.label}-{fingerprint(json.dumps(values, sort_keys=True))[:12]}"


def _read(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise IntegrityError(
            f"{file}: this file of the experiment is damaged ({error}). Delete it, run again."
        ) from error
