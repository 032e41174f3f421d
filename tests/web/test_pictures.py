"""Pictures: what they show is what is said beside them, and they stay in their frame."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from abm_ml.web.formats import tenths
from abm_ml.web.pictures import bars
from abm_ml.web.pictures.lines import Mark, shares_over_time, steps_up_to, trend
from abm_ml.web.pictures.reliability import Bin, reliability
from abm_ml.web.pictures.waterfall import CHANGEABLE, GIVEN, REST, Waterfall, of_changes, of_reasons, without_effect
from tests.web import made_up


def edges(fall: Waterfall) -> list[tuple[int, int]]:
    """From where to where each step goes."""
    return [(step.start, step.end) for step in fall.steps]


def test_a_waterfall_adds_up() -> None:
    """Each step begins where the one before ended, from the shown base to the shown probability."""
    fall = of_reasons(0.184, 0.4445, made_up.reasons(0.4445 - 0.184))
    assert fall.start == 184
    assert fall.end == tenths(0.4445)
    assert [start for start, _ in edges(fall)] == [fall.start, *(end for _, end in edges(fall))][:-1]
    assert edges(fall)[-1][1] == fall.end
    assert sum(fall.sum_of(kind) for kind in (CHANGEABLE, GIVEN, REST)) == fall.end - fall.start


def test_reasons_are_parted_by_who_can_change_them() -> None:
    """First what a seller can change, then what cannot be changed, then the rest; what raises comes first."""
    fall = of_reasons(0.184, 0.4445, made_up.reasons(0.4445 - 0.184))
    assert [step.kind for step in fall.steps] == [CHANGEABLE] * 3 + [GIVEN] * 3 + [REST]
    assert [step.way for step in fall.of(CHANGEABLE)] == ["up", "up", "down"]
    assert fall.of(CHANGEABLE)[0].text == "2 meetings in the last 30 days; typical is 0"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=4), st.floats(0.0, 1.0))
def test_parts_of_a_change_add_up(points: list[float], before: float) -> None:
    """The shown parts lead from the shown probability before to the one now."""
    now = before + sum(points)
    fall = of_changes(before, now, [("part", each) for each in points])
    assert fall.start + sum(step.moves for step in fall.steps) == fall.end == tenths(now)


def test_only_the_effect_leaves_a_sentence() -> None:
    """Brackets within a sentence stay."""
    assert without_effect("Days (in 90 days) (under 0.1 points up).") == "Days (in 90 days)"
    assert without_effect("Tier 3 (own)") == "Tier 3 (own)"


def test_marks_stay_in_the_frame() -> None:
    """What lies beyond the ends of a scale stands at its edge."""
    picture = bars.interval(-0.5, 2.0, 3.0, cuts=(0.5,))
    places = [float(x) + float(wide) for x, wide in re.findall(r'x="([-.\d]+)" y="\d+" width="([.\d]+)"', picture)]
    assert max(places) <= 1000.5
    assert 'x="-4' in bars.interval(0.0, 0.0, 0.0)  # a mark at the very edge is half a mark


def test_texts_in_pictures_are_escaped() -> None:
    """A name in a picture is text there, too."""
    marks = [Mark(day, 0.2, 0.1, 0.3, "<script>", "<b>") for day in range(3)]
    picture = shares_over_time(marks, written=str, title='"><script>')
    assert "<script" not in picture
    assert "<b>" not in picture


def test_round_lines_reach_the_top() -> None:
    """The lines of a chart are round shares, and the last is not below the highest value."""
    assert steps_up_to(0.33) == (0.1, 0.4)
    assert steps_up_to(1.0) == (0.25, 1.0)


def test_one_mark_stands_in_the_middle() -> None:
    """A single date has no line, and an interval of its own."""
    picture = shares_over_time([Mark(1, 0.2, 0.1, 0.3, "x", "1 Jan")], written=str, title="t")
    assert 'cx="226.0"' in picture
    assert "whisker" in picture


def test_trends_need_three_values() -> None:
    """Two values are no course; gaps are left out."""
    assert trend([1.0, None, 2.0]) == ""
    assert trend([1.0, None, 2.0, 2.0]).count(",") == 3


def test_reliability_draws_every_bin() -> None:
    """A dot per bin, each with its count."""
    bins = [Bin(0.1, 0.12, 0.05, 0.2, 1280), Bin(0.4, 0.3, 0.2, 0.4, 90)]
    picture = reliability(bins, title="t", across="said", up="happened")
    assert picture.count('class="dot"') == 2
    assert "n = 1,280" in picture
