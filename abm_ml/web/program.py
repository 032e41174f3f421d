"""The program page made ready: goals, the first numbers, the funnel, and every KPI with its course, by family."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from abm_ml.web import formats
from abm_ml.web.pictures.lines import trend
from abm_ml.web.program_records import KpiDefinition, ProgramKpi
from abm_ml.wording import cut_in_words, format_interval, format_short

ALL, INSIDE, OUTSIDE = "all", "program=in", "program=out"
CUTS = (ALL, INSIDE, OUTSIDE)
_FIRST = (
    "win_rate", "pipeline_velocity", "roi", "penetration_rate", "engaged_account_rate", "engagement_score",
    "average_deal_size", "sales_cycle_length", "retention_rate", "influenced_pipeline", "cac", "nps",
)  # fmt: skip
_NEARLY = 0.95  # a period that has come so far is compared with whole ones
_LEAST = 0.01

Rows = Mapping[tuple[str, str], Mapping[dt.date, ProgramKpi]]


@dataclass(frozen=True, slots=True)
class Period:
    """A period of the report."""

    begin: dt.date
    end: dt.date

    @property
    def label(self) -> str:
        """A quarter by its name, any other period by its days."""
        last = self.end - dt.timedelta(days=1)
        if self.begin.day == 1 and self.begin.month % 3 == 1 and (last.year, last.month) <= self._third_month:
            return f"{self.begin.year} Q{(self.begin.month + 2) // 3}"
        return f"{formats.short_day(self.begin)} to {formats.short_day(last)}"

    @property
    def is_over(self) -> bool:
        """Whether it is over, or as good as over."""
        return (self.end - self.begin).days >= _NEARLY * 90

    @property
    def _third_month(self) -> tuple[int, int]:
        return self.begin.year, self.begin.month + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A KPI: its latest value, how it changed (`mood`: better, worse or level), and its course over the periods."""

    definition: KpiDefinition
    row: ProgramKpi
    value: str
    interval: str
    change: str
    mood: str
    course: Markup
    inside: ProgramKpi | None
    outside: ProgramKpi | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal with the value that is held against it."""

    title: str
    whom: str
    row: ProgramKpi


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of the funnel: how many accounts were in it, and how many went on."""

    name: str
    share: float
    went: int
    count: int
    is_stuck: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """All that the page shows."""

    period: Period | None
    earlier: Period | None
    goals: tuple[Goal, ...]
    first: tuple[Line, ...]
    funnel: tuple[Stage, ...]
    families: Mapping[str, tuple[Line, ...]]
    missing: tuple[KpiDefinition, ...]

    @property
    def goals_met(self) -> int:
        """How many goals are met."""
        return sum(goal.row.met is True for goal in self.goals)


def program_of(
    rows: Iterable[ProgramKpi], definitions: Sequence[KpiDefinition], *, stages: Sequence[str], currency: str
) -> Program:
    """The program page of a KPI report; `stages` is the order of the funnel."""
    found = [row for row in rows if row.period_from is not None and row.period_to is not None]
    periods = sorted({(row.period_from, row.period_to) for row in found if row.period_from and row.period_to})
    known = [Period(begin, end) for begin, end in periods]
    over = [place for place, period in enumerate(known) if period.is_over] or list(range(len(known)))[-1:]
    now = known[over[-1]] if over else None
    earlier = known[over[-1] - 1] if over and over[-1] > 0 else None
    shown = known[: over[-1] + 1] if over else []
    wholes = _wholes(found)
    lines = [
        line for each in definitions if now is not None and (line := _line(each, wholes, shown, currency)) is not None
    ]
    by_name = {line.definition.name: line for line in lines}
    titles = {each.name: each.title for each in definitions}
    return Program(
        period=now,
        earlier=earlier,
        goals=_goals(found, now, titles) if now else (),
        first=tuple(by_name[name] for name in _FIRST if name in by_name),
        funnel=_funnel(found, now, stages) if now else (),
        families={
            family: tuple(line for line in lines if line.definition.family == family)
            for family in dict.fromkeys(line.definition.family for line in lines)
        },
        missing=tuple(each for each in definitions if each.why),
    )


def _wholes(rows: Iterable[ProgramKpi]) -> Rows:
    """Each KPI's own value by name and cut, and by the begin of its period."""
    found: dict[tuple[str, str], dict[dt.date, ProgramKpi]] = {}
    for row in rows:
        if row.measure == "value" and row.part is None and row.value is not None and row.period_from is not None:
            found.setdefault((row.name, row.cut), {})[row.period_from] = row
    return found


def _line(definition: KpiDefinition, rows: Rows, periods: Sequence[Period], currency: str) -> Line | None:
    values = rows.get((definition.name, ALL), {})
    now, before = values.get(periods[-1].begin), values.get(periods[-2].begin) if len(periods) > 1 else None
    if now is None:
        return None
    change, mood = _change(now, before, currency)
    return Line(
        definition=definition,
        row=now,
        value=format_short(now.value, now.unit, currency),
        interval=format_interval(now.low, now.high, now.unit, currency).strip("()"),
        change=change,
        mood=mood,
        course=trend([row.value if (row := values.get(period.begin)) else None for period in periods]),
        inside=rows.get((definition.name, INSIDE), {}).get(periods[-1].begin),
        outside=rows.get((definition.name, OUTSIDE), {}).get(periods[-1].begin),
    )


def _change(now: ProgramKpi, before: ProgramKpi | None, currency: str) -> tuple[str, str]:
    """By how much a KPI changed, and whether that is better or worse; level where it may be noise."""
    if before is None or now.value is None or before.value is None:
        return "", "level"
    gap = now.value - before.value
    if now.unit in ("share", "percentage points"):
        size = format_short(abs(gap), "percentage points", "")
    elif now.unit in ("points", "index", "level", "ratio") or before.value <= 0:
        size = format_short(abs(gap), now.unit, currency)
    else:
        size = format_short(abs(gap) / before.value, "share", "")
    inside = now.low is not None and now.high is not None and now.low <= before.value <= now.high
    if inside or abs(gap) < _LEAST * abs(before.value):
        return (f"{'▲' if gap > 0 else '▼'} {size}" if gap else ""), "level"
    return f"{'▲' if gap > 0 else '▼'} {size}", "better" if (gap > 0) == (now.better == "higher") else "worse"


def _goals(rows: Iterable[ProgramKpi], now: Period, titles: Mapping[str, str]) -> tuple[Goal, ...]:
    """The goals of the period, missed ones first."""
    mine = [row for row in rows if row.goal is not None and row.period_from == now.begin]
    ordered = sorted(mine, key=lambda row: ({False: 0, None: 1, True: 2}[row.met], row.name, row.cut))
    return tuple(Goal(title=titles.get(row.name, row.name), whom=cut_in_words(row.cut), row=row) for row in ordered)


def _funnel(rows: Iterable[ProgramKpi], now: Period, stages: Sequence[str]) -> tuple[Stage, ...]:
    """The stages that accounts can leave, in their order; the one with the lowest share is where they get stuck."""
    shares = {
        row.part: row
        for row in rows
        if row.name == "progression_rate" and row.measure == "value" and row.cut == ALL and row.period_from == now.begin
    }
    known = [(name, row.value, row.of) for name in stages if (row := shares.get(name))]
    counted = [(name, share, of) for name, share, of in known if share is not None and of]
    lowest = min((share for _, share, _ in counted), default=None)
    return tuple(
        Stage(name=name, share=share, went=round(share * of), count=round(of), is_stuck=share == lowest)
        for name, share, of in counted
    )
