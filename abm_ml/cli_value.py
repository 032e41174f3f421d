"""The commands that say what scores have been worth, and what they are worth to sellers: backtest and plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm_ml import terminal
from abm_ml.door import DEFAULT, Config, Date, Json, Labels, Quiet, Where, date_of, opened, refuse


def backtest(
    *,
    labels: Labels = None,
    config: Config = DEFAULT,
    workspace: Where = None,
    as_of: Date = None,
    refits: Annotated[int, typer.Option(min=1, max=24, help="How many models are trained, evenly over the past.")] = 4,
    mistakes: Annotated[int, typer.Option(min=0, max=50, help="How many mistakes of either kind are shown.")] = 3,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Holds the scores that past models would have given against what happened since: by month and by model's age."""
    from abm_ml.jobs.backtest import backtest as job

    with opened(config, workspace, quiet=quiet or json) as there:
        found = job(there, labels or (), as_of=date_of(as_of), refits=refits, shown=mistakes)
        terminal.show(found, json=json)
    refuse(found.refused)


def plan(
    *,
    config: Config = DEFAULT,
    workspace: Where = None,
    label: Annotated[str, typer.Option(help="progression, win or churn")] = "win",
    capacity: Annotated[
        int | None, typer.Option(min=0, help="How many accounts each seller works on, instead of the table sellers.")
    ] = None,
    seller: Annotated[str | None, typer.Option(help="The accounts of this seller (owner_id), one by one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Writes all accounts in order as .csv, .parquet or .xlsx.")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Whom each seller works on, by expected value within capacity, and the value that is left on the table."""
    from abm_ml.jobs.plan import plan as job

    with opened(config, workspace, quiet=quiet or json) as there:
        found = job(there, label, capacity=capacity, seller=seller, out=out)
        terminal.show(found, json=json)
