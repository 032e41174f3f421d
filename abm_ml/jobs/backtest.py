"""Backtesting: models trained on past dates score the dates after them, and are held against what happened since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from abm_ml.engines import Engine
from abm_ml.errors import GateRefused
from abm_ml.jobs.backtest_record import recorded
from abm_ml.jobs.learn import fitted
from abm_ml.jobs.model_config import model_config
from abm_ml.jobs.population import possible_labels, rule_ranking
from abm_ml.jobs.progress import Advance
from abm_ml.jobs.training_sets import Past, pasts, split
from abm_ml.jobs.workspace import Workspace
from abm_ml.labels import outcomes
from abm_ml.modelling.backtest import (
    Age,
    Cohort,
    Month,
    ages_of,
    known_before,
    mistakes,
    months_of,
    newest_cohort,
    refit_dates,
)
from abm_ml.modelling.backtest_picture import draw
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.pictures import save_picture
from abm_ml.modelling.registry import Backtests
from abm_ml.publishing.storage import make_folder
from abm_ml.reasons.phrases import explain
from abm_ml.reasons.rows import OTHER
from abm_ml.training_set import KEYS, beyond_the_date

REFITS, MISTAKES = 4, 3
_TOLD = 3

Models = Mapping[dt.datetime, AccountClassifier]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """A model as it would have been trained on a date: from how many rows and events, and on which rung it stands."""

    trained_on: dt.datetime
    rows: int
    positives: int
    rung: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A forecast that went wrong, with the reasons that led it astray, the strongest first."""

    account_id: str
    as_of: dt.datetime
    probability: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """How a label's models would have done: by month, by age, on the newest known date, and where they failed.

    `missed` happened against a low score, `in_vain` did not happen against a high one.
    """

    label: str
    yes: str
    no: str
    horizon_days: int
    models: tuple[Refit, ...]
    months: tuple[Month, ...]
    ages: tuple[Age, ...]
    newest: Cohort
    missed: tuple[Mistake, ...]
    in_vain: tuple[Mistake, ...]
    picture: Path


@dataclass(frozen=True)
class BacktestResult:
    """The backtest of each label, the labels that the tables do not allow, and those refused, with reasons.

    `run_ids` are MLflow's runs by label.
    """

    as_of: dt.datetime
    backtests: tuple[Backtest, ...]
    left_out: tuple[str, ...]
    refused: dict[str, str]
    run_ids: dict[str, str]


def backtest(
    workspace: Workspace,
    names: Sequence[str] = (),
    *,
    as_of: dt.datetime | None = None,
    refits: int = REFITS,
    shown: int = MISTAKES,
) -> BacktestResult:
    """Trains models on past dates as they would have been then, and holds their later scores against what happened.

    Each of `refits` models per label learns only from outcomes known before its date, and scores every later date whose
    outcome is known today. `shown` mistakes of either kind are told with their reasons. A picture per label goes to
    the folder reports of the workspace, and a run per label to MLflow.

    Raises:
        NotReady: MLflow's server does not answer; nothing has been computed then.
        SourceError: the company's tables allow none of the labels.
        GateRefused: none of the labels has history enough, or is free of leaks.
    """
    store = Backtests(workspace.config.tracking, workspace.folder)
    until = workspace.as_of(as_of)
    possible, left_out = possible_labels(workspace, names)
    questions = [(label, model_config(workspace.config.models, label)) for label in possible]
    found, refused = [], {}
    past = pasts(workspace, questions, until)
    advance = workspace.progress("Backtesting", refits * len(past))
    for each in past:
        try:
            found.append(_backtest(workspace, each, refits=refits, shown=shown, advance=advance))
        except GateRefused as refusal:
            refused[each.label.name] = f"No backtest of {each.label.name}: {refusal}"
    if not found:
        raise GateRefused(" ".join(refused.values()))
    config = workspace.config_hash
    run_ids = {each.label: recorded(store, each, as_of=until, config=config) for each in found}
    return BacktestResult(until, tuple(found), left_out, refused, run_ids)


