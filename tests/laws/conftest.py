"""The random company that the laws look at, and its features, computed once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from abm_ml.engines import Engine
from tests.conftest import Build
from tests.laws.company import Frames, random_company
from tests.laws.laws import at_all_dates


@pytest.fixture(scope="session")
def company() -> Frames:
    """A company of 60 accounts with all tables."""
    return random_company(seed=7)


@pytest.fixture(scope="session")
def features(company: Frames, tiny: Build, engine: Engine) -> pa.Table:
    """Its features at all dates."""
    return at_all_dates(company, tiny, engine)
