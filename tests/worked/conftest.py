"""All worked examples are computed together, as one company."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from abm_ml.engines import Engine
from abm_ml.features import feature_table
from abm_ml.tables import Terms
from tests.conftest import Build
from tests.worked.example import Example, Value, rows_of

Score = Callable[[Example], dict[str, Value]]


@pytest.fixture(scope="session")
def score(engine: Engine, tiny: Build) -> Score:
    """What the features of an example come to: each expected column with the value that was computed."""
    from tests.worked.test_every_definition import EXAMPLES as examples  # noqa: N811 - its files import this one

    pairs = [
        (f"{number}.{beside}", each.as_of) for number, each in enumerate(examples) for beside in range(_size(each))
    ]
    names, dates = zip(*pairs, strict=True)
    asked = pa.table({"account_id": pa.array(names), "as_of": pa.array(dates, pa.timestamp("us"))})
    tables = tiny(rows_of(examples))
    table = feature_table(tables, Terms(), engine.register(asked), engine, progress=lambda name: None)
    found: dict[str, dict[str, Any]] = {row["account_id"]: row for row in engine.compute(table.rows).to_pylist()}

    def score_of(example: Example) -> dict[str, Value]:
        row = found[f"{examples.index(example)}.0"]
        return {column: row[column] for column in example.columns}

    return score_of


def _size(example: Example) -> int:
    return 1 + len(example.others)
