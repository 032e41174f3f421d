"""What an account's page shows, made ready: a panel per score, the buying group as a grid, the timeline by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from markupsafe import Markup

from abm_ml.publishing.feedback import Feedback
from abm_ml.web import formats
from abm_ml.web.pictures.lines import Mark, shares_over_time
from abm_ml.web.pictures.waterfall import Waterfall, of_changes, of_reasons
from abm_ml.web.program_records import ModelShown
from abm_ml.web.records import AccountPage, Event, GroupCell, HistoryPoint, ListRow, ScoreRow, WhatIf
from abm_ml.web.texts import said, texts

ORDER = ("win", "progression", "churn")
FIRST_KPIS = ("penetration_rate", "buying_group_coverage", "win_rate", "engagement_growth", "nps", "churn_rate")
MOST_HAPPENINGS = 60
SENIORITIES = ("c_level", "vp", "director", "manager", "staff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario of one score; `moves` in tenths of a point, None where nothing is said."""

    told: WhatIf
    moves: int | None

    @property
    def way(self) -> str:
        """Where it moves the probability: up, down or level."""
        return formats.way(self.moves or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """All that is told of one score; `before` is the probability in the run before, in tenths of a point, or None."""

    score: ScoreRow
    model: ModelShown | None
    reasons: Waterfall
    before: int | None
    changes: Waterfall | None
    scenarios: tuple[Scenario, ...]
    history: tuple[HistoryPoint, ...]
    picture: Markup | None

    @property
    def moved(self) -> int | None:
        """The change since the run before, as the two shown numbers give it."""
        return None if self.before is None else formats.tenths(self.score.probability) - self.before

    @property
    def mood(self) -> str:
        """Whether the change is good news: better, worse or level."""
        if not self.moved:
            return "level"
        wanted = self.model is None or self.model.wanted
        return "better" if (self.moved > 0) == wanted else "worse"


@dataclass(frozen=True, slots=True)
class Mover:
    """The score of an account that changed most, by how many tenths of a point, and by what most of all."""

    label: str
    moves: int
    by: str | None

    @property
    def way(self) -> str:
        """Where it went: up, down or level."""
        return formats.way(self.moves)


@dataclass(frozen=True, slots=True)
class Grid:
    """The buying group: `cells` by role and seniority; only roles and seniorities that occur."""

    roles: tuple[str, ...]
    seniorities: tuple[str, ...]
    cells: Mapping[tuple[str, str], GroupCell]


@dataclass(frozen=True, slots=True)
class Happening:
    """Events of one day that are alike: the first of them, and how many."""

    event: Event
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody said of a score; `probability` is the score as it was shown, `estimate` their own."""

    day: dt.date
    user: str
    label: str
    probability: float
    verdict: str
    because: str | None
    estimate: float | None


def account_context(page: AccountPage, models: Iterable[ModelShown]) -> dict[str, Any]:
    """What the template of an account needs of it."""
    first = [kpi for kpi in page.kpis if kpi.goal is not None or kpi.name in FIRST_KPIS]
    return {
        "account": page,
        "panels": panels_of(page, models),
        "grid": grid_of(page.buying_group),
        "happenings": happenings(page.timeline),
        "first_kpis": first,
        "other_kpis": [kpi for kpi in page.kpis if kpi not in first],
    }


def notes_of(feedback: Iterable[Feedback]) -> tuple[Note, ...]:
    """What was said of an account, as it is shown."""
    return tuple(
        Note(
            day=dt.date.fromisoformat(each.at[:10]),
            **{
                name: getattr(each, name) for name in ("user", "label", "probability", "verdict", "because", "estimate")
            },
        )
        for each in feedback
    )


def mover_of(row: ListRow) -> Mover | None:
    """The score of an account that changed most since the run before; None where there is none to compare with."""
    known = [
        Mover(score.label, moves, score.moved_by)
        for score in row.scores.values()
        if (moves := formats.change_in_tenths(score.probability, score.change)) is not None
    ]
    return max(known, key=lambda mover: abs(mover.moves), default=None)


def panels_of(page: AccountPage, models: Iterable[ModelShown]) -> tuple[Panel, ...]:
    """A panel per score of the account, in the order in which sellers ask."""
    by_label = {model.label: model for model in models}
    scores = sorted(page.scores, key=lambda score: ORDER.index(score.label) if score.label in ORDER else len(ORDER))
    return tuple(_panel(page, score, by_label.get(score.label)) for score in scores)


def grid_of(cells: Iterable[GroupCell]) -> Grid:
    """The people known at an account: roles by how many are known, seniorities from the top."""
    found = {(cell.role, cell.seniority): cell for cell in cells if cell.known}
    known: dict[str, int] = {}
    for (role, _), cell in found.items():
        known[role] = known.get(role, 0) + cell.known
    ranks = {name: place for place, name in enumerate(SENIORITIES)}
    seniorities = sorted({name for _, name in found}, key=lambda name: (ranks.get(name, len(ranks)), name))
    roles = sorted(known, key=lambda role: (role == "", -known[role], role))
    return Grid(tuple(roles), tuple(seniorities), found)


def happenings(events: Iterable[Event]) -> tuple[Happening, ...]:
    """The newest events in their order; those of one day that are alike in one line."""
    alike: dict[tuple[object, ...], list[Event]] = {}
    for event in events:
        alike.setdefault(_likeness(event), []).append(event)
    return tuple(Happening(same[0], len(same)) for same in islice(alike.values(), MOST_HAPPENINGS))


def _likeness(event: Event) -> tuple[object, ...]:
    who = (event.role, event.seniority)
    return event.happened_at.date(), event.kind, event.channel, event.side, event.detail, event.amount, who


def _panel(page: AccountPage, score: ScoreRow, model: ModelShown | None) -> Panel:
    before = None if score.change is None else score.probability - score.change
    parts = [(part.text, part.points) for part in page.changes.get(score.label, ())]
    history = tuple(sorted(page.history.get(score.label, ()), key=lambda point: point.as_of))
    return Panel(
        score=score,
        model=model,
        reasons=of_reasons(score.base_probability, score.probability, page.reasons.get(score.label, ())),
        before=None if before is None else formats.tenths(before),
        changes=of_changes(before, score.probability, parts) if before is not None and parts else None,
        scenarios=tuple(_scenario(each) for each in page.what_if if each.label == score.label),
        history=history,
        picture=_history_picture(score, history) if len(history) > 1 else None,
    )


def _scenario(told: WhatIf) -> Scenario:
    if told.with_ is None or not told.inside:
        return Scenario(told=told, moves=None)
    return Scenario(told=told, moves=formats.tenths(told.with_) - formats.tenths(told.without))


def _history_picture(score: ScoreRow, history: Sequence[HistoryPoint]) -> Markup:
    first, last = history[0], history[-1]
    title = texts()["account"]["history_picture"].format(
        label=said("labels", score.label),
        first=formats.percent(first.probability),
        first_day=formats.day(first.as_of),
        last=formats.percent(last.probability),
        last_day=formats.day(last.as_of),
        count=len(history),
    )
    marks = [_mark(point, before) for point, before in zip(history, [None, *history], strict=False)]
    return shares_over_time(marks, written=formats.about, title=title)


def _mark(point: HistoryPoint, before: HistoryPoint | None) -> Mark:
    told = (
        f"{formats.day(point.as_of)}: {formats.percent(point.probability)} ({formats.interval(point.low, point.high)})"
    )
    other = before is not None and before.model != point.model
    label = f"{told}, {point.model}" if other else told
    return Mark(
        point.as_of.toordinal(),
        point.probability,
        point.low,
        point.high,
        label,
        formats.short_day(point.as_of),
        hollow=other,
    )
