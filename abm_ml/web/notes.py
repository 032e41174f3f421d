"""Notes: feedback on the scores that a viewer sees, kept in the workspace through all runs."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass
from pathlib import Path

from abm_ml.errors import ConfigError
from abm_ml.publishing.feedback import VERDICTS, Feedback, read_feedback, write_feedback
from abm_ml.web.records import Viewer
from abm_ml.web.store import Store
from abm_ml.web.users import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a viewer says of a score, as it came in; `estimate` is in percent."""

    account_id: str
    label: str
    verdict: str
    because: str
    estimate: str


class Notes:
    """The feedback of a workspace."""

    def __init__(self, workspace: Path, clock: Clock) -> None:
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.Lock()

    def of(self, account_id: str) -> tuple[Feedback, ...]:
        """What was said of an account, newest first."""
        return read_feedback(self._workspace, [account_id])[::-1]

    def add(self, viewer: Viewer, store: Store, opinion: Opinion) -> None:
        """Keeps an opinion beside the score as it is shown; the score stays as it is.

        Raises:
            NotFound: there is no such account for this viewer.
            ConfigError: there is no such score, or something is no verdict, percentage or reason.
        """
        score = store.listed(viewer, opinion.account_id).scores.get(opinion.label)
        if score is None:
            raise ConfigError(f"This account has no score '{opinion.label}'.")
        verdict = next((known for known in VERDICTS if known == opinion.verdict), None)
        if verdict is None:
            raise ConfigError(f"A verdict is {' or '.join(VERDICTS)}.")
        said = Feedback(
            at=dt.datetime.fromtimestamp(self._clock(), dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds"),
            user=viewer.name,
            run_id=store.run.run_id,
            as_of=store.run.as_of.isoformat(),
            account_id=opinion.account_id,
            label=opinion.label,
            model=score.model,
            probability=score.probability,
            verdict=verdict,
            because=opinion.because.strip() or None,
            estimate=_share(opinion.estimate),
        )
        with self._lock:
            write_feedback(self._workspace, said)


def _share(percent: str) -> float | None:
    """A percentage as it was typed, as a share of 1; None where none was."""
    text = percent.strip().removesuffix("%").strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text) / 100
    except ValueError as error:
        raise ConfigError("An estimate is a percentage from 0 to 100.") from error
