"""A source written in pandas: the contract, and types that pandas makes of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from abm_ml.engines import Engine
from abm_ml.errors import SourceError, UnknownName
from abm_ml.sources import FrameSource, Reading, Source
from tests.sources.contract import CarrierContract, Texts


class Frames(FrameSource):
    def __init__(self, **tables: pd.DataFrame) -> None:
        self.tables = tables

    def frames(self) -> Mapping[str, pd.DataFrame]:
        """The tables given."""
        return self.tables


class TestFrames(CarrierContract):
    @staticmethod
    def carry(tables: Texts, folder: Path) -> Source:
        """One frame of text per table."""
        return Frames(**{name: pd.DataFrame(columns, dtype="str") for name, columns in tables.items()})


def accounts(**columns: object) -> Frames:
    """Two accounts with columns of another kind."""
    given = {"account_id": ["1", "2"], "is_target": True, "in_program": True, "created_at": pd.Timestamp("2025-01-01")}
    return Frames(accounts=pd.DataFrame({**given, **columns}))


def test_numbers_with_gaps_stay_ids(read: Callable[[Source], Reading], engine: Engine) -> None:
    """Pandas makes 123 into 123.0 where a cell is missing; the id is 123."""
    rows = engine.compute(read(accounts(owner_id=[123.0, None])).tables["accounts"].order_by("account_id"))
    assert rows["owner_id"].to_pylist() == ["123", None]


def test_times_with_a_zone_become_utc(read: Callable[[Source], Reading], engine: Engine) -> None:
    """A time in New York and the same one in UTC are one."""
    times = pd.to_datetime(["2025-07-01 08:00", "2025-12-01 08:00"]).tz_localize("America/New_York")
    rows = engine.compute(read(accounts(created_at=times)).tables["accounts"].order_by("account_id"))
    assert [str(time) for time in rows["created_at"].to_pylist()] == ["2025-07-01 12:00:00", "2025-12-01 13:00:00"]


def test_a_frame_of_no_table_is_refused(read: Callable[[Source], Reading]) -> None:
    """The nearest table is offered."""
    with pytest.raises(UnknownName, match=r"No table is called 'account'. Did you mean 'accounts'"):
        read(Frames(account=pd.DataFrame({"account_id": ["1"]})))


def test_a_column_of_mixed_types_is_refused(read: Callable[[Source], Reading]) -> None:
    """A column is one thing; the error names it."""
    with pytest.raises(SourceError, match=r"Frames.accounts: this frame has a column of mixed types .*column name"):
        read(accounts(name=pd.Series(["Acme", 5], dtype="object")))
