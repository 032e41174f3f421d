"""The first law: what happens or becomes known at a date or later changes no feature of that date."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from abm_ml.engines import Engine
from abm_ml.features import plain
from tests.conftest import Build
from tests.laws.company import DATES, Frames, ended, known_at, scrambled
from tests.laws.laws import changed_by_future, differing, in_other_worlds
from tests.laws.mutants import turned_together

FAULTS = turned_together("known", "_filled", "_with_changes")


def some(company: Frames, *names: str) -> Frames:
    """Only some tables of a company; what they allow is quickly computed."""
    return {name: company[name] for name in ("accounts", *names)}


def test_a_company_that_ends_at_the_date(company: Frames, features: pa.Table, tiny: Build, engine: Engine) -> None:
    """On 12 dates the features are those of a company whose tables were exported on that date."""
    worlds = {as_of: ended(company, as_of) for as_of in DATES}
    assert len(DATES) >= 12
    assert differing(features, in_other_worlds(worlds, tiny, engine)) == []


def test_a_company_with_another_future(company: Frames, features: pa.Table, tiny: Build, engine: Engine) -> None:
    """On 12 dates, deleting, changing and adding later rows, and filling later cells otherwise, changes no bit."""
    worlds = {as_of: scrambled(company, as_of) for as_of in DATES}
    assert differing(features, in_other_worlds(worlds, tiny, engine)) == []


def test_a_company_without_logs(company: Frames, tiny: Build, engine: Engine) -> None:
    """Where no table says when an amount changed, an open deal's amount and custom columns tell nothing early."""
    bare = some(company, "opportunities", "rates", "contracts")
    assert changed_by_future(bare, scrambled, tiny, engine) == []


def test_the_company_has_rows_on_every_boundary(company: Frames) -> None:
    """The laws would prove little on a company without rows exactly at its dates, known late, or at the same time."""
    for as_of in DATES:
        rows = company["engagements"]
        assert (rows["happened_at"] == as_of).any()
        assert ((rows["happened_at"] < as_of) & (known_at(rows, "engagements") >= as_of)).any()
        assert (company["contacts"]["left_at"] == as_of).any()
    assert company["stage_changes"].duplicated(["account_id", "happened_at"]).any()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(
    fault: str, company: Frames, tiny: Build, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `<=` for `<` in what cuts rows, cells or changes the law no longer holds."""
    monkeypatch.setattr(plain, "known", FAULTS[fault].known)
    bare = some(company, "account_changes", "contacts", "stage_changes")
    assert changed_by_future(bare, scrambled, tiny, engine) != []


def test_ended_is_before_the_date(company: Frames) -> None:
    """The export of a date holds no row of that date or later."""
    as_of = dt.datetime(2025, 1, 1)
    exported = ended(company, as_of)
    assert (known_at(exported["orders"], "orders") < as_of).all()
    assert not (exported["opportunities"]["closed_at"] >= as_of).any()
