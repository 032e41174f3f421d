"""What these tests share: the small company, trained and scored once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jobs.company import Served, served


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The small company, trained and scored."""
    made = served(tmp_path_factory.getbasetemp())
    yield made
    made.close()
