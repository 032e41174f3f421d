"""What these tests share: the small company, trained and scored once."""

from __future__ import annotations

import pytest

from tests.jobs.company import Served, served


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The small company, trained and scored."""
    return served(tmp_path_factory.getbasetemp())
