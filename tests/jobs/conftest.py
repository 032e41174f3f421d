"""What the tests of the jobs share: the small company, trained and scored once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from abm_ml.jobs.workspace import Workspace
from tests.jobs.company import Served, served


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The small company, trained and scored."""
    return served(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def workspace(company: Served) -> Iterator[Workspace]:
    """Its workspace, opened once."""
    with company.opened() as opened:
        yield opened
