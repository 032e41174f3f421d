"""What is shown is text: nothing in the data steers the terminal, and JSON is JSON."""

from __future__ import annotations

import datetime as dt
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from abm_ml import terminal
from abm_ml.jobs.check import CheckResult
from abm_ml.jobs.demo import TopAccount
from abm_ml.jobs.explain import Explained, Explanation
from abm_ml.jobs.reference import Reference
from abm_ml.terminal import views

HOSTILE = "[red]Ünï株式会社\u3000東京[/red] :smile: \x1b[31m\u202e\u009b2J\r\nError: no"


@dataclass(frozen=True)
class Record:
    """A result as jobs return them."""

    when: dt.datetime
    where: Path
    rate: float
    count: np.int64
    names: tuple[str, ...]


@pytest.mark.parametrize("text", ["Łódź Café", "株式会社\u3000東京", "a\u00a0b", "[red]", ":smile:", "🚀", "עברית"])
def test_letters_of_any_script_stay(text: str) -> None:
    """Names are shown as they are, spaces of other scripts included."""
    assert terminal.visible(text) == text


@pytest.mark.parametrize("sign", ["\x1b", "\r", "\n", "\t", "\x00", "\u009b", "\u202e", "\u2066", "\u200b", "\u2028"])
def test_what_steers_is_replaced(sign: str) -> None:
    """Escapes, line ends, and what turns the direction of text around are shown as one sign."""
    assert terminal.visible(f"a{sign}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_hostile_text_in_every_place(capsys: pytest.CaptureFixture[str]) -> None:
    """In a title, a cell and a line, markup and control characters have no effect."""
    terminal.show(Reference("T", ("name", HOSTILE.splitlines()[0][:5]), ((HOSTILE, HOSTILE),)), json=False)
    terminal.show(CheckResult((), (HOSTILE,), HOSTILE), json=False)
    out = capsys.readouterr().out
    assert "[red]Ünï株式会社\u3000東京[/red] :smile: " in out
    assert not set("\x1b\u202e\u009b\r") & set(out)
    assert not [line for line in out.splitlines() if line.startswith("Error")]


def test_complaint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that quotes the data is still one line that steers nothing."""
    terminal.complain(HOSTILE)
    err = capsys.readouterr().err
    assert err.startswith("Error: [red]")
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_lines_are_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe a sentence is one line, so that it can be searched."""
    terminal.show(CheckResult((), ("word " * 200,), ""), json=False)
    assert "word " * 200 in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Records become objects, dates ISO text, paths text, NaN null; in ASCII, for any pipe."""
    record = Record(dt.datetime(2026, 6, 30), Path("runs"), float("nan"), np.int64(3), (HOSTILE,))
    terminal.show(record, json=True)
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {
        "when": "2026-06-30T00:00:00", "where": "runs", "rate": None, "count": 3, "names": [HOSTILE],
    }  # fmt: skip


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), np.float64("nan")])
def test_json_knows_no_infinity(number: float) -> None:
    """What is no finite number is null."""
    assert terminal.plain({"x": number}) == {"x": None}


@pytest.mark.parametrize(
    ("enough", "words"), [(True, "D, between 5.0% and 85.0%,"), (False, "not enough data to say (")]
)
def test_too_wide_an_interval_is_said(capsys: pytest.CaptureFixture[str], enough: bool, words: str) -> None:  # noqa: FBT001 - a case of the test
    """Where the interval is wider than configured, explain says that there is not enough data to say."""
    score = Explained(
        label="win", model="win/1", probability=0.3, low=0.05, high=0.85, enough=enough, base_probability=0.2,
        grade="D", reasons=(), as_published=None,
    )  # fmt: skip
    terminal.show(
        Explanation(
            account_id="A1", name="Acme", as_of=dt.datetime(2026, 6, 30), events={}, last_events=(), kpis={},
            features={}, scores=(score,),
        ),
        json=False,
    )  # fmt: skip
    assert words in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("score", "level", "words"),
    [(1.2, "cold", "engagement 1 point, cold;"), (254.7, "red_hot", "engagement 255 points, red hot;")],
)
def test_engagement_is_told_in_words(score: float, level: str, words: str) -> None:
    """An account of the demo is told as people speak: one point, and no name of a constant."""
    console = Console(file=io.StringIO(), width=200)
    account = TopAccount(
        label="win", account_id="A1", name="Acme", probability=0.3, low=0.2, high=0.4, grade="A",
        engagement_score=score, engagement_level=level, penetration_rate=0.5, reasons=(),
    )  # fmt: skip
    views._top_account(account, console)
    assert words in console.file.getvalue()
