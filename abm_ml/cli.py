"""The command line: a receptionist who loads a configuration, calls one job and shows its result."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from abm_ml import cli_page, cli_serve, cli_table, cli_value, terminal
from abm_ml.door import DEFAULT, Config, Date, Json, Labels, Quiet, Where
from abm_ml.door import calendar_of as _calendar
from abm_ml.door import date_of as _date
from abm_ml.door import opened as _opened
from abm_ml.door import refuse as _refuse
from abm_ml.errors import AbmError, ConfigError, StorageError

DEBUG = "--debug"
COLLECT_AFTER = (50_000, 10, 10)  # Ibis makes millions of small objects; Python would collect garbage at every 700th

app = typer.Typer(
    name="abm-ml",
    help="Scores B2B accounts: progression, win and churn, calibrated and explained, beside the KPIs of account-based "
    "marketing.",
    epilog=f"After an error, {DEBUG} beside any command shows where in the code it arose.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def demo(
    config: Config = DEFAULT,
    workspace: Where = None,
    data: Annotated[
        Path | None, typer.Option(help="A folder of canonical tables, instead of the synthetic company.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=50, help="How many accounts to show per label.")] = 3,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The whole way on the embedded default: check, train, score, publish, and the top accounts with their reasons."""
    from abm_ml.jobs.demo import demo as job

    with _opened(config, workspace, quiet=quiet or json, data=data) as opened:
        terminal.show(job(opened, top=top), json=json)


@app.command()
def check(config: Config = DEFAULT, workspace: Where = None, quiet: Quiet = False, json: Json = False) -> None:
    """Reads and validates the sources: accepted, quarantined and merged rows per table, and why."""
    from abm_ml.jobs.check import check as job

    with _opened(config, workspace, quiet=quiet or json) as opened:
        terminal.show(job(opened), json=json)


