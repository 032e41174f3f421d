"""The training set: past dates, what was known then, what happened next; split by time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abm_ml import timeline
from abm_ml.engines import Engine
from abm_ml.errors import GateRefused
from abm_ml.features import FeatureColumn
from abm_ml.labels import LABELS, Outlook, eligible, standing
from abm_ml.tables import Tables, Terms
from abm_ml.training_set import (
    TrainingConfig,
    TrainingSet,
    accounts_apart,
    beyond_the_date,
    build_training_set,
    snapshot_dates,
    split_by_time,
)
from tests.conftest import Build

Day = dt.datetime
MONTHS = tuple(Day(2024 + month // 12, month % 12 + 1, 1) for month in range(20))
DAY = dt.timedelta(days=1)
UNTIL = MONTHS[-1] + 90 * DAY
WIN = LABELS["win"]


def column(name: str) -> FeatureColumn:
    """A feature column of that name."""
    facts: dict[str, Any] = {"days": None, "kind": "number", "unit": "days", "reason": "{value}"}
    return FeatureColumn(name=name, feature=name, group="engagement", controllable=False, monotone=None, **facts)


@pytest.fixture(scope="module")
def prospects(tiny: Build) -> Tables:
    """Forty-eight accounts, each with a deal open from the begin; every second one is won, one a fortnight."""
    names = [f"a{number:02}" for number in range(48)]
    accounts = [{"account_id": name, "created_at": Day(2023, 1, 1), "is_target": True} for name in names]
    deals = [
        {
            "opportunity_id": name, "account_id": name, "kind": "new", "opened_at": Day(2023, 2, 1),
            "closed_at": Day(2024, 2, 1) + 14 * number * DAY, "outcome": ("won", "lost")[number % 2],
        }
        for number, name in enumerate(names)
    ]  # fmt: skip
    return tiny({"accounts": accounts, "opportunities": deals})


def built(
    tables: Tables,
    engine: Engine,
    dates: Sequence[dt.datetime] = MONTHS,
    until: dt.datetime = UNTIL,
    accept: Mapping[str, str] | None = None,
    **config: Any,
) -> TrainingSet:
    """The training set of label win at some dates, with two features: the account's number and the date's month.

    With `accept`, there is a custom column that knows the days to the win.
    """
    terms, spine = Terms(), timeline.spine(tables, dates, engine)
    asked = eligible(WIN, terms, standing(tables, terms, spine))
    features = engine.compute(spine.select("account_id", "as_of")).to_pandas().sample(frac=1, random_state=1)
    features["number"] = features["account_id"].str.slice(1).astype(float)
    features["month"] = features["as_of"].dt.month.astype(float)
    outlook = Outlook(tables=tables, terms=terms, standing=asked, horizon_days=90, until=until)
    columns = [column("number"), column("month")]
    if accept is not None:
        closed = pd.Timestamp("2024-02-01") + pd.to_timedelta(14 * features["number"], unit="D")
        features["custom_due"] = (closed - features["as_of"]).dt.days.where(features["number"] % 2 == 0, 999)
        columns.append(column("custom_due"))
    return build_training_set(
        WIN, outlook, features, columns, config=TrainingConfig(**config), engine=engine, accept=accept
    )


def test_rows_are_sorted_and_split(prospects: Tables, engine: Engine) -> None:
    """Rows stand by date and account; one horizon lies between the last training date and the first test date."""
    made = built(prospects, engine)
    for rows in (made.train, made.test):
        keys = list(zip(rows["as_of"], rows["account_id"], strict=True))
        assert keys == sorted(set(keys))
    assert made.test["as_of"].min() - made.train["as_of"].max() >= pd.Timedelta(days=90)
    assert set(made.train["as_of"]) == set(made.split.train)
    assert made.names == ["number", "month"]
    assert made.of_the_date == ()


def test_what_tells_only_the_date_is_left_out_and_named(prospects: Tables, engine: Engine) -> None:
    """Training dates of half a year cannot teach what a month means: the column is left out, and said to be."""
    made = built(prospects, engine, dates=MONTHS[:10], test_from=MONTHS[9])
    assert made.names == ["number"]
    assert made.of_the_date == ("month",)


def test_each_row_has_its_answer(prospects: Tables, engine: Engine) -> None:
    """The answer is whether the account's own deal is won within 90 days from the date."""
    made = built(prospects, engine)
    rows = pd.concat([made.train, made.test])
    closed = pd.Timestamp("2024-02-01") + pd.to_timedelta(14 * rows["number"], unit="D")
    won = (rows["number"] % 2 == 0) & (closed >= rows["as_of"]) & (closed < rows["as_of"] + pd.Timedelta(days=90))
    assert set(rows["label"]) == {0, 1}
    assert (rows["label"] == won).all()
    assert (closed >= rows["as_of"]).all()


