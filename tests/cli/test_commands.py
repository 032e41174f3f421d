"""The command line is a receptionist: every job has a command, every command helps, and machines are understood."""

from __future__ import annotations

import gc
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

import abm_ml.jobs
from abm_ml import cli, terminal
from abm_ml.jobs.explain import Explanation, explain
from tests.cli.command import Answer, call
from tests.jobs.company import LABELS, Served, tables_at_hand

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = typer.main.get_command(cli.app).commands
NO_JOBS = {  # what the jobs share
    "account_rows",
    "backtest_record",
    "canary",
    "card_parts",
    "champions",
    "changes",
    "drift",
    "experiment_history",
    "experiment_plan",
    "experiment_report",
    "experiment_store",
    "grades",
    "held_out",
    "learn",
    "model_config",
    "model_rows",
    "picture",
    "population",
    "progress",
    "register",
    "reliability",
    "scorer",
    "scoring",
    "serving",
    "stakes",
    "training_sets",
    "what_if",
    "workspace",
}
NAMED_OTHERWISE = {
    "reference": "catalogue",
    "report_kpis": "kpis",
    "disagreements": "kpis",
    "retrain": "train",
    "flat": "table",
}
OF_THE_PAGE = {"export", "serve", "user"}  # they read what jobs have published
ANSI = re.compile(r"\x1b\[")