@app.command()
def kpis(
    *,
    config: Config = DEFAULT,
    workspace: Where = None,
    name: Annotated[
        list[str] | None, typer.Option(help="Only this KPI; may be repeated. Shows all it measures.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="A cut: tier, industry, program ...; tier,industry crosses two; repeatable."),
    ] = None,
    period: Annotated[str | None, typer.Option(help="month, quarter or year; default: one span.")] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", help="The first day; with --period, the period that holds it is the first."),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="The first day that no longer counts.")] = None,
    as_of: Date = None,
    out: Annotated[Path | None, typer.Option(help="Writes the report as .csv, .parquet, .xlsx or .html.")] = None,
    disagreements: Annotated[
        bool, typer.Option("--disagreements", help="Instead: the accounts that rule and model rank far apart, and why.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """The KPIs of account-based marketing by period and cut, beside their goals: in the terminal, or as a file."""
    from abm_ml.jobs.disagreements import disagreements as compare
    from abm_ml.jobs.report_kpis import KpiQuestion, report_kpis

    with _opened(config, workspace, quiet=quiet or json) as opened:
        if disagreements:
            if name or by or period or begin or end or as_of:
                raise ConfigError("--disagreements is of the published run: it goes with --out and --json only.")
            terminal.show(compare(opened, out=out), json=json)
            return
        question = KpiQuestion(
            names=name or (),
            by=by or (),
            period=_calendar(period),
            begin=_date(begin, "--from"),
            end=_date(end, "--to"),
            as_of=_date(as_of),
        )
        terminal.show(report_kpis(opened, question, out=out), json=json)


@app.command()
def train(
    labels: Labels = None,
    config: Config = DEFAULT,
    workspace: Where = None,
    as_of: Date = None,
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Only labels whose champion is missing, too old or too weak; says why.")
    ] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Trains a model per label: calibrated, judged on later dates, explained, registered; the first good one scores."""
    from abm_ml.jobs.retrain import retrain
    from abm_ml.jobs.train import train as job

    with _opened(config, workspace, quiet=quiet or json) as opened:
        result = (retrain if if_needed else job)(opened, labels or (), as_of=_date(as_of))
        terminal.show(result, json=json)
    _refuse(result.refused)


@app.command()
def experiment(
    file: Annotated[Path, typer.Argument(help="What to compare, as YAML; configs/experiment.yaml is an example.")],
    config: Config = DEFAULT,
    workspace: Where = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Also search for better settings, as long as FILE says.")
    ] = False,
    as_of: Date = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compares horizons, features, settings or rungs within the training dates, and tests the best one."""
    from abm_ml.jobs.experiment import experiment as job
    from abm_ml.jobs.experiment_plan import read_plan

    plan = read_plan(file)
    with _opened(config, workspace, quiet=quiet or json) as opened:
        result = job(opened, plan, budget=plan.tune if tune else None, as_of=_date(as_of))
        terminal.show(result, json=json)
    _refuse(result.refused)


@app.command()
def promote(
    label: Annotated[str, typer.Argument(help="progression, win or churn")],
    version: Annotated[int | None, typer.Argument(help="The version; default: the newest.")] = None,
    config: Config = DEFAULT,
    workspace: Where = None,
    as_of: Date = None,
    json: Json = False,
) -> None:
    """Makes a version of a model the champion that scores, if its gate, the champion and a trial allow."""
    from abm_ml.jobs.promote import promote as job

    with _opened(config, workspace, quiet=True) as opened:
        terminal.show(job(opened, label, version, as_of=_date(as_of)), json=json)


@app.command()
def rollback(
    label: Annotated[
        str | None, typer.Argument(help="progression, win or churn; default: the one that was promoted last.")
    ] = None,
    config: Config = DEFAULT,
    workspace: Where = None,
    json: Json = False,
) -> None:
    """Back to the champion before, and to the run that it published."""
    from abm_ml.jobs.rollback import rollback as job

    with _opened(config, workspace, quiet=True) as opened:
        terminal.show(job(opened, label), json=json)


@app.command()
def audit(
    labels: Labels = None,
    config: Config = DEFAULT,
    workspace: Where = None,
    json: Json = False,
) -> None:
    """What was done to models, when and by whom: every training, trial, promotion, rollback and refusal."""
    from abm_ml.jobs.audit import audit as job

    with _opened(config, workspace, quiet=True) as opened:
        terminal.show(job(opened, labels or ()), json=json)


@app.command()
def score(
    config: Config = DEFAULT,
    workspace: Where = None,
    as_of: Date = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only these labels; default: all that are configured.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Write the run again even if it is published already.")] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Scores all eligible accounts, with reasons and KPIs beside, and publishes one immutable run."""
    from abm_ml.jobs.score import score as job

    with _opened(config, workspace, quiet=quiet or json) as opened:
        terminal.show(job(opened, label or (), as_of=_date(as_of), force=force), json=json)


@app.command()
def explain(
    *,
    account: Annotated[str, typer.Argument(help="The account's id.")],
    config: Config = DEFAULT,
    workspace: Where = None,
    as_of: Date = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draws the reasons as PNG into this file; of several labels each gets its name inserted."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="RUN", help="Also why the scores are others than those of this earlier run.")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Walks one account from its events to the words, and says whether the published run says the same."""
    from abm_ml.jobs.explain import explain as job

    with _opened(config, workspace, quiet=quiet or json) as opened:
        result = job(opened, account, as_of=_date(as_of), since=since)
        terminal.show(result, json=json)
    if picture:
        from abm_ml.jobs.picture import draw

        draw(result, picture)


app.command()(cli_value.backtest)
app.command()(cli_value.plan)
app.command()(cli_page.export)
app.command()(cli_serve.serve)
app.command()(cli_serve.feedback)
app.add_typer(cli_serve.app, name="user")
app.add_typer(cli_table.app, name="table")


@app.command()
def catalogue(
    kind: Annotated[str, typer.Argument(help="features, kpis, labels or tables")] = "features",
    markdown: Annotated[bool, typer.Option(help="As a page of Markdown.")] = False,
    json: Json = False,
) -> None:
    """Prints the reference of all features, KPIs, labels or tables from their records."""
    from abm_ml.jobs.reference import as_markdown, reference

    found = reference(kind)
    if markdown:
        typer.echo(as_markdown(found), nl=False)
    else:
        terminal.show(found, json=json)


def main() -> None:
    """Runs a command; what abm_ml, or the file system, refuses becomes one line and the documented exit code."""
    gc.set_threshold(*COLLECT_AFTER)
    arguments = [argument for argument in sys.argv[1:] if argument != DEBUG] or ["--help"]
    try:
        sys.exit(app(arguments, standalone_mode=False))
    except typer.TyperException as error:
        terminal.complain(error.format_message())
        sys.exit(ConfigError.exit_code)
    except typer.Abort:
        sys.exit(1)
    except (AbmError, OSError) as error:
        if DEBUG in sys.argv:
            raise
        terminal.complain(str(error))
        sys.exit(error.exit_code if isinstance(error, AbmError) else StorageError.exit_code)


if __name__ == "__main__":
    main()
