"""The run that is shown: picked up, kept while it is read, and replaced by nothing that cannot be read."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from abm_ml.publishing.pointer import CURRENT, RUNS
from abm_ml.web import current
from abm_ml.web.records import ListQuery
from tests.web.company import AS_OF, WEST, publish
from tests.web.conftest import PEOPLE, Page, page_at, populate

NEXT = AS_OF + dt.timedelta(days=7)


def test_a_new_run_is_shown_and_an_open_page_stays_whole(fresh: Page) -> None:
    """A request that began under the old run reads it to its end; the next one reads the new run."""
    now = fresh.app.state.desk.current
    before = now.store
    run_id = publish(fresh.workspace, as_of=NEXT, shift=0.01)
    now.look()
    assert now.store.run.run_id == run_id
    assert before.account(PEOPLE[0], WEST).scores[0].probability == pytest.approx(0.1)
    assert now.store.account(PEOPLE[0], WEST).scores[0].probability == pytest.approx(0.11)


def test_the_watch_looks_by_itself(fresh: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread looks again and again until it is stopped; every five seconds would do, every second is the rule."""
    assert current.LOOK_SECONDS <= 2
    now, looked = fresh.app.state.desk.current, threading.Event()
    monkeypatch.setattr(current, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(now, "look", looked.set)
    now.watch()
    assert looked.wait(30)
    now.stop()


@pytest.mark.parametrize("fault", ["truncated", "flipped", "missing", "old", "pointer", "manifest"])
def test_F57_a_damaged_run_leaves_the_one_before_and_says_so(fresh: Page, fault: str) -> None:
    """Whatever is wrong with a newer run, readers see the older one whole, with a note; health says it, too."""
    now = fresh.app.state.desk.current
    before = now.store.run.run_id
    damage(fresh.workspace, publish(fresh.workspace, as_of=NEXT, shift=0.01, web=fault != "old"), fault)
    now.look()
    assert now.store.run.run_id == before
    assert "cannot be read" in fresh.as_("west").get("/accounts").text
    assert fresh.browser().get("/healthz").json()["status"] == "newer run unreadable"


def damage(workspace: Path, run_id: str, fault: str) -> None:
    """Spoils a run in one way."""
    serving = workspace / RUNS / run_id / "serving.sqlite"
    if fault == "truncated":
        serving.write_bytes(serving.read_bytes()[:-4096])
    if fault == "flipped":
        content = bytearray(serving.read_bytes())
        content[len(content) // 2] ^= 1
        serving.write_bytes(content)
    if fault == "missing":
        serving.unlink()
    if fault == "pointer":
        (workspace / RUNS / CURRENT).write_text('{"run_id": "../../etc"}')
    if fault == "manifest":
        (serving.parent / "manifest.json").write_text("{}")


def test_F57_without_any_run_there_is_a_clear_page(tmp_path: Path, portal: BlockingPortal) -> None:
    """503 with words, in HTML and JSON, and no trace of the inside; the first run is then picked up."""
    page = populate(page_at(tmp_path, portal))
    for path in ("/accounts", "/program", f"/accounts/{WEST}", "/api/accounts"):
        answer = page.as_("west").get(path)
        assert (answer.status_code, "No published scores yet" in answer.text) == (503, True)
        assert str(tmp_path) not in answer.text
    assert page.browser().get("/healthz").status_code == 503
    assert page.browser().get("/login").status_code == 200
    publish(tmp_path)
    page.app.state.desk.current.look()
    assert page.as_("west").get("/accounts").status_code == 200


def test_F57_a_file_that_breaks_while_it_is_read_is_a_clear_page(fresh: Page) -> None:
    """The store's file is cut after it was opened: 503, not a failure, and no path in it."""
    store = fresh.app.state.desk.current.store
    store.close()
    store._path.write_bytes(store._path.read_bytes()[:9000])
    answer = fresh.as_("west").get("/api/accounts")
    assert (answer.status_code, "cannot be read" in answer.json()["title"]) == (503, True)


def test_F57_old_scores_are_marked(fresh: Page) -> None:
    """Forty days after their date the page and health say how old they are."""
    fresh.clock.now += 39 * 86_400
    assert "These scores are 40 days old" in fresh.as_("west").get("/accounts").text
    assert fresh.browser().get("/healthz").json() == {
        "status": "old",
        "run_id": fresh.app.state.desk.current.store.run.run_id,
        "as_of": "2026-06-30",
        "age_days": 40,
        "newest_event": "2026-06-30",
    }


def test_F51_readers_never_see_two_runs_at_once(fresh: Page) -> None:
    """While runs follow each other, every answer of four readers is wholly of one of them."""
    now, seen, stop = fresh.app.state.desk.current, [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            store = now.store
            run, page = store.run, store.accounts(PEOPLE[2], ListQuery())
            history = {
                point.run_id
                for name in (WEST, "E2")
                for each in store.history(PEOPLE[2], name).values()
                for point in each
            }
            seen.append({run.run_id} == history and page.total == 6)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(3):
        publish(fresh.workspace, as_of=NEXT + dt.timedelta(days=number), shift=number / 1000)
        now.look()
    stop.set()
    for reader in readers:
        reader.join()
    assert seen
    assert all(seen)
