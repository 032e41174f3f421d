"""The same data gives the same bytes: in any order of rows, on any number of threads, each time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from abm_ml.engines import DuckDbConfig, Engine, open_engine
from abm_ml.features import local
from abm_ml.features.cells import Asked
from abm_ml.timeline import Facts
from tests.conftest import Build
from tests.features.equality import computed
from tests.laws.company import Frames
from tests.laws.laws import at_all_dates, bytes_of, differing
from tests.laws.test_measures import DATES, FEATURES, SCHEMA


@pytest.fixture
def one_thread() -> Iterator[Engine]:
    """An engine that computes on one thread."""
    opened = open_engine(DuckDbConfig(threads=1))
    yield opened
    opened.close()


def test_order_of_rows(company: Frames, features: pa.Table, tiny: Build, engine: Engine) -> None:
    """The order of rows within any table, and of the tables, does not matter."""
    shuffled = {name: rows.sample(frac=1, random_state=3) for name, rows in reversed(company.items())}
    table = at_all_dates(shuffled, tiny, engine)
    assert differing(features, table) == []
    assert bytes_of(table) == bytes_of(features)


def test_number_of_threads(company: Frames, features: pa.Table, tiny: Build, one_thread: Engine) -> None:
    """One thread or two, and a second time in another engine: the same bytes."""
    table = at_all_dates(company, tiny, one_thread)
    assert differing(features, table) == []
    assert bytes_of(table) == bytes_of(features)


def many_events() -> pd.DataFrame:
    """More events than one thread of the engine takes at once, with numbers whose sums depend on their order."""
    rng, size = np.random.default_rng(5), 400_000
    happened = pd.Timestamp(DATES[0]) - pd.to_timedelta(rng.integers(0, 40 * 86_400, size), unit="s")
    times = dict.fromkeys(("happened_at", "known_at", "filled_at", "until"), happened.astype("datetime64[us]"))
    words = rng.choice(["x", "y", "z"], size)
    numbers = rng.normal(size=size) * 10.0 ** rng.integers(-3, 6, size)
    return pd.DataFrame({"account_id": "a", **times, "number": numbers, "word": words, "row": np.arange(size)})


def measured_bytes(events: pd.DataFrame, engine: Engine) -> bytes:
    """All measures of the events of one account, as bytes."""
    rows = engine.register(pa.Table.from_pandas(events, schema=SCHEMA, preserve_index=False))
    asked = pa.table({"account_id": ["a"], "as_of": pa.array(DATES[:1], pa.timestamp("us"))})
    facts = Facts(name="events", rows=rows, known_from={"word": "filled_at"}, order=("row",))
    return bytes_of(computed(local.measured([Asked(facts, tuple(FEATURES))], engine.register(asked), engine), engine))


def test_sums_of_many_rows(engine: Engine, one_thread: Engine) -> None:
    """However the rows are shared out, sums come out the same to the last bit."""
    events = many_events()
    once = measured_bytes(events, engine)
    assert measured_bytes(events.sample(frac=1, random_state=2), engine) == once
    assert measured_bytes(events, one_thread) == once
