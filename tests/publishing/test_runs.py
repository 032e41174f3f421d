"""A run is there as a whole or not at all, whatever happens, and says when it is damaged."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc
import pytest

from abm_ml.errors import IntegrityError, LockHeld, NotReady, StorageError
from abm_ml.publishing.manifest import ModelUsed, read_manifest, run_id_of
from abm_ml.publishing.runs import Run, is_published, point_to, publish, read_current, read_run, republish
from abm_ml.publishing.storage import CRASHED, lock_workspace
from abm_ml.publishing.tables import Part
from tests.publishing.scored import in_parts, scored

ROOT = Path(__file__).resolve().parents[2]
BEFORE, AFTER = "2026-05-31", "2026-06-30"


def publishing(workspace: Path, as_of: str, **variables: str) -> subprocess.Popen[bytes]:
    """Another process that publishes a run."""
    command = [sys.executable, "-m", "tests.publishing.scored", str(workspace), as_of]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **variables}, stderr=subprocess.DEVNULL)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace in which the run of last month is current."""
    publish(tmp_path / "workspace", scored(BEFORE))
    return tmp_path / "workspace"


def test_a_published_run_reads_as_it_was_scored(workspace: Path) -> None:
    """What was handed over comes back, every row marked with its run, and only the owner may read it."""
    run = scored(AFTER)
    folder = publish(workspace, run)
    current = read_current(workspace)
    assert (current.run_id, current.folder) == (run_id_of(run.facts), folder)
    assert current.manifest.facts == run.facts
    for stored, given in ((current.scores(), run.tables.scores), (current.reasons(), run.tables.reasons)):
        assert stored.select(given.column_names).to_pydict() == given.to_pydict()
    assert all(set(table["run_id"].to_pylist()) == {current.run_id} for table in (current.kpis(), current.features()))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.parent.rglob("*") if path.is_file()}
    assert (modes, stat.S_IMODE(folder.stat().st_mode)) == ({0o600}, 0o700)


@pytest.mark.parametrize(
    ("point", "current"), [("after_files", BEFORE), ("before_pointer", BEFORE), ("after_pointer", AFTER)]
)
def test_killed_at_any_point_a_whole_run_is_current(workspace: Path, point: str, current: str) -> None:
    """Before the pointer moves the old run counts, after it the new one; the next publisher finishes and cleans up."""
    assert publishing(workspace, AFTER, ABM_CRASH_AT=point).wait() == CRASHED
    assert read_current(workspace).run_id == run_id_of(scored(current).facts)
    publish(workspace, scored(AFTER))
    assert read_current(workspace).run_id == run_id_of(scored(AFTER).facts)
    assert not [path for path in (workspace / "runs").iterdir() if "tmp" in path.name]


