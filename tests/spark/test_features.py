"""Spark and DuckDB give the same features: the portable plan there, the local plan here."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from abm_ml.features import feature_table
from abm_ml.tables import Terms
from abm_ml.timeline import SPINE, spine
from tests.spark.conftest import RELATIVE, Both, Read, difference

pytestmark = pytest.mark.spark

DATES = (dt.datetime(2025, 12, 1), dt.datetime(2026, 3, 1, 13, 30), dt.datetime(2026, 6, 30))


def test_features(both: Both) -> None:
    """Every feature of every account at every date: counts and texts exactly, other numbers to nine digits."""
    right, found = both.computed(_features)
    assert len(right)
    assert difference(right, found, list(SPINE), relative=RELATIVE) == ""


def _features(read: Read) -> pa.Table:
    tables, engine = read.reading.tables, read.engine
    made = feature_table(tables, Terms(), spine(tables, DATES, engine), engine, progress=lambda _: None)
    return engine.compute(made.rows)
