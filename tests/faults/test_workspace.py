"""What goes wrong in a workspace: a damaged model or run, a lock, no place to write, a wrong configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from abm_ml.publishing.storage import lock_workspace
from tests.cli.command import Answer, call
from tests.jobs.company import Served, fingerprints, replaced, settings_of, tables_at_hand, written

Change = Callable[[bytes], bytes | None]
LATER = ("score", "--as-of", "2026-06-01", "-c")


@pytest.fixture(scope="module", autouse=True)
def hidden(company: Served) -> Iterator[set[str]]:
    """The hidden files before all these failures; other tests of the session may have the workspace open."""
    with tables_at_hand(company):
        yield _hidden(company)


def _hidden(company: Served) -> set[str]:
    return {path.name for path in company.folder.iterdir() if path.name.startswith(".")}


@pytest.fixture(autouse=True)
def untouched(company: Served) -> Iterator[None]:
    """Whatever fails, the pointer and every file of the published run are the same afterwards."""
    before = fingerprints(company.folder / "runs")
    yield
    assert fingerprints(company.folder / "runs") == before


def assert_refused(answer: Answer, code: int, *words: str) -> None:
    """The command ended with this code and one line that holds these words."""
    assert (answer.code, answer.out) == (code, ""), answer.err
    assert answer.err.startswith("Error: ")
    assert answer.err.count("\n") == 1
    assert [word for word in words if word not in answer.err] == []


def other_leaf(content: bytes) -> bytes:
    """A model in which one digit of one leaf differs: as long as before, and LightGBM would load it."""
    start = content.index(b"leaf_value=") + len(b"leaf_value=")
    place = next(at for at in range(start, len(content)) if content[at : at + 1].isdigit())
    return content[:place] + (b"1" if content[place : place + 1] != b"1" else b"2") + content[place + 1 :]


DAMAGES: dict[str, tuple[str, Change]] = {
    "half of it": ("booster.txt", lambda content: content[: len(content) // 2]),
    "nothing of it": ("booster.txt", lambda content: b""),
    "one digit": ("booster.txt", other_leaf),
    "gone": ("calibrator.json", lambda content: None),
    "another manifest": ("manifest.json", lambda content: content.replace(b"booster", b"boaster")),
    "another feature": ("features.json", lambda content: content.replace(b"engage", b"engaqe", 1)),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_model(company: Served, name: str) -> None:
    """No byte of a model may differ; LightGBM, which would crash or lie, never sees one that does."""
    file, change = DAMAGES[name]
    with replaced(company.model_file("win", file), change):
        assert_refused(call(*LATER, company.config), 6, "Model win/1")


def test_damaged_run(company: Served) -> None:
    """A published file that is not what was written is neither explained nor served again; --force heals it."""
    file = company.run.folder / "scores.parquet"
    account = company.run.scores()["account_id"][0].as_py()
    with replaced(file, lambda content: content[:99] + bytes([content[99] ^ 1]) + content[100:]):
        for command in (("score",), ("explain", account)):
            assert_refused(call(*command, "-c", company.config), 6, "scores.parquet", "abm-ml score --force")
        assert call("score", "--force", "-c", company.config).code == 0
        assert company.run.scores().num_rows == sum(company.scored.scored.values())


def test_damaged_pointer(company: Served) -> None:
    """A pointer that points nowhere is no published run."""
    account = company.run.scores()["account_id"][0].as_py()
    with replaced(company.folder / "runs" / "current.json", lambda content: content[:9]):
        assert_refused(call("explain", account, "-c", company.config), 6, "current.json")


def test_lock(company: Served) -> None:
    """One job at a time publishes; the other one is told who does."""
    with lock_workspace(company.folder):
        assert_refused(call(*LATER, company.config), 7, str(company.folder), str(os.getpid()))


def test_no_place_to_write(company: Served, tmp_path: Path) -> None:
    """A workspace that cannot be a folder is an error of the disk, found before anything is computed."""
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert_refused(call("check", "-c", company.config, "-w", place), 8, str(place))


def test_no_champion(company: Served, tmp_path: Path) -> None:
    """Without a model there is nothing to score with; the message says what to run."""
    fresh = {**settings_of(tmp_path / "fresh"), "source": {"kind": "folder", "path": str(company.tables)}}
    assert_refused(
        call("score", "-c", written(tmp_path / "c.yaml", fresh)), 5, "progression", "abm-ml train progression"
    )


def test_no_server(company: Served, tmp_path: Path) -> None:
    """A model server that is down is named at once."""
    config = written(tmp_path / "c.yaml", {**settings_of(company.folder), "tracking": {"url": "http://127.0.0.1:9"}})
    assert_refused(call("score", "-c", config), 5, "MLflow", "http://127.0.0.1:9")


def test_no_such_account(company: Served) -> None:
    """A slip of the pen is answered with the nearest id."""
    assert_refused(
        call("explain", "A00O001", "-c", company.config), 2, "No account has the id 'A00O001'", "Did you mean 'A0"
    )


WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "unknown key": ({"funel": ["a", "b"]}, ("'funel'", "'funnel'", "line")),
    "unknown label": ({"labels": {"won": {"horizon_days": 90}}}, ("won",)),
    "unknown KPI": ({"goals": {"penetration_rte": {"tier=1": 0.6}}}, ("'penetration_rte'", "'penetration_rate'")),
    "unknown class of a channel": ({"engagement": {"channels": {"fax": "phisical"}}}, ("channels.fax", "'physical'")),
    "unknown source": ({"source": {"kind": "sales"}}, ("source",)),
    "wrong type": ({"engine": {"threads": "many"}}, ("engine.threads",)),
    "secret": ({"source": {"kind": "database", "password": "x"}}, ("password",)),
    "time of day": ({"as_of": "2026-06-30T12:00:00"}, ("as_of", "2026-06-30T12:00:00")),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_configuration(company: Served, tmp_path: Path, name: str) -> None:
    """A wrong configuration is refused with file and key."""
    settings, words = WRONG[name]
    config = written(tmp_path / "wrong.yaml", {**settings_of(company.folder), **settings})
    assert_refused(call("score", "-c", config), 2, *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("score", "--as-of", "30.06.2026"), ("--as-of", "30.06.2026", "2026-06-30")),
        (("score", "--label", "wins"), ("'wins'", "'win'")),
        (("train", "looses"), ("looses",)),
        (("promote", "chrun"), ("chrun", "'churn'")),
        (("catalogue", "feature"), ("'feature'", "'features'")),
    ],
)
def test_wrong_call(company: Served, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    """What a command is asked wrongly is answered in one line, with the nearest that is right."""
    config = () if arguments[0] == "catalogue" else ("-c", company.config)
    assert_refused(call(*arguments, *config), 2, *words)


def test_no_configuration() -> None:
    """A configuration that is not there is named."""
    assert_refused(call("check", "-c", "nowhere.yaml"), 2, "nowhere.yaml")


def test_promoting_a_version_that_is_not_there(company: Served) -> None:
    """Which versions there are is said; 0 is a version like any other, and not the newest."""
    for version in ("9", "0"):
        assert_refused(call("promote", "win", version, "-c", company.config), 5, f"version {version}", "there are: 1")


def test_debug_shows_the_place(company: Served) -> None:
    """With --debug the error comes as it arose, for whoever wants to see where."""
    with pytest.raises(LookupError, match="No account"):
        call("explain", "nobody", "--debug", "-c", company.config)


def test_nothing_is_left_behind(company: Served, hidden: set[str]) -> None:
    """After all these failures the workspace holds what it held before."""
    assert _hidden(company) - hidden <= {".lock"}
