"""The benchmark of the page: its company adds up and is published, and its client counts what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from abm_ml.publishing.pointer import current_run_id, run_folder
from abm_ml.publishing.web_config import WebConfig
from abm_ml.web.app import create_app
from abm_ml.web.store import Store
from tests.studies.slices import own_modules
from tests.web.adding_up import not_adding_up
from tests.web.conftest import ROOMY, cheap
from tests.web.door import served


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    """The benchmark's own modules."""
    with own_modules("bench-page", "run") as first:
        yield first


@pytest.fixture(scope="module")
def workspace(bench: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company of 40 accounts, published."""
    folder = tmp_path_factory.mktemp("bench")
    bench.publish(folder, bench.Company(accounts=40, sellers=2, events=5))
    return folder


def test_made_company_adds_up(workspace: Path) -> None:
    """Reasons, parts of changes and history of every account lead to the numbers that the page shows."""
    store = Store.open(run_folder(workspace, current_run_id(workspace)))
    assert not_adding_up(store) == []


def test_load_is_counted(bench: ModuleType, workspace: Path) -> None:
    """Sellers are answered about their own accounts; an answer that is not the one asked for is an error."""
    company = bench.Company(accounts=40, sellers=2, events=5)
    sessions = bench.cookies(workspace, company)
    pages = bench.streams_of(company, sessions)["account page"]
    foreign = bench.Question("/accounts/A000001", sessions[0], b"A000001")
    streams = (pages, bench.Stream("foreign", 20, lambda dice: foreign))
    with served(create_app(workspace, WebConfig(limits=ROOMY), passwords=cheap())) as host:
        name, _, port = host.partition(":")
        found = bench.outcomes(name, int(port), streams, 0.5)
    line = bench.line(bench.PARTS[0], pages, found["account page"])
    assert (line["errors"], line["answers"] > 5) == (0, True)
    assert len(found["foreign"].errors) == len(found["foreign"].milliseconds) > 0