def test_killed_at_any_moment_a_whole_run_is_current(workspace: Path) -> None:
    """Real kills at random moments leave no unreadable, mixed or half run, and no lock behind."""
    for tenth in range(6):
        process = publishing(workspace, f"2026-07-{tenth + 1:02d}")
        try:
            process.wait(timeout=0.4 + tenth * 0.1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        run = read_current(workspace)
        assert set(run.scores()["run_id"].to_pylist()) == set(run.reasons()["run_id"].to_pylist()) == {run.run_id}
    publish(workspace, scored(AFTER))


def test_one_publisher_at_a_time(workspace: Path) -> None:
    """Whoever comes second is told who is writing; nothing of its run is there. The lock dies with its holder."""
    with lock_workspace(workspace), pytest.raises(LockHeld, match=str(os.getpid())):
        publish(workspace, scored(AFTER))
    assert read_current(workspace).run_id == run_id_of(scored(BEFORE).facts)
    with lock_workspace(workspace) as lock:
        publish(workspace, scored(AFTER), lock=lock)


def test_of_many_publishers_whole_runs_remain(workspace: Path) -> None:
    """Started together, each publishes completely or not at all."""
    processes = [publishing(workspace, f"2026-08-0{day}") for day in (1, 2, 3)]
    succeeded = [process.wait() == 0 for process in processes]
    assert any(succeeded)
    found = [path.name for path in (workspace / "runs").iterdir() if path.is_dir()]
    assert len(found) == 1 + sum(succeeded)
    assert {read_run(workspace, name).run_id for name in found} == set(found)


def test_the_same_run_has_the_same_bytes(tmp_path: Path) -> None:
    """The order of rows and columns handed over, the place and the time change no byte of any file."""
    run = scored(AFTER)
    tables = run.tables
    mixed = replace(tables, scores=tables.scores.sort_by("probability").select(tables.scores.column_names[::-1]),
                    reasons=tables.reasons.sort_by("points"), kpis=tables.kpis.sort_by("engagement_score"))  # fmt: skip
    publish(tmp_path / "one", run)
    publish(tmp_path / "two", Run(run.facts, mixed))
    assert contents(tmp_path / "one" / "runs") == contents(tmp_path / "two" / "runs")


@pytest.mark.parametrize("accounts", [1, 7, 119])
def test_handed_over_in_parts_it_is_the_same_run(tmp_path: Path, accounts: int) -> None:
    """Published part by part, the files have the bytes that the whole tables have."""
    run = scored(AFTER)
    publish(tmp_path / "whole", run)
    publish(tmp_path / "parts", Run(run.facts, in_parts(run.tables, accounts=accounts)))
    assert contents(tmp_path / "whole" / "runs") == contents(tmp_path / "parts" / "runs")


def test_a_job_that_fails_halfway_leaves_nothing(workspace: Path) -> None:
    """Whatever goes wrong before the last part, the staging folder is gone and the old run stays current."""
    before = contents(workspace / "runs")
    run = scored(AFTER)

    def broken() -> Iterator[Part]:
        yield from list(in_parts(run.tables, accounts=50))[:-1]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish(workspace, Run(run.facts, broken()))
    assert contents(workspace / "runs") == before
    assert len(list((workspace / "runs").iterdir())) == 2


def test_what_is_there_is_not_computed_again(workspace: Path) -> None:
    """The parts of a run that is published already are not even asked for."""

    def asked_for() -> Iterator[Part]:
        pytest.fail("computed in vain")
        yield

    publish(workspace, Run(scored(BEFORE).facts, asked_for()))


def test_only_some_accounts_are_read(workspace: Path) -> None:
    """A job that needs one account reads the rows of that one."""
    run = read_current(workspace)
    for read in (run.scores, run.reasons, run.kpis, run.features):
        rows = read().filter(pc.equal(read()["account_id"], "a0007"))
        assert len(rows)
        assert read(accounts=["a0007"]).equals(rows)
    assert run.scores(columns=["label"]).column_names == ["label"]


def test_published_again_nothing_is_written(workspace: Path) -> None:
    """The same facts are the same run: it is verified and pointed to."""
    folder = publish(workspace, scored(AFTER))
    stamps = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    publish(workspace, scored(BEFORE))
    assert publish(workspace, scored(AFTER)) == folder
    assert stamps == {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert read_current(workspace).folder == folder


@pytest.mark.parametrize(
    "file",
    ["scores.parquet", "reasons.parquet", "kpis.parquet", "program_kpis.parquet", "features.parquet", "manifest.json"],
)
@pytest.mark.parametrize("damage", [lambda old: old[:-1], lambda old: old[:99] + bytes([old[99] ^ 1]) + old[100:]])
def test_damage_is_noticed_and_healed(workspace: Path, file: str, damage: Callable[[bytes], bytes]) -> None:
    """One bit or one byte less in any file is an error that names it; writing the run again restores its bytes."""
    path = read_current(workspace).folder / file
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    for attempt in (lambda: read_current(workspace), lambda: publish(workspace, scored(BEFORE))):
        with pytest.raises(IntegrityError, match=file):
            attempt()
    republish(workspace, scored(BEFORE))
    assert path.read_bytes() == whole
    read_current(workspace)


def test_any_damage_to_the_manifest_is_noticed(workspace: Path) -> None:
    """The manifest vouches for itself: no single bit of it can change unnoticed."""
    path = read_current(workspace).folder / "manifest.json"
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(IntegrityError, match="manifest"):
            read_manifest(path.parent)


def test_damage_while_it_is_open_is_noticed(workspace: Path) -> None:
    """What changes in a table after the run was verified fails the checksum of its page: no bit is silently wrong."""
    run = read_current(workspace)
    path, right = run.folder / "kpis.parquet", run.kpis()
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for place in range(4, footer, 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with suppress(IntegrityError):
            assert run.kpis().equals(right)


def test_a_pointer_out_of_the_workspace_is_not_followed(workspace: Path) -> None:
    """A run elsewhere is no run of this workspace, even if it is whole."""
    elsewhere = publish(workspace.parent / "elsewhere", scored(AFTER))
    pointer = {"run_id": f"../../elsewhere/runs/{elsewhere.name}"}
    (workspace / "runs" / "current.json").write_text(json.dumps(pointer))
    with pytest.raises(IntegrityError, match="no run"):
        read_current(workspace)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"run_id": "2026-01-01-000000000000"}'])
def test_a_damaged_pointer_is_noticed(workspace: Path, content: bytes) -> None:
    """A pointer that says nothing, or leads nowhere, is not followed."""
    (workspace / "runs" / "current.json").write_bytes(content)
    with pytest.raises(IntegrityError):
        read_current(workspace)


def test_a_published_run_never_changes(workspace: Path) -> None:
    """Other scores under the same facts are refused, and the run on disk stays as it was."""
    run, before = scored(BEFORE), contents(workspace / "runs")
    column = run.tables.scores.schema.get_field_index("percentile")
    other = run.tables.scores.set_column(column, "percentile", pc.add(run.tables.scores["percentile"], 1.0))
    with pytest.raises(IntegrityError, match=r"scores\.parquet"):
        republish(workspace, replace(run, tables=replace(run.tables, scores=other)))
    republish(workspace, run)
    assert contents(workspace / "runs") == before


def test_back_to_the_run_before(workspace: Path) -> None:
    """A rollback moves the pointer to a run that is on disk, and to no other."""
    publish(workspace, scored(AFTER))
    before = run_id_of(scored(BEFORE).facts)
    assert is_published(workspace, before)
    assert point_to(workspace, before) == read_current(workspace).folder
    with pytest.raises(IntegrityError, match="no run"):
        point_to(workspace, "2026-01-01-000000000000")


def test_nothing_published_yet(tmp_path: Path) -> None:
    """An empty workspace says what to do."""
    with pytest.raises(NotReady, match="abm-ml score"):
        read_current(tmp_path)


def test_every_fact_but_the_versions_makes_another_run() -> None:
    """Date, models, data, configuration and definitions name a run; an upgrade of a package does not."""
    facts = scored().facts
    others = [
        replace(facts, models={"win": ModelUsed("win/8", "e" * 64)}),
        replace(facts, data={}),
        replace(facts, config_sha256="x"),
        replace(facts, definitions="x"),
        replace(facts, as_of=scored(BEFORE).facts.as_of),
    ]
    assert len({run_id_of(each) for each in (facts, *others)}) == 6
    assert run_id_of(replace(facts, versions={})) == run_id_of(facts)
    assert run_id_of(facts).startswith("2026-06-30-")


def test_a_full_disk_leaves_the_old_run(workspace: Path) -> None:
    """When a file cannot be written the error names it, the staging folder is gone and the old run is whole."""
    before = contents(workspace / "runs")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limit[1]))
    try:
        with pytest.raises(StorageError, match=r"scores\.parquet.*MB free"):
            publish(workspace, scored(AFTER))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert contents(workspace / "runs") == before
    assert len(list((workspace / "runs").iterdir())) == 2


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where the workspace should be is a storage error that names it."""
    (tmp_path / "workspace").write_text("a file")
    with pytest.raises(StorageError, match="workspace"):
        publish(tmp_path / "workspace", scored())


def test_the_manifest_tells_what_was_used(workspace: Path) -> None:
    """Sizes, hashes and row counts of every file; models, data, configuration, definitions and versions by hash."""
    record = json.loads((read_current(workspace).folder / "manifest.json").read_text())
    tables = ("features", "kpis", "program_kpis", "reasons", "scores")
    assert sorted(record["files"]) == [f"{table}.parquet" for table in tables]
    assert record["files"]["reasons.parquet"]["rows"] == 480
    assert record["models"]["win"] == {"id": "win/7", "sha256": f"{1:064d}"}
    assert {"as_of", "config_sha256", "data", "definitions", "format", "run_id", "versions"} < set(record)
