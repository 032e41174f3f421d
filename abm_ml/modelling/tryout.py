"""A model that scores in a process of its own: a damaged one may kill or hang that one, but nobody else."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from abm_ml.errors import GateRefused
from abm_ml.modelling.bundle import load_bundle

_ROWS, _TOLD = "rows.parquet", "told.parquet"


def tried(bundle: Path, *, name: str, sha256: str, rows: pa.Table, seconds: float) -> pd.DataFrame:
    """What a stored model says of rows: probability, low, high, and `told`, what its reasons add up to; in their order.

    Raises:
        IntegrityError: a byte of the model differs; nothing was started.
        GateRefused: it ended by a signal or an error, or took longer than it may.
    """
    load_bundle(bundle, expected_sha256=sha256, name=name)
    with tempfile.TemporaryDirectory(prefix=".canary-", dir=bundle.parent) as folder:
        pq.write_table(rows, Path(folder) / _ROWS)
        command = [sys.executable, "-m", "abm_ml.modelling.tryout", str(bundle), sha256, folder]
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter with this module
                command, check=False, capture_output=True, text=True, errors="replace", timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise GateRefused(
                f"Model {name}: it did not score {len(rows):,} accounts within {seconds:g} seconds. Train it again."
            ) from error
        if done.returncode:
            raise GateRefused(f"Model {name}: scoring {len(rows):,} accounts {_ending(done)}. Train it again.")
        return pq.read_table(Path(folder) / _TOLD).to_pandas()


def _ending(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"killed its process (signal {-done.returncode}, {signal.Signals(-done.returncode).name})"
    last = done.stderr.strip().splitlines()[-1:] or ["no word of why"]
    return f"failed ({last[0][:200]})"


def _main(bundle: Path, sha256: str, folder: Path) -> None:
    from abm_ml.modelling.classifier import AccountClassifier

    rows = pq.read_table(folder / _ROWS).to_pandas()
    model = AccountClassifier.from_state(load_bundle(bundle, expected_sha256=sha256).state)
    interval = model.predict_interval(rows)
    told = {
        "probability": model.predict_proba(rows)[:, 1],
        "low": interval[:, 0],
        "high": interval[:, 1],
        "told": model.contributions(rows).sum(axis=1).to_numpy() + model.base_probability_,
    }
    pq.write_table(pa.table(told), folder / _TOLD)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
