"""The periods of a report's rows: what they are called, which one is not over, which one is the latest to go by."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from abm_ml.wording import NOTHING

# A period that has come so far is compared with whole ones.
_NEARLY = 0.95
_TICKS = 9


@dataclass(frozen=True)
class Span:
    """One period of a report; `done` is the share of it that had passed (1: it is over)."""

    begin: pd.Timestamp
    end: pd.Timestamp
    label: str
    done: float

    @property
    def over(self) -> bool:
        """Whether the whole period had passed."""
        return self.done >= 1

    @property
    def told(self) -> str:
        """The period in words, with its last day where it is not over."""
        return self.label if self.over else f"{self.label} (not over: up to {_day(_last_day(self.end))})"


def spans_of(rows: pd.DataFrame) -> tuple[Span, ...]:
    """The periods of a report in their order; the last one may not be over."""
    known = rows[["period_from", "period_to"]].dropna().drop_duplicates().sort_values("period_from")
    pairs = [(pd.Timestamp(begin), pd.Timestamp(end)) for begin, end in known.itertuples(index=False)]
    months = _months(pairs)
    return tuple(_span(begin, end, months) for begin, end in pairs)


def current(spans: Sequence[Span]) -> Span | None:
    """The last period that is over, or as good as over; the only one where there is no other."""
    ready = [span for span in spans if span.done >= _NEARLY]
    return ready[-1] if ready else spans[-1] if spans else None


def before(span: Span | None, spans: Sequence[Span]) -> Span | None:
    """The period right before another one."""
    earlier = [each for each in spans if span and each.end <= span.begin]
    return earlier[-1] if earlier else None


def ticks(spans: Sequence[Span]) -> dict[str, list[str]]:
    """Labels of an axis of periods: few enough to stand side by side, the year where it begins."""
    step = -(-len(spans) // _TICKS) or 1
    shown = [span for place, span in enumerate(spans) if (len(spans) - 1 - place) % step == 0]
    texts, year = [], None
    for span in shown:
        short = span.label.replace(str(span.begin.year), "").strip()
        second = str(span.begin.year) if short and span.begin.year != year else ""
        # On a line of its own: beside the year of the tick before there is no room on a phone.
        lines = [short or span.label, second, *([] if span.over else ["so far"])]
        texts.append("<br>".join(line or " " for line in lines).removesuffix("<br> "))
        year = span.begin.year
    return {"tickvals": [span.label for span in shown], "ticktext": texts}


def date_in_words(when: dt.datetime) -> str:
    """A date as it is written in a letter: 30 June 2026."""
    return f"{when.day} {when:%B %Y}"


def _months(pairs: Sequence[tuple[pd.Timestamp, pd.Timestamp]]) -> int:
    """How many months a whole period has; 0 where periods are no calendar months, quarters or years."""
    if any(begin.day != 1 for begin, _ in pairs):
        return 0
    begins = [begin.year * 12 + begin.month for begin, _ in pairs]
    steps = [later - earlier for earlier, later in itertools.pairwise(begins)]
    if not steps:
        steps = [(end.year - begin.year) * 12 + end.month - begin.month + (end.day > 1) for begin, end in pairs]
    return min(steps) if steps and min(steps) in (1, 3, 12) else 0


def _span(begin: pd.Timestamp, end: pd.Timestamp, months: int) -> Span:
    if not months:
        last = _last_day(end)
        year = f" {begin.year}" if begin.year != last.year else ""
        return Span(begin, end, f"{_day(begin)}{year} to {_day(last)} {last.year}", 1.0)
    whole = begin + pd.DateOffset(months=months)
    label = {1: f"{begin:%b} {begin.year}", 3: f"{begin.year} Q{(begin.month + 2) // 3}", 12: str(begin.year)}[months]
    return Span(begin, end, label, min(1.0, (end - begin) / (whole - begin)))


def _last_day(end: pd.Timestamp) -> pd.Timestamp:
    return end - pd.Timedelta(microseconds=1)


def _day(when: pd.Timestamp) -> str:
    return f"{when.day} {when:%b}" if when is not pd.NaT else NOTHING
