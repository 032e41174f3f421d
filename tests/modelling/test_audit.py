"""The audit trail tells who made which model the champion, and notices when it is told otherwise."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from abm_ml.errors import ConfigError, IntegrityError, StorageError
from abm_ml.modelling.audit import Caller, Entry, Trail, approvals, last_promoted

ROOT = Path(__file__).resolve().parents[2]
MANY = """
import sys
from pathlib import Path
from abm_ml.modelling.audit import Entry, Trail

for number in range(25):
    Trail(Path(sys.argv[1])).add(Entry(action="train", label=sys.argv[2], version=number))
"""


def made(action, label, version, *, before=None, after=None, done=True):
    """An entry about a version whose bytes are named after it."""
    return Entry(
        action=action, label=label, version=version, sha256=f"sha{version}", before=before, after=after, done=done
    )


@pytest.fixture
def trail(tmp_path):
    """A trail with three entries."""
    trail = Trail(tmp_path, caller=Caller("ana", dt.datetime(2026, 6, 30, 12, 0, 1)))
    trail.add(made("train", "win", 1, after=1))
    trail.add(made("canary", "win", 2, before=1, after=1))
    trail.add(made("promote", "win", 2, before=1, after=2))
    return trail


def test_entries_come_back(trail):
    """Who, when and what: in the order in which it was written, by whoever opens the file."""
    entries = Trail(trail.file.parent).entries()
    assert [(each.action, each.version, each.after) for each in entries] == [
        ("train", 1, 1), ("canary", 2, 1), ("promote", 2, 2)
    ]  # fmt: skip
    assert {(each.who, each.at) for each in entries} == {("ana", "2026-06-30T12:00:01")}


def test_no_trail_is_no_error(tmp_path):
    """Before anything was done there is nothing to tell."""
    assert Trail(tmp_path).entries() == ()


def test_only_the_owner_may_read_it(trail):
    """The trail names people."""
    assert trail.file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [lines[0].replace(b'"version": 1', b'"version": 3'), *lines[1:]],
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2], lines[1]],
        lambda lines: [b"{}", *lines],
        lambda lines: [lines[0], b"no JSON", *lines[1:]],
        lambda lines: [lines[0].replace(b'"who"', b'"whom"'), *lines[1:]],
    ],
    ids=["changed", "first one gone", "swapped", "one more", "no entry", "other fields"],
)
def test_a_change_is_noticed(trail, change):
    """A line that was changed, moved, added or taken out breaks the chain, for readers and for writers."""
    trail.file.write_bytes(b"\n".join(change(trail.file.read_bytes().splitlines())) + b"\n")
    with pytest.raises(IntegrityError, match=r"audit\.jsonl, line \d"):
        trail.entries()
    with pytest.raises(IntegrityError):
        trail.add(made("promote", "win", 3, before=2, after=3))


def test_a_key_keeps_forgers_out(tmp_path, monkeypatch):
    """Whoever can write the file but lacks the key cannot write a trail that holds."""
    monkeypatch.setenv("TRAIL_KEY", "hunter2")
    keyed = Trail(tmp_path, key_env="TRAIL_KEY")
    keyed.add(made("train", "win", 1, after=1))
    assert len(keyed.entries()) == 1
    keyed.file.unlink()
    Trail(tmp_path).add(made("train", "win", 1, after=1))
    with pytest.raises(IntegrityError, match="its key is another one"):
        keyed.entries()
    monkeypatch.delenv("TRAIL_KEY")
    with pytest.raises(ConfigError, match="TRAIL_KEY is not set"):
        Trail(tmp_path, key_env="TRAIL_KEY")


def test_half_a_line_is_no_entry(trail):
    """What a killed process left half written was never promised; the next entry takes its place."""
    with trail.file.open("ab") as file:
        file.write(b'{"action": "promote", "lab')
    assert len(trail.entries()) == 3
    trail.add(made("rollback", "win", 1, before=2, after=1))
    assert [each.action for each in trail.entries()] == ["train", "canary", "promote", "rollback"]
    assert all(json.loads(line) for line in trail.file.read_text().splitlines())


def test_a_disk_that_is_all_but_full(trail, monkeypatch):
    """A line of which only a part fits is an error, not an entry that is lost in silence; the next one follows on."""
    real, taken = os.write, []

    def write(descriptor, content):
        if taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken.append(real(descriptor, content[:10]))
        return taken[0]

    with monkeypatch.context() as full:
        full.setattr(os, "write", write)
        with pytest.raises(StorageError, match="No space left"):
            trail.add(made("promote", "win", 3, before=2, after=3))
    trail.add(made("promote", "win", 4, before=2, after=4))
    assert [each.version for each in trail.entries()] == [1, 2, 2, 4]


def test_no_place_to_write(tmp_path):
    """A trail that cannot be written is an error of the disk that names the file."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"audit\.jsonl: the audit trail cannot be written"):
        Trail(tmp_path / "file").add(made("train", "win", 1))


def test_two_writers_at_once(tmp_path):
    """Two processes that write at the same time wait for each other: no entry is lost, and the chain holds."""
    both = [subprocess.Popen([sys.executable, "-c", MANY, tmp_path, name], cwd=ROOT) for name in ("win", "churn")]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    entries = Trail(tmp_path).entries()
    assert [[each.version for each in entries if each.label == name] for name in ("win", "churn")] == [[*range(25)]] * 2


HISTORY = [
    made("train", "win", 1, after=1),
    made("train", "win", 2, before=1, after=1),
    made("promote", "win", 2, before=1, after=2),
    made("promote", "win", 3, before=2, after=2, done=False),
    made("promote", "churn", 5, before=4, after=5),
    made("promote", "win", 4, before=2, after=4),
]


def test_approvals():
    """Champions stand in the order in which they were made; a challenger, a trial and a refusal approve nothing."""
    assert [each.version for each in approvals(HISTORY, "win")] == [1, 2, 4]
    assert [(each.version, each.sha256) for each in approvals(HISTORY, "churn")] == [(5, "sha5")]
    assert approvals([made("canary", "win", 1, before=1, after=1)], "win") == ()


def test_a_rollback_takes_the_newer_ones_away():
    """After two rollbacks the first champion is left; the next promotion stands on it."""
    once = [*HISTORY, made("rollback", "win", 2, before=4, after=2)]
    assert [each.version for each in approvals(once, "win")] == [1, 2]
    twice = [*once, made("rollback", "win", 1, before=2, after=1), made("promote", "win", 4, before=1, after=4)]
    assert [each.version for each in approvals(twice, "win")] == [1, 4]


def test_confirming_a_champion_changes_nothing():
    """A champion that is promoted again is not its own predecessor; a new model of the same number is another one."""
    again = made("promote", "win", 4, before=4, after=4)
    assert [each.version for each in approvals([*HISTORY, again], "win")] == [1, 2, 4]
    other = Entry(action="train", label="win", version=4, sha256="another", after=4)
    assert len(approvals([*HISTORY, other], "win")) == 4


def test_the_label_promoted_last():
    """Without a name a rollback takes back the newest promotion that had a champion before it."""
    assert last_promoted(HISTORY) == "win"
    assert last_promoted(HISTORY[:5]) == "win"
    assert last_promoted(HISTORY[:2]) is None
