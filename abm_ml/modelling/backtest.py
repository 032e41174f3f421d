"""Backtest: scores as they would have been given on past dates, held against what happened since.

Forecasts are a frame with a row per model, date and account: `model` (the date on which it was trained), `as_of`,
`account_id`, `probability`, `rule` (how the rule ranks the account) and `label` (what became of it, 0 or 1).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from abm_ml.errors import GateRefused
from abm_ml.modelling.evaluation import SLICE_EVENTS, TOP, Comparison, Metric, compare, evaluate, rarer_events
from abm_ml.modelling.fairness import top_share
from abm_ml.modelling.gate import FEWEST_EVENTS, RULE

AGES = (0, 30, 60, 90, 180, 365)  # days: where each group of ages begins
FEWEST_DATES = 3
_SCORED = ["as_of", "account_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Realised:
    """What became of some scores: `said` on average, `happened` in truth, and how well they ranked (90 % intervals).

    `auc`, `lift` (of the top tenth), `event_rate` and `rule` (the rule's AUC, and the model's less that) are None where
    fewer than 30 events of either class say nothing.
    """

    rows: int
    positives: int
    said: float
    happened: float
    auc: Metric | None = None
    lift: Metric | None = None
    event_rate: Metric | None = None
    rule: Comparison | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The scores of one date by the newest model of that time, which was `age` days old."""

    as_of: dt.datetime
    age: int
    realised: Realised


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """The scores of models from `begin` days on, to below `end` (None: any older).

    Dates differ in how hard they are, so the AUC alone does not show how a model ages: its lead over the rule, which
    does not age, does, and so does `decay`: its AUC less the one of the newest model of each date, on the very same
    accounts and dates. That is None where they are the newest themselves, or events are too few.
    """

    begin: int
    end: int | None
    realised: Realised
    decay: Metric | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The newest date whose outcomes are known: the tenth with the highest scores beside all who were scored."""

    as_of: dt.datetime
    called: int
    called_events: int
    rows: int
    events: int


def known_before(date: dt.datetime, rows: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """The rows whose whole horizon lies before a date: what a model could learn from then."""
    return rows[rows["as_of"] + pd.Timedelta(days=horizon_days) <= pd.Timestamp(date)]


def refit_dates(rows: pd.DataFrame, horizon_days: int, refits: int) -> tuple[dt.datetime, ...]:
    """The dates on which models are trained: `refits` of them, evenly over the dates that had enough to learn from.

    `rows` has as_of, account_id and label. Enough are three dates and 40 accounts of either outcome.

    Raises:
        GateRefused: there is no such date.
    """
    dates = [date.to_pydatetime() for date in sorted(rows["as_of"].unique())]
    enough = [date for date in dates if _enough(known_before(date, rows, horizon_days))]
    if not enough:
        raise GateRefused(
            f"{len(dates)} dates are too few to look back: on none of them the outcomes of {FEWEST_DATES} dates before "
            f"and of {FEWEST_EVENTS} accounts of either kind were known. Take a longer history or a shorter horizon."
        )
    places = np.arange(min(refits, len(enough))) * len(enough) // min(refits, len(enough))
    return tuple(enough[place] for place in places)


def _enough(rows: pd.DataFrame) -> bool:
    return rows["as_of"].nunique() >= FEWEST_DATES and rarer_events(rows["label"], rows["account_id"]) >= FEWEST_EVENTS


def newest_models(forecasts: pd.DataFrame) -> pd.DataFrame:
    """The forecasts of each date by the newest model that there was."""
    return forecasts[forecasts["model"] == forecasts.groupby("as_of")["model"].transform("max")]


def months_of(forecasts: pd.DataFrame) -> tuple[Month, ...]:
    """What became of the scores of each date."""
    return tuple(
        Month(as_of=date.to_pydatetime(), age=int((date - rows["model"].iloc[0]).days), realised=realised(rows))
        for date, rows in newest_models(forecasts).groupby("as_of")
    )


def ages_of(forecasts: pd.DataFrame) -> tuple[Age, ...]:
    """What became of scores by the age of the model that gave them."""
    newest = newest_models(forecasts)[[*_SCORED, "probability", "model"]]
    rows = forecasts.merge(newest, on=_SCORED, suffixes=("", "_newest"), validate="many_to_one")
    place = np.searchsorted(AGES, (rows["as_of"] - rows["model"]).dt.days, side="right") - 1
    ends = (*AGES[1:], None)
    return tuple(
        Age(begin=AGES[number], end=ends[number], realised=realised(mine), decay=_decay(mine))
        for number, mine in rows.groupby(place)
    )


def _decay(rows: pd.DataFrame) -> Metric | None:
    older = rows[rows["model"] < rows["model_newest"]]
    if not _judged(older):
        return None
    newest = older["probability_newest"]
    return compare(
        older["label"], older["probability"], baseline="newest", score=newest, groups=older["account_id"]
    ).difference


def realised(rows: pd.DataFrame) -> Realised:
    """What became of some forecasts."""
    label, said, accounts = rows["label"], rows["probability"], rows["account_id"]
    found = Realised(rows=len(rows), positives=int(label.sum()), said=float(said.mean()), happened=float(label.mean()))
    if not _judged(rows):
        return found
    figures = evaluate(label, said, groups=accounts)
    return replace(
        found,
        auc=figures.roc_auc,
        lift=figures.top_decile_lift,
        event_rate=figures.base_rate,
        rule=compare(label, said, baseline=RULE, score=rows["rule"], groups=accounts),
    )


def _judged(rows: pd.DataFrame) -> bool:
    return bool(min(rows["label"].sum(), (1 - rows["label"]).sum()) >= SLICE_EVENTS)


def newest_cohort(forecasts: pd.DataFrame) -> Cohort:
    """The accounts scored on the newest date: what happened since to the best-scored tenth, and to all."""
    rows = newest_models(forecasts)
    rows = rows[rows["as_of"] == rows["as_of"].max()]
    called = top_share(rows["probability"].to_numpy(dtype=np.float64), TOP) > 0
    return Cohort(
        as_of=rows["as_of"].iloc[0].to_pydatetime(),
        called=int(called.sum()),
        called_events=int(rows["label"][called].sum()),
        rows=len(rows),
        events=int(rows["label"].sum()),
    )


def mistakes(forecasts: pd.DataFrame, count: int, *, happened: int) -> pd.DataFrame:
    """The worst forecasts: where it happened the lowest scores, where it did not the highest; each account once."""
    rows = newest_models(forecasts)
    rows = rows[rows["label"] == happened]
    rows = rows.sort_values(["probability", "account_id", "as_of"], ascending=[bool(happened), True, True])
    return rows.drop_duplicates("account_id").head(count)
