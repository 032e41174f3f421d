"""What is asked of every method: 119 columns of an event log, for every account at every snapshot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

POINTS = {
    "email_open": 1, "email_click": 3, "page_view": 1, "pricing_page_view": 8, "form_fill": 15, "content_download": 10,
    "webinar_registered": 6, "webinar_attended": 12, "event_attended": 20, "demo_request": 40, "meeting_held": 30,
    "sales_call": 10,
}  # fmt: skip
KINDS = tuple(POINTS)
CHANNELS = ("email", "web", "ads", "event", "sales")
WINDOWS = (7, 30, 90, 180, 365)  # days
LONGEST = max(WINDOWS)
HALF_LIFE = 30.0  # days
THREADS = 2

# Per window: whole numbers. Decayed points and days since the last event look a year back: numbers.
PER_WINDOW = ("events", "points", "contacts", "active_days", *KINDS, *(f"by_{channel}" for channel in CHANNELS))
WHOLE = tuple(f"{name}_{days}d" for days in WINDOWS for name in PER_WINDOW)
DECAYED = f"points_decayed_{LONGEST}d"
SINCE = {None: f"since_event_{LONGEST}d"} | {kind: f"since_{kind}_{LONGEST}d" for kind in KINDS}
COLUMNS = (*WHOLE, DECAYED, *SINCE.values())


@dataclass(frozen=True)
class Work:
    """One piece of work: the folder with the log, the snapshots, where the columns go, and what memory is allowed.

    A method writes Parquet files with account_id, as_of and its columns into `out`. An event counts at a snapshot in a
    window if it lies in [snapshot - days, snapshot); `active_days` are calendar days.
    """

    log: Path
    snapshots: tuple[dt.datetime, ...]
    out: Path
    memory: str | None = None

    @property
    def spill(self) -> Path:
        """Where an engine may put what its memory does not hold."""
        return self.out / "spill"


def snapshots(name: str) -> tuple[dt.datetime, ...]:
    """`24 months`: as many month starts up to 2025-12-01; `52 weeks`: as many Mondays up to 2025-12-29."""
    count, unit = name.split()
    back = range(int(count) - 1, -1, -1)
    if unit.startswith("week"):
        return tuple(dt.datetime(2025, 12, 29) - dt.timedelta(weeks=week) for week in back)
    months = [2025 * 12 + 11 - month for month in back]
    return tuple(dt.datetime(month // 12, month % 12 + 1, 1) for month in months)
