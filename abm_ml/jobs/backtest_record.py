"""What a backtest leaves in MLflow: its curves by date and by age, with the settings behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from abm_ml.modelling.backtest import Realised
from abm_ml.modelling.registry import Backtests, Point
from abm_ml.modelling.training_record import code_version

if TYPE_CHECKING:
    from abm_ml.jobs.backtest import Backtest


def recorded(store: Backtests, found: Backtest, *, as_of: dt.datetime, config: str) -> str:
    """The id of a label's run; `config` is the fingerprint of the workspace's configuration."""
    return store.record(
        f"{found.label} {as_of:%Y-%m-%d}",
        tags={"label": found.label, "as_of": as_of.isoformat(), "code": code_version(), "config": config},
        settings=settings_of(found),
        points=[*_by_date(found), *_by_age(found)],
        picture=found.picture,
    )


def settings_of(found: Backtest) -> dict[str, Any]:
    """How often and on what models were trained."""
    return {
        "horizon_days": found.horizon_days,
        "refits": len(found.models),
        "trained_on": ", ".join(f"{model.trained_on:%Y-%m-%d}" for model in found.models),
        "rungs": "+".join(sorted({model.rung for model in found.models})),
    }


def _by_date(found: Backtest) -> Iterator[Point]:
    """The newest model of each date: how well it ranked, what was said and what happened, and how old it was."""
    for step, month in enumerate(found.months):
        for name, value in {**_figures(month.realised), "age_days": float(month.age)}.items():
            yield Point(name=name, value=value, step=step, at=month.as_of)


def _by_age(found: Backtest) -> Iterator[Point]:
    """All models by age; the step is the age in days at which a group begins."""
    for age in found.ages:
        decay = {} if age.decay is None else {"decay": age.decay.value}
        for name, value in {**_figures(age.realised), **decay}.items():
            yield Point(name=f"by_age_{name}", value=value, step=age.begin, at=found.newest.as_of)


def _figures(told: Realised) -> dict[str, float]:
    """What is known of some scores; those with too few events have no AUC and no lift."""
    figures = {"rows": float(told.rows), "said": told.said, "happened": told.happened}
    if told.auc is not None:
        figures |= {"roc_auc": told.auc.value, "roc_auc_low": told.auc.low, "roc_auc_high": told.auc.high}
    if told.lift is not None:
        figures["top_decile_lift"] = told.lift.value
    if told.rule is not None:
        figures["rule_auc"] = told.rule.baseline_auc.value
    return figures
