"""What a backtest counts: which rows a past date knew, which model was the newest, and how a model ages."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import GateRefused
from abm_ml.labels import LABELS
from abm_ml.modelling.backtest import (
    ages_of,
    known_before,
    mistakes,
    months_of,
    newest_cohort,
    newest_models,
    refit_dates,
)
from abm_ml.modelling.backtest_picture import draw

MONTHS = [dt.datetime(2025, month, 1) for month in range(1, 13)]


def forecasts(models: dict[dt.datetime, float], accounts: int = 200) -> pd.DataFrame:
    """Scores of the months from each model's date on: the truth, and as much noise as the model adds per day of age."""
    random = np.random.default_rng(3)
    parts = []
    truth = {month: random.beta(1, 2, accounts) for month in MONTHS}
    label = {month: (random.random(accounts) < truth[month]).astype(int) for month in MONTHS}
    for trained, noise in models.items():
        for month in (each for each in MONTHS if each >= trained):
            age = (month - trained).days
            said = np.clip(truth[month] + noise * age * random.normal(size=accounts), 0.001, 0.999)
            part = pd.DataFrame({"account_id": np.arange(accounts).astype(str), "probability": said})
            part = part.assign(as_of=month, model=trained, rule=np.arange(accounts) % 7, label=label[month])
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def ageing() -> pd.DataFrame:
    """Two models that get worse by the day, the second trained in July."""
    return forecasts({MONTHS[0]: 0.002, MONTHS[6]: 0.002})


def test_only_what_was_over_was_known() -> None:
    """A row of 1 January with 90 days to come is known on 1 April (31 + 28 + 31 days), not a day before."""
    rows = pd.DataFrame({"as_of": [pd.Timestamp("2025-01-01")]})
    assert len(known_before(dt.datetime(2025, 4, 1), rows, 90)) == 1
    assert len(known_before(dt.datetime(2025, 3, 31), rows, 90)) == 0


def test_models_are_trained_evenly_from_when_there_was_enough() -> None:
    """Three dates and 40 accounts of either kind: known from June on, for outcomes take 90 days."""
    rows = forecasts({MONTHS[0]: 0.0})
    assert refit_dates(rows, 90, 3) == (MONTHS[5], MONTHS[7], MONTHS[9])
    assert refit_dates(rows, 90, 50) == tuple(MONTHS[5:])
    with pytest.raises(GateRefused, match="12 dates are too few to look back"):
        refit_dates(rows, 300, 3)


def test_the_newest_model_of_each_date_counts(ageing: pd.DataFrame) -> None:
    """Until June the first model, from July on the second; its age is counted from its own date."""
    months = months_of(ageing)
    assert [month.as_of for month in months] == MONTHS
    assert [month.age for month in months][5:8] == [151, 0, 31]
    assert set(newest_models(ageing).groupby("as_of").size()) == {200}
    assert all(month.realised.rows == 200 for month in months)


def test_a_model_that_ages_is_seen_to(ageing: pd.DataFrame) -> None:
    """The older model loses to the newer one on the same accounts, and its lead over the rule shrinks."""
    ages = {age.begin: age for age in ages_of(ageing)}
    assert list(ages) == [0, 30, 60, 90, 180]
    assert ages[0].decay is None
    assert ages[180].decay
    assert ages[180].decay.high < 0
    assert ages[0].realised.rule
    assert ages[180].realised.rule
    assert ages[0].realised.rule.difference.low > ages[180].realised.rule.difference.high


def test_two_models_that_are_alike_do_not_decay() -> None:
    """Where age does nothing, the interval of the loss holds zero."""
    (decay,) = [age.decay for age in ages_of(forecasts({MONTHS[0]: 0.0, MONTHS[6]: 0.0})) if age.begin == 180]
    assert decay
    assert decay.low <= 0 <= decay.high


def test_few_events_are_not_judged() -> None:
    """Sixty accounts with under 30 events have a rate, and no AUC."""
    rows = forecasts({MONTHS[10]: 0.0}, accounts=60)
    month = months_of(rows)[0].realised
    assert (month.rows, month.auc, month.rule) == (60, None, None)
    assert month.positives == rows[rows["as_of"] == MONTHS[10]]["label"].sum()


def test_the_newest_cohort_by_hand() -> None:
    """Of twenty accounts two are called, and one of them won; all together three."""
    rows = pd.DataFrame({"account_id": [f"a{n:02}" for n in range(20)], "probability": np.arange(20) / 40})
    rows = rows.assign(as_of=pd.Timestamp(MONTHS[3]), model=pd.Timestamp(MONTHS[0]), label=0)
    rows.loc[[0, 5, 19], "label"] = 1
    found = newest_cohort(rows)
    assert (found.as_of, found.called, found.called_events, found.rows, found.events) == (MONTHS[3], 2, 1, 20, 3)


def test_mistakes_are_the_worst_of_each_account() -> None:
    """The lowest scores of what happened, the highest of what did not, each account once."""
    rows = pd.DataFrame(
        [("a", 0.1, 1), ("a", 0.2, 1), ("b", 0.3, 1), ("c", 0.8, 0), ("d", 0.9, 0), ("d", 0.7, 0)],
        columns=["account_id", "probability", "label"],
    )
    rows = rows.assign(as_of=pd.Timestamp(MONTHS[3]), model=pd.Timestamp(MONTHS[0]))
    assert mistakes(rows, 2, happened=1)["account_id"].tolist() == ["a", "b"]
    assert mistakes(rows, 2, happened=0)["probability"].tolist() == [0.9, 0.8]


def test_picture(ageing: pd.DataFrame) -> None:
    """Months above, ages below, each axis named."""
    figure = draw(LABELS["win"], months_of(ageing), ages_of(ageing))
    above, below = figure.axes
    assert above.get_ylabel() == "AUC on what happened since"
    assert [text.get_text() for text in below.get_xticklabels()][-1] == "180 to 364"
