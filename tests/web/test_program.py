"""The program page: the right period, goals first, and no noise sold as news."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from abm_ml.web.program import Period, Program, program_of
from tests.web import made_up


@pytest.fixture(scope="module")
def program() -> Program:
    """The program of the made-up report."""
    return program_of(made_up.program(), made_up.definitions(), stages=made_up.RUN.funnel, currency="EUR")


def test_the_last_period_that_is_as_good_as_over_is_shown(program: Program) -> None:
    """On the last day of a quarter that quarter is shown, against the one before."""
    assert program.period is not None
    assert program.earlier is not None
    assert (program.period.label, program.earlier.label) == ("2026 Q2", "2026 Q1")


def test_a_period_that_has_just_begun_is_not_shown() -> None:
    """Five days of a quarter are no quarter."""
    rows = [row for row in made_up.program() if row.period_from and row.period_from < dt.date(2026, 4, 1)]
    begun = replace(rows[0], period_from=dt.date(2026, 4, 1), period_to=dt.date(2026, 4, 6))
    found = program_of([*rows, begun], made_up.definitions(), stages=(), currency="EUR")
    assert found.period is not None
    assert found.period.label == "2026 Q1"


def test_other_periods_are_named_by_their_days() -> None:
    """A span that is no quarter says from when to when."""
    assert Period(dt.date(2025, 2, 1), dt.date(2026, 2, 1)).label == "1 Feb 2025 to 31 Jan 2026"


def test_missed_goals_come_first(program: Program) -> None:
    """Of the period's goals the missed ones lead."""
    assert [(goal.title, goal.whom, goal.row.met) for goal in program.goals] == [
        ("Win rate", "All accounts", False),
        ("Churn rate", "All accounts", True),
        ("Win rate", "In the program", True),
    ]
    assert program.goals_met == 2


def test_a_change_within_the_interval_is_no_news(program: Program) -> None:
    """The win rate moved less than its interval; the churn rate fell, which is better."""
    moods = {line.definition.name: (line.change, line.mood) for lines in program.families.values() for line in lines}
    assert moods == {"win_rate": ("▲ 2 pp", "level"), "churn_rate": ("▼ 1 pp", "better")}


def test_the_stage_with_the_lowest_share_is_marked(program: Program) -> None:
    """Accounts get stuck where the fewest go on; the last stage leads nowhere and is left out."""
    assert [(stage.name, stage.went, stage.is_stuck) for stage in program.funnel] == [
        ("awareness", 80, False),
        ("consideration", 40, False),
        ("evaluation", 20, True),
    ]


def test_what_is_missing_says_why(program: Program) -> None:
    """A KPI without values is named with what it lacks."""
    assert [(each.title, each.why) for each in program.missing] == [("NPS", "no surveys")]


def test_an_empty_report_has_no_period() -> None:
    """A run without a report still has a page."""
    found = program_of([], made_up.definitions(), stages=(), currency="EUR")
    assert (found.period, found.goals, found.families) == (None, (), {})