def test_every_job_has_a_command() -> None:
    """A job that nobody can call is not there."""
    jobs = {path.stem for path in Path(abm_ml.jobs.__path__[0]).glob("*.py")} - {"__init__"} - NO_JOBS
    assert {NAMED_OTHERWISE.get(job, job) for job in jobs} == set(COMMANDS) - OF_THE_PAGE


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(name: str) -> None:
    """What a command does, and what each of its options means, is said by itself."""
    command = COMMANDS[name]
    assert command.help
    assert [option.name for option in command.params if not option.help] == []
    answer = call(name, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert command.help[:40] in " ".join(answer.out.split())


def test_every_result_can_be_shown() -> None:
    """Each job's result has a view, and each view a result."""
    results = set()
    for path in Path(abm_ml.jobs.__path__[0]).glob("*.py"):
        found = re.findall(
            r"^class (\w+Result|Explanation|Reference|Disagreements|Table(?:Trained|Scores|Promoted))\b",
            path.read_text(),
            re.MULTILINE,
        )
        results |= set(found)
    assert results == set(terminal.VIEWS)


def test_help_answers_at_once() -> None:
    """Half a second on a quiet machine; twice that where others work, too."""
    command = [sys.executable, "-m", "abm_ml.cli", "--help"]
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 1.0


def test_help_names_every_command_and_how_to_debug() -> None:
    """The first page says what there is."""
    answer = call("--help")
    assert (answer.code, [name for name in COMMANDS if name not in answer.out]) == (0, [])
    assert "--debug" in answer.out


def test_no_arguments_is_no_mistake() -> None:
    """Called without anything, the command shows its help."""
    answer = call()
    assert (answer.code, answer.err) == (0, "")
    assert "Usage" in answer.out


def test_commands_collect_garbage_seldom() -> None:
    """Commands set their own threshold of the garbage collector; whoever calls a job from Python keeps theirs."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        call("--help")
        assert gc.get_threshold() == cli.COLLECT_AFTER
    finally:
        gc.set_threshold(*before)


def test_unknown_command_or_option_is_a_usage_error() -> None:
    """Exit code 2 and one line, whatever the parser refuses."""
    for arguments in (("scor",), ("score", "--fast"), ("demo", "--top", "0"), ("promote", "win", "seven")):
        answer = call(*arguments)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("Error: ")
        assert answer.err.count("\n") == 1


def test_check_for_machines(company: Served) -> None:
    """The counts of every table: read = accepted + quarantined + merged."""
    answer = call("check", "--json", "-c", company.config)
    assert (answer.code, answer.err) == (0, "")
    tables = {each["table"]: each for each in answer.json["tables"]}
    assert {"accounts", "engagements", "opportunities"} <= set(tables)
    assert all(each["read"] == each["accepted"] + each["quarantined"] + each["merged"] for each in tables.values())


def test_score_for_machines(company: Served, at_hand: None) -> None:
    """What was published, and where."""
    answer = call("score", "--json", "-c", company.config)
    told = answer.json
    assert (told["run_id"], told["already_published"]) == (company.scored.run_id, True)
    assert told["models"] == {label: f"{label}/1" for label in LABELS}
    assert told["as_of"] == "2026-06-30T00:00:00"


@pytest.fixture(scope="module")
def explained(company: Served) -> tuple[Answer, Explanation]:
    """What the command says of the first account that was scored, and the result behind it."""
    found = []

    def remembered(*asked: Any, **how: Any) -> Explanation:
        found.append(explain(*asked, **how))
        return found[0]

    with tables_at_hand(company), pytest.MonkeyPatch.context() as patch:
        patch.setattr("abm_ml.jobs.explain.explain", remembered)
        account = company.run.scores()["account_id"][0].as_py()
        return call("explain", account, "--json", "-c", company.config), found[0]


def test_explain_for_machines(company: Served, explained: tuple[Answer, Explanation]) -> None:
    """One account in full, equal to what was published."""
    row, told = company.run.scores().to_pylist()[0], explained[0].json
    assert told["scores"][0]["probability"] == row["probability"]
    assert told["scores"][0]["as_published"] is True
    assert set(told["features"]) == set(company.run.features().column_names) - {"run_id", "account_id"}


def test_explain_for_people(
    company: Served, explained: tuple[Answer, Explanation], capsys: pytest.CaptureFixture[str]
) -> None:
    """The walk from events to words, ending with the comparison: the same figures."""
    row = company.run.scores().to_pylist()[0]
    terminal.show(explained[1], json=False)
    out = capsys.readouterr().out
    for words in (
        f"({row['account_id']})",
        "Known then: ",
        "The newest events",
        "KPIs: ",
        "where everybody starts",
        "the same",
    ):
        assert words in out
    assert f"{row['label']}: {row['probability']:.1%} (grade {row['grade']}" in out


def test_promote_for_machines(company: Served, at_hand: None) -> None:
    """The version that scores from now on, and the one before: here the same."""
    told = call("promote", "churn", "--json", "-c", company.config).json
    assert told["champion"]["version"] == told["before"]["version"] == 1


@pytest.mark.parametrize("kind", ["features", "kpis", "labels"])
def test_catalogue(kind: str) -> None:
    """The reference is printed from the records: as a table, as a page of Markdown, and for machines."""
    told = call("catalogue", kind, "--json").json
    names = [row[0] for row in told["rows"]]
    assert names
    assert all(len(row) == len(told["columns"]) for row in told["rows"])
    page = call("catalogue", kind, "--markdown").out
    assert [name for name in names if f"| `{name}` |" not in page] == []
    assert names[0] in call("catalogue", kind).out


def test_quiet_or_piped_nothing_moves(company: Served) -> None:
    """Without a terminal there is neither progress bar nor colour, quiet or not."""
    for extra in ((), ("--quiet",)):
        answer = call("check", *extra, "-c", company.config)
        assert (answer.code, answer.err) == (0, "")
        assert not ANSI.search(answer.out)


def seen(arguments: list[str]) -> str:
    """What a person sees who calls the command in a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    command = [sys.executable, "-m", "abm_ml.cli", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b"".join(_until_closed(ours))
    assert process.wait() == 0, shown.decode()
    return shown.decode()


def _until_closed(terminal_end: int) -> Iterator[bytes]:
    with os.fdopen(terminal_end, "rb", buffering=0) as reader:
        try:
            while block := reader.read(65_536):
                yield block
        except OSError:  # Linux says so when the other end is closed
            return


@pytest.mark.parametrize(("extra", "moves"), [([], True), (["--quiet"], False)])
def test_progress_in_a_terminal(company: Served, extra: list[str], moves: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A person sees how far a job is, unless it is to be quiet."""
    shown = seen(["check", "-c", str(company.config), *extra])
    assert ("Reading tables" in shown) == moves
    assert "accounts" in shown


@pytest.mark.parametrize(
    "command", [("train",), ("experiment", ROOT / "configs" / "experiment.yaml"), ("backtest",)], ids=lambda one: one[0]
)
def test_a_part_that_was_refused_ends_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...]
) -> None:
    """What was done is shown; what was refused is the command's message and exit code, so that a job notices."""
    config = tmp_path / "here.yaml"
    config.write_text(f"workspace: {tmp_path / 'ws'}\nsource: {{kind: synthetic, accounts: 10}}\n")
    result, shown = SimpleNamespace(refused={"win": "win has too few events."}), []
    monkeypatch.setattr(f"abm_ml.jobs.{command[0]}.{command[0]}", lambda *_arguments, **_options: result)
    monkeypatch.setattr(terminal, "show", lambda found, *, json: shown.append((found, json)))
    answer = call(*command, "-c", config)
    assert (answer.code, shown) == (4, [(result, False)])
    assert "win has too few events." in answer.err
