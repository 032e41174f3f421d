"""Whether what the pages show of every account of a run adds up to the numbers that they show."""

from __future__ import annotations

from collections.abc import Iterator

from abm_ml.web.formats import tenths
from abm_ml.web.panels import Panel, panels_of
from abm_ml.web.pictures.waterfall import Waterfall
from abm_ml.web.records import MOST_ROWS, AccountPage, ListQuery, Viewer
from abm_ml.web.store import Store

EVERYBODY = Viewer(name="test", role="manager")
A_TENTH = 1.5  # rounding and the remainder that it leaves: no part may stand further from its own value


def accounts_of(store: Store) -> Iterator[AccountPage]:
    """Every account of a run."""
    pages = -(-store.accounts(EVERYBODY, ListQuery()).total // MOST_ROWS)
    for number in range(1, pages + 1):
        for row in store.accounts(EVERYBODY, ListQuery(page=number, size=MOST_ROWS)).rows:
            yield store.account(EVERYBODY, row.account_id)


def not_adding_up(store: Store) -> list[str]:
    """What does not add up, by account, label and part of the page; nothing, as it should be."""
    return [
        f"{page.facts.account_id} {panel.score.label}: {fault}"
        for page in accounts_of(store)
        for panel in panels_of(page, store.models)
        for fault in _faults(page, panel)
    ]


def _faults(page: AccountPage, panel: Panel) -> Iterator[str]:
    score, shown = panel.score, tenths(panel.score.probability)
    points = [reason.points for reason in page.reasons[score.label]]
    if abs(score.base_probability + sum(points) - score.probability) > 1e-9:
        yield "the reasons"
    if not _leads(panel.reasons, tenths(score.base_probability), shown) or _strays(panel.reasons, points):
        yield "the waterfall"
    if panel.changes is not None and panel.before is not None:
        parts = [part.points for part in page.changes[score.label]]
        if abs(sum(parts) - (score.change or 0.0)) > 1e-9:
            yield "the parts of the change"
        if not _leads(panel.changes, panel.before, shown) or _strays(panel.changes, parts):
            yield "the picture of the change"
    if panel.history and tenths(panel.history[-1].probability) != shown:
        yield "the history"
    if any(tenths(scenario.told.without) != shown for scenario in panel.scenarios):
        yield "the scenarios"


def _leads(fall: Waterfall, start: int, end: int) -> bool:
    """Whether its steps lead from the one shown number to the other, each from where the last one ended."""
    stands = [fall.start, *(step.end for step in fall.steps)]
    return [step.start for step in fall.steps] == stands[:-1] and (fall.start, fall.end, stands[-1]) == (
        start,
        end,
        end,
    )


def _strays(fall: Waterfall, points: list[float]) -> bool:
    """Whether a shown step is not the rounded value of any part."""
    moves, exact = sorted(step.moves for step in fall.steps), sorted(1000 * value for value in points)
    return any(abs(move - value) > A_TENTH for move, value in zip(moves, exact, strict=True))