def test_order_of_features_does_not_matter(prospects: Tables, engine: Engine) -> None:
    """The features come in any order; the training set is the same, row by row."""
    pd.testing.assert_frame_equal(built(prospects, engine).train, built(prospects, engine).train)


def test_unfinished_horizons_are_censored(prospects: Tables, engine: Engine) -> None:
    """A date counts only if its whole horizon lies before the end of what is known; it is no 'no'."""
    assert built(prospects, engine).test["as_of"].max() == MONTHS[-1]
    assert built(prospects, engine, until=UNTIL - DAY).test["as_of"].max() == MONTHS[-2]


def test_accounts_apart(tiny: Build, engine: Engine) -> None:
    """On demand, an account that tests does not train, nor does a date that loses many rows by it."""
    open_for = 100 * DAY
    closed = {f"a{number:02}": Day(2024, 2, 1) + 14 * number * DAY for number in range(48)}
    tables = tiny(
        {
            "accounts": [{"account_id": name, "created_at": Day(2023, 1, 1), "is_target": True} for name in closed],
            "opportunities": [
                {
                    "opportunity_id": name, "account_id": name, "kind": "new", "opened_at": at - open_for,
                    "closed_at": at, "outcome": ("won", "lost")[int(name[1:]) % 2],
                }
                for name, at in closed.items()
            ],
        }
    )  # fmt: skip
    together = built(tables, engine, allow_overlap=True)
    apart = built(tables, engine, allow_overlap=True, accounts_apart=True)
    assert set(together.train["account_id"]) & set(together.test["account_id"])
    assert not set(apart.train["account_id"]) & set(apart.test["account_id"])
    assert apart.split.train == together.split.train[:-3]
    assert (apart.split.gap, apart.split.thinned) == ((), together.split.train[-3:])
    assert together.split.thinned == ()
    early = together.train[together.train["as_of"].isin(apart.split.train)]
    pd.testing.assert_frame_equal(apart.train, early.reset_index(drop=True))
    pd.testing.assert_frame_equal(apart.test, together.test)


def test_weeks_that_lose_over_a_tenth_are_left_out() -> None:
    """Two of twenty rows may go, two of eighteen may not; the days of a week count together."""
    train = pd.DataFrame({"as_of": np.repeat(MONTHS[:2], 20), "account_id": [f"a{n}" for n in [*range(20)] * 2]})
    test = pd.DataFrame({"account_id": ["a0", "a1"]})
    assert accounts_apart(train, test).tolist() == [False, False, *[True] * 18] * 2
    late = train["as_of"] == MONTHS[1]
    thinner = train[~(late & train["account_id"].isin(["a18", "a19"]))]
    assert accounts_apart(thinner, test).tolist() == [False, False, *[True] * 18, *[False] * 18]
    monday = pd.Timestamp(2024, 1, 1)
    daily = train.assign(as_of=[monday + n * DAY for n in [0] * 18 + [1] * 2 + [7] * 20])
    assert accounts_apart(daily, test).tolist() == [False, False, *[True] * 18] * 2


def test_accounts_that_stay_cannot_be_apart(prospects: Tables, engine: Engine) -> None:
    """Where every date would lose many of its rows, there is no fair training set, and the message says what to do."""
    with pytest.raises(GateRefused, match="every week of the training loses more than 10%"):
        built(prospects, engine, accounts_apart=True)


def test_too_few_snapshots(prospects: Tables, engine: Engine) -> None:
    """Three months cannot hold a training date, a gap of 90 days and a test date."""
    with pytest.raises(GateRefused, match="3 snapshots are too few"):
        built(prospects, engine, dates=MONTHS[:3])


