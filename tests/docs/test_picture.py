"""An explanation can be drawn, as docs/reasons.png was."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from abm_ml.jobs.explain import Explained, Explanation
from abm_ml.jobs.picture import draw

REASONS = (
    {"rank": 1, "feature": "meetings_90d", "points": 0.08, "text": "2 meetings in 90 days (+8.0 points)."},
    {"rank": 2, "feature": "bounce_90d", "points": -0.03, "text": "5 e-mails bounced (-3.0 points)."},
)


@pytest.fixture
def explained() -> Explanation:
    """An account that two labels ask about, with as much of an explanation as a picture needs."""
    facts = {field.name: None for field in dataclasses.fields(Explanation)}
    figures = {field.name: None for field in dataclasses.fields(Explained)}
    figures |= {"probability": 0.25, "base_probability": 0.2, "reasons": REASONS}
    scores = tuple(Explained(**{**figures, "label": label}) for label in ("progression", "win"))
    return Explanation(**{**facts, "name": "Acme", "as_of": dt.datetime(2026, 6, 30), "scores": scores})


def test_each_label_has_its_file(explained: Explanation, tmp_path: Path) -> None:
    """Of several scores each file bears its label; the same score gives the same bytes."""
    drawn = draw(explained, tmp_path / "new" / "why.png")
    assert [path.name for path in drawn] == ["why.progression.png", "why.win.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    again = draw(explained, tmp_path / "again.png")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in drawn]


def test_one_score_is_the_file(explained: Explanation, tmp_path: Path) -> None:
    """A single score goes to the file that was named."""
    one = dataclasses.replace(explained, scores=explained.scores[:1])
    assert draw(one, tmp_path / "why.png") == (tmp_path / "why.png",)
