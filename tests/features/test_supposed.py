"""Supposed rows: an account's features as if it had rows that it does not have."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from abm_ml import timeline
from abm_ml.engines import Engine
from abm_ml.features import DERIVED, feature_set, feature_table
from abm_ml.features.build import supposed_table
from abm_ml.reasons.scenarios import Person, Scenario, SupposedRow
from abm_ml.reasons.what_if import supposed
from tests.conftest import Build
from tests.laws.company import CUSTOM, Frames, random_company
from tests.laws.laws import TERMS

AS_OF = dt.datetime(2025, 1, 1)
VISITS = SupposedRow(kind="web_visit", channel="web", side="inbound", times=2)
MEETING = SupposedRow(
    kind="meeting", channel="in_person", side="sales", person=Person(buying_role="decision_maker", engaged=False)
)
SCENARIOS = (Scenario(text="two visits", rows=(VISITS,)), Scenario(text="a meeting", rows=(MEETING,)))


class Worlds(NamedTuple):
    """The features of all accounts as they are, and of three of them by scenario and account."""

    frames: Frames
    actual: pd.DataFrame
    supposed: pd.DataFrame
    log: pd.DataFrame
    people: pd.DataFrame


def features_of(frames: Frames, tiny: Build, engine: Engine) -> pd.DataFrame:
    """The features of every account, by account."""
    tables = tiny(frames, custom=CUSTOM)
    table = feature_table(tables, TERMS, timeline.spine(tables, (AS_OF,), engine), engine, progress=lambda _: None)
    return engine.compute(table.rows).to_pandas().set_index("account_id").sort_index()


@pytest.fixture(scope="module")
def worlds(tiny: Build, engine: Engine) -> Worlds:
    """A random company, and three of its accounts with rows that they do not have."""
    frames = random_company(seed=3, accounts=40)
    tables = tiny(frames, custom=CUSTOM)
    spine = timeline.spine(tables, (AS_OF,), engine)
    table = feature_table(tables, TERMS, spine, engine, progress=lambda _: None)
    some = engine.compute(spine.order_by("account_id").limit(3)).column("account_id").to_pylist()
    mine = engine.store(spine.filter(spine.account_id.isin(some)))
    made = supposed(tables, mine, SCENARIOS, window_days=90, engine=engine)
    rows = engine.compute(supposed_table(table, made.tables, TERMS, made.copies, engine)).to_pandas()
    return Worlds(
        frames=frames,
        actual=engine.compute(table.rows).to_pandas().set_index("account_id").sort_index(),
        supposed=rows.set_index(["scenario", "account_id"]).sort_index(),
        log=engine.compute(made.tables["engagements"]).to_pandas(),
        people=engine.compute(made.tables["contacts"]).to_pandas(),
    )


def names() -> list[str]:
    """Features that only the account's own rows decide, and what is told of others."""
    shared: set[str] = set()
    for each in DERIVED:
        if each.among is not None or (shared & set(each.needs) and not each.of_others):
            shared.add(each.name)
    return [each.name for each in DERIVED if each.name not in shared and not each.hidden]


def test_supposing_nothing_changes_nothing(worlds: Worlds) -> None:
    """The copy without supposed rows has every feature of its account, to the last bit."""
    as_it_is = worlds.supposed.loc[0]
    same = worlds.actual.loc[as_it_is.index, as_it_is.columns.drop(["copy", "as_of"])]
    pd.testing.assert_frame_equal(as_it_is[same.columns], same, check_exact=True)


def test_supposing_a_row_is_having_it(worlds: Worlds, tiny: Build, engine: Engine) -> None:
    """Of its own an account has the features that it would have if the rows were in its log."""
    account = worlds.supposed.loc[1].index[-1]
    rows = pd.DataFrame(
        {
            "engagement_id": ["new 1", "new 2"],
            "account_id": account,
            "happened_at": [AS_OF - dt.timedelta(days=days) for days in (1, 2)],
            "kind": "web_visit",
            "channel": "web",
            "side": "inbound",
        }
    )
    log = pd.concat([worlds.frames["engagements"], rows.assign(known_at=rows["happened_at"])])
    having = features_of({**worlds.frames, "engagements": log}, tiny, engine).loc[account]
    tables = tiny(worlds.frames, custom=CUSTOM)
    own = [column.name for column in feature_set(tables, TERMS).columns if column.feature not in DERIVED.names]
    supposing = worlds.supposed.loc[(1, account)]
    for name in (*own, *names()):
        assert supposing[name] == having[name] or (pd.isna(supposing[name]) and pd.isna(having[name])), name
    assert supposing["web_visits_30d"] == worlds.actual.loc[account, "web_visits_30d"] + 2


def test_what_others_do_stays(worlds: Worlds) -> None:
    """Nothing that an account is supposed to do changes what its relatives do."""
    for scenario in (1, 2):
        rows = worlds.supposed.loc[scenario]
        for name in (each.name for each in DERIVED if each.of_others and not each.hidden):
            assert np.array_equal(rows[name], worlds.actual.loc[rows.index, name], equal_nan=True)


def test_somebody_takes_part(worlds: Worlds) -> None:
    """A person is chosen who fits and did not engage lately; where there is none, somebody new is supposed."""
    added = worlds.log[worlds.log["account_id"].str.endswith("#2") & worlds.log["engagement_id"].str.contains("#2/")]
    assert len(added) == 3
    known = worlds.people.set_index(["account_id", "contact_id"])
    for account, contact in zip(added["account_id"], added["contact_id"], strict=True):
        person = known.loc[(account, contact)]
        assert person["buying_role"] == "decision_maker"
        assert "/new " in contact or contact in set(worlds.frames["contacts"]["contact_id"])
        lately = worlds.frames["engagements"].query("happened_at >= '2024-10-03' and happened_at < '2025-01-01'")
        lately = lately[lately["known_at"] < AS_OF]
        assert contact not in set(lately.loc[lately["account_id"] == account.removesuffix("#2"), "contact_id"])
