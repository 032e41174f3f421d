"""What the tests of the jobs share: the small company, trained and scored once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from abm_ml.jobs.workspace import Workspace
from tests.jobs.company import Served, served, tables_at_hand


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The small company, trained and scored."""
    made = served(tmp_path_factory.getbasetemp())
    yield made
    made.close()


@pytest.fixture(scope="session")
def workspace(company: Served) -> Workspace:
    """Its workspace, opened once."""
    return company.read


@pytest.fixture
def at_hand(company: Served) -> Iterator[None]:
    """The company's tables need not be read again: for tests that are not about reading."""
    with tables_at_hand(company):
        yield