def test_split_holds_a_gap() -> None:
    """The newest fifth tests; what lies less than one horizon before it neither trains nor tests."""
    split = split_by_time(MONTHS, 90, TrainingConfig())
    assert split.test == MONTHS[16:]
    assert split.gap == MONTHS[13:16]
    assert split.train == MONTHS[:13]
    assert split.test[0] - split.train[-1] >= 90 * DAY


def test_split_of_exactly_one_horizon() -> None:
    """A training date whose horizon ends exactly at the first test date may train."""
    dates = [Day(2024, 1, 1) + 30 * n * DAY for n in range(10)]
    split = split_by_time(dates, 60, TrainingConfig())
    assert (split.train, split.gap, split.test) == (tuple(dates[:7]), (dates[7],), tuple(dates[8:]))


def test_split_in_any_order_and_with_doubles() -> None:
    """One date per account is as good as each date once."""
    assert split_by_time([*reversed(MONTHS), *MONTHS], 90, TrainingConfig()) == split_by_time(
        MONTHS, 90, TrainingConfig()
    )


def test_test_from() -> None:
    """The first test date may be named."""
    split = split_by_time(MONTHS, 90, TrainingConfig(test_from=MONTHS[10]))
    assert split.test == MONTHS[10:]
    assert split.train[-1] + 90 * DAY <= MONTHS[10]


def test_overlap_has_to_be_asked_for() -> None:
    """Without the gap every date either trains or tests."""
    split = split_by_time(MONTHS, 90, TrainingConfig(allow_overlap=True))
    assert split.gap == ()
    assert split.train + split.test == MONTHS


@pytest.mark.parametrize("dates", [[], [MONTHS[0]], MONTHS[:4]])
def test_split_refuses(dates: Sequence[dt.datetime]) -> None:
    """Without a training or a test date there is no split; the message says what to do."""
    with pytest.raises(GateRefused, match="Take a longer history, a shorter horizon, or snapshots by week"):
        split_by_time(dates, 120, TrainingConfig())


def test_snapshot_dates() -> None:
    """From 90 days into the data on, up to the last date whose outcome can be known; both may be named."""
    begin, end = Day(2024, 1, 1), Day(2024, 6, 15)
    assert snapshot_dates(TrainingConfig(), begin=begin, end=end) == MONTHS[3:6]
    assert snapshot_dates(TrainingConfig(first=Day(2024, 2, 1)), begin=begin, end=end) == MONTHS[1:6]
    assert snapshot_dates(TrainingConfig(last=Day(2024, 5, 1)), begin=begin, end=end) == MONTHS[3:5]
    assert snapshot_dates(TrainingConfig(last=Day(2025, 5, 1)), begin=begin, end=end) == MONTHS[3:6]


def test_no_season_without_most_of_a_year() -> None:
    """What is the same for all accounts on a date needs dates of nine months to be learned, or too few rows to tell."""
    columns = tuple(column(name) for name in ("number", "month", "sometimes", "text", "nothing"))
    rows = pd.DataFrame({"as_of": pd.to_datetime(np.repeat(MONTHS[:10], 5)), "number": range(50), "nothing": None})
    rows["month"] = rows["as_of"].dt.month
    rows["sometimes"] = rows["month"].where(rows["month"] > 6).astype(float)
    rows["text"] = "in " + rows["month"].astype(str)
    assert beyond_the_date(columns, rows) == columns  # from 1 January to 1 October
    assert [each.name for each in beyond_the_date(columns, rows.head(45))] == ["number", "nothing"]
    assert beyond_the_date(columns, rows.head(12)) == columns


def test_a_custom_column_that_knows_the_outcome(prospects: Tables, engine: Engine) -> None:
    """A company's own column that knows how it ended is refused, unless somebody vouches for it by name."""
    with pytest.raises(GateRefused, match="'custom_due' carries the outcome"):
        built(prospects, engine, accept={})
    (kept,) = built(prospects, engine, accept={"custom_due": "agreed in the contract"}).leaks
    assert (kept.column, kept.accepted) == ("custom_due", "agreed in the contract")