def _backtest(workspace: Workspace, past: Past, *, refits: int, shown: int, advance: Advance) -> Backtest:
    engine = workspace.engine
    split(workspace, past)  # refuses what training refuses: a backtest of a leak would only flatter
    rows = known_on(past.outlook.until, past, engine)
    models, told = {}, []
    for date in refit_dates(rows, past.outlook.horizon_days, refits):
        advance(f"{past.label.name}: as on {date:%Y-%m-%d}")
        train = known_on(date, past, engine)
        models[date] = fitted(workspace, past.label, beyond_the_date(past.columns, train), train)
        events = int(train["label"].sum())
        told.append(Refit(trained_on=date, rows=len(train), positives=events, rung=models[date].rung_))
    forecasts = _forecasts(past, rows, models)
    months, ages = months_of(forecasts), ages_of(forecasts)
    failed = {answer: mistakes(forecasts, shown, happened=answer) for answer in (0, 1)}
    return Backtest(
        label=past.label.name,
        yes=past.label.yes,
        no=past.label.no,
        horizon_days=past.outlook.horizon_days,
        models=tuple(told),
        months=months,
        ages=ages,
        newest=newest_cohort(forecasts),
        missed=_explained(past, rows, models, failed[1]),
        in_vain=_explained(past, rows, models, failed[0]),
        picture=_picture(workspace, past, months, ages),
    )


def known_on(date: dt.datetime, past: Past, engine: Engine) -> pd.DataFrame:
    """The accounts and dates whose outcome was known on a date, as it was known then, with their features."""
    outlook = replace(past.outlook, until=date)
    answers = engine.compute(outcomes(past.label, outlook).select(*KEYS, "label")).to_pandas()
    answers = known_before(date, answers, outlook.horizon_days)
    rows = answers.merge(past.features, on=list(KEYS), how="inner", validate="one_to_one")
    return rows.sort_values(list(reversed(KEYS)), kind="stable", ignore_index=True)


def _forecasts(past: Past, rows: pd.DataFrame, models: Models) -> pd.DataFrame:
    """What each model says of every date from its own on, beside the rule and what happened."""
    names = [column.name for column in past.columns]
    parts = []
    for date, model in models.items():
        later = rows[rows["as_of"] >= date]
        parts.append(
            later[[*KEYS, "label"]].assign(
                model=pd.Timestamp(date),
                probability=model.predict_proba(later[names])[:, 1],
                rule=rule_ranking(past.label, later["engagement_score"]),
            )
        )
    return pd.concat(parts, ignore_index=True)


def _explained(past: Past, rows: pd.DataFrame, models: Models, failed: pd.DataFrame) -> tuple[Mistake, ...]:
    """The mistakes with the strongest reasons that pulled to the wrong side."""
    return tuple(
        Mistake(
            account_id=each["account_id"],
            as_of=each["as_of"].to_pydatetime(),
            probability=each["probability"],
            reasons=_astray(past, rows, models[each["model"].to_pydatetime()], each),
        )
        for each in failed.to_dict("records")
    )


def _astray(past: Past, rows: pd.DataFrame, model: AccountClassifier, mistake: Mapping[str, object]) -> tuple[str, ...]:
    mine = rows[(rows["account_id"] == mistake["account_id"]) & (rows["as_of"] == mistake["as_of"])]
    reasons = explain(model, mine, label=past.label.name, columns=past.columns).to_pandas()
    wrong = (reasons["points"] < 0) == bool(mistake["label"])
    told = reasons[wrong & (reasons["feature"] != OTHER)].sort_values("rank")
    return tuple(told["text"].head(_TOLD))


def _picture(workspace: Workspace, past: Past, months: Sequence[Month], ages: Sequence[Age]) -> Path:
    folder = workspace.folder / "reports"
    make_folder(folder)
    return save_picture(draw(past.label, months, ages), folder / f"backtest_{past.label.name}.png")
