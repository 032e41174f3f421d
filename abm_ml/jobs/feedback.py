"""Feedback, as a table: what people said of scores, beside the scores as they were shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from abm_ml.jobs.workspace import Workspace
from abm_ml.publishing.feedback import COLUMNS, Feedback, read_feedback
from abm_ml.publishing.sinks import write_frame


@dataclass(frozen=True)
class FeedbackResult:
    """What was said, the oldest first, and the file that it was written to."""

    said: tuple[Feedback, ...]
    file: Path | None


def feedback(workspace: Workspace, *, out: Path | None = None) -> FeedbackResult:
    """Reads all that was said of scores; with `out` writes it as csv, parquet or xlsx, for evaluation.

    Raises:
        ConfigError: the file's name ends otherwise.
    """
    import pandas as pd

    said = read_feedback(workspace.folder)
    if out is not None:
        frame = pd.DataFrame([asdict(each) for each in said], columns=list(COLUMNS))
        write_frame(frame.astype({"probability": float, "estimate": float}), out)
    return FeedbackResult(said, out)
