"""The first law: what happens or becomes known at a date or later changes no feature of that date."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from abm_ml import timeline
from abm_ml.engines import Engine
from abm_ml.features import cells, ledger, local, program
from tests.conftest import Build
from tests.laws.company import DATES, Frames, ended, known_at, scrambled
from tests.laws.laws import changed_by_future, differing, in_other_worlds
from tests.laws.mutants import rewritten

IN_TIMELINE = {
    "rows of which one hears later": (
        "ibis.greatest(facts.rows.happened_at, facts.rows.known_at)",
        "facts.rows.happened_at",
    ),
    "cells that fill in later": (
        "(rows[since] <= rows.known_after).ifelse(rows[cell], ibis.null(rows[cell].type()))",
        "rows[cell]",
    ),
    "changes of the next weeks": ("_INSTANT = ibis.interval(microseconds=1)", "_INSTANT = ibis.interval(days=40)"),
}


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


@pytest.mark.parametrize("fault", IN_TIMELINE)
def test_a_fault_in_the_timeline_is_found(
    fault: str, company: Frames, tiny: Build, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where rows, cells or changes are seen early, the law no longer holds."""
    monkeypatch.setattr(cells, "versions", rewritten(timeline, *IN_TIMELINE[fault]).versions)
    bare = some(company, "account_changes", "contacts", "stage_changes")
    assert changed_by_future(bare, scrambled, tiny, engine) != []


def test_a_row_at_the_date_is_found(
    company: Frames, tiny: Build, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a row exactly at the date counts, `<=` for `<`, the law no longer holds."""
    faulty = rewritten(ledger, "snapshots[found] <= instant", "snapshots[found] < instant")
    for module in (local, program):
        monkeypatch.setattr(module, "ledger", faulty)
    assert changed_by_future(some(company, "stage_changes"), scrambled, tiny, engine) != []


def test_ended_is_before_the_date(company: Frames) -> None:
    """The export of a date holds no row of that date or later."""
    as_of = dt.datetime(2025, 1, 1)
    exported = ended(company, as_of)
    assert (known_at(exported["orders"], "orders") < as_of).all()
    assert not (exported["opportunities"]["closed_at"] >= as_of).any()
