"""How results look in a terminal, and as JSON for machines."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json as json_text
import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.table import Table

    from abm_ml.jobs.check import CheckResult
    from abm_ml.jobs.demo import DemoResult, TopAccount
    from abm_ml.jobs.explain import Explained, Explanation
    from abm_ml.jobs.progress import Advance, Progress
    from abm_ml.jobs.promote import PromoteResult
    from abm_ml.jobs.reference import Reference
    from abm_ml.jobs.score import ScoreResult
    from abm_ml.jobs.train import Trained, TrainResult

Part = str | tuple[str, str]
"""A piece of a line: text, or text with its style."""


def show(result: object, *, json: bool) -> None:
    """A job's result: as JSON, or as people read it."""
    if json:
        # ASCII, so that no encoding of a pipe and no control character of a name can spoil it.
        typer.echo(json_text.dumps(plain(result), indent=2, allow_nan=False))
    else:
        VIEWS[type(result).__name__](result, _console())


def complain(message: str) -> None:
    """One line on the error stream, red where there are colours."""
    typer.secho(f"Error: {visible(' '.join(message.split()))}", fg=typer.colors.RED, err=True)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A progress bar per piece of work; none with `quiet` or without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    from abm_ml.jobs.progress import silent

    console = Console(stderr=True)
    if quiet or not (console.is_terminal and console.file.isatty()):  # FORCE_COLOR makes a pipe look like a terminal
        yield silent
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}", style="dim", markup=False),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield lambda what, steps: _bar(bars, what, steps)


def _bar(bars: Bars, what: str, steps: int) -> Advance:
    """A new bar; those before it are done. A step counts as made when the next one begins."""
    for before in bars.tasks:
        bars.update(before.id, completed=before.total, step="")
    task = bars.add_task(what, total=steps, step="")
    made = chain((0,), repeat(1))
    return lambda step: bars.update(task, advance=next(made), step=step)


def plain(value: Any) -> Any:
    """A result as JSON knows it: records become objects, dates ISO text, gaps and what is no finite number null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def visible(text: str) -> str:
    """Text of the data as it may be shown: what would steer the terminal or turn the line around is replaced."""
    return "".join(
        sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def _console() -> Console:
    from rich.console import Console

    # Text of the data is no markup: neither [red] nor :smile: means anything in a company's name.
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 160  # without a terminal nobody measures the width
    return console


def _line(console: Console, *parts: Part) -> None:
    """One line, however long; the terminal may fold it."""
    from rich.text import Text

    pieces = [(part, "") if isinstance(part, str) else part for part in parts]
    console.print(Text.assemble(*[(visible(text), style) for text, style in pieces]), soft_wrap=True)


def _table(title: str, columns: Sequence[str], *, right: Sequence[str] = ()) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*[visible(cell) for cell in cells])


def _check(result: CheckResult, console: Console) -> None:
    numbers = ("read", "accepted", "quarantined", "merged")
    table = _table("Tables", ("table", *numbers, "first finding"), right=numbers)
    for report in result.tables:
        finding = str(report.findings[0]) if report.findings else ""
        _row(table, report.table, *[f"{getattr(report, name):,}" for name in numbers], finding)
    console.print(table)
    if result.quarantined:
        _line(console, f"Each refused row stands with its line and reason in {result.quarantine}.")
    for note in result.notes:
        _line(console, f"Note: {note}")


def _train(result: TrainResult, console: Console) -> None:
    numbers = ("AUC", "90 % interval", "rule's AUC", "calibration error", "lift")
    table = _table("Models, judged on later dates", ("model", "gate", *numbers, "alias"), right=numbers)
    for each in result.trained:
        auc, figures = each.evaluation.roc_auc, each.evaluation
        _row(
            table,
            each.version.name,
            each.verdict.word,
            f"{auc.value:.3f}",
            f"{auc.low:.3f} to {auc.high:.3f}",
            f"{each.comparisons[0].baseline_auc.value:.3f}",
            f"{figures.calibration_error.value:.3f}",
            f"{figures.top_decile_lift.value:.1f}",
            each.alias or "",
        )
    if result.trained:
        console.print(table)
    for each in result.trained:
        _verdict(each, console)
    for label in result.left_out:
        _line(console, f"Not trained: {label}, for its tables are not there.")
    for why in result.refused.values():
        _line(console, why)


def _verdict(each: Trained, console: Console) -> None:
    """What stands between a model and Ready, and where to read on if it may not score."""
    if each.verdict.failed:
        told = "; ".join(f"{check.name} {check.value:.4g}, needed {check.needed}" for check in each.verdict.failed)
        _line(console, f"{each.version.name} is {each.verdict.word}: {told}.")
    if not each.may_score:
        _line(console, f"{each.version.name} will not score. Its card says why: {each.card}")


def _promote(result: PromoteResult, console: Console) -> None:
    before = f"; before it was {result.before.name}" if result.before else ""
    _line(console, f"{result.champion.name} ({result.champion.gate}) is the champion from now on{before}.")


def _score(result: ScoreResult, console: Console) -> None:
    how = "was published already" if result.already_published else "is published"
    counts = ", ".join(f"{count:,} for {label} ({result.models[label]})" for label, count in result.scored.items())
    _line(console, f"Run {result.run_id} {how}: accounts scored {counts}.")
    for label in result.left_out:
        _line(console, f"Not scored: {label}, for its tables are not there.")
    _line(console, f"It lies in {result.folder}.")


def _explanation(result: Explanation, console: Console) -> None:
    _line(console, (result.name, "bold"), f" ({result.account_id}) on {result.as_of:%Y-%m-%d}")
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in result.events.items() if count)
    _line(console, f"Known then: {counts or 'no events'}")
    table = _table("The newest events", ("when", "what", "detail"))
    for event in result.last_events:
        _row(table, f"{event.when:%Y-%m-%d %H:%M}", event.what, event.detail)
    if result.last_events:
        console.print(table)
    kpis = "; ".join(f"{name} {_number(value)}" for name, value in result.kpis.items() if value is not None)
    _line(console, f"KPIs: {kpis}")
    for each in result.scores:
        _explained(each, console)


def _explained(each: Explained, console: Console) -> None:
    title = f"{each.label}: {each.probability:.1%} (grade {each.grade}, between {each.low:.1%} and {each.high:.1%}, "
    shown = ("feature", "value", "typical")
    table = _table(f"{title}{each.model})", (*shown, "points", "reason"), right=("points",))
    _row(table, "(where everybody starts)", "", "", f"{100 * each.base_probability:.2f}", "")
    for reason in each.reasons:
        cells = ["" if reason[name] is None else str(reason[name]) for name in shown]
        _row(table, *cells, f"{100 * reason['points']:+.2f}", reason["text"])
    _row(table, "(the score)", "", "", f"{100 * each.probability:.2f}", "")
    console.print(table)
    if each.as_published is not None:
        _line(console, f"The published run says {'the same' if each.as_published else 'otherwise'}.")


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _demo(result: DemoResult, console: Console) -> None:
    _check(result.check, console)
    _train(result.train, console)
    for label in dict.fromkeys(each.label for each in result.top):
        console.print()
        _line(console, (f"Top accounts for {label}", "bold"))
        for each in (one for one in result.top if one.label == label):
            _top_account(each, console)
    console.print()
    _score(result.score, console)
    _line(console, f"Why does an account score so? abm-ml explain {result.top[0].account_id}")


def _top_account(each: TopAccount, console: Console) -> None:
    beside = [f"{each.low:.0%} to {each.high:.0%}"]
    if each.engagement_score is not None:
        beside.append(f"engagement {each.engagement_score:.0f} points, {each.engagement_level}")
    if each.penetration_rate is not None:
        beside.append(f"penetration {each.penetration_rate:.0%}")
    who = f"  {each.grade}  {each.name} ({each.account_id})  "
    _line(console, (f"  {each.probability:6.1%}", "bold"), who, ("; ".join(beside), "dim"))
    for reason in each.reasons:
        _line(console, f"           - {reason}")


def _reference(result: Reference, console: Console) -> None:
    table = _table(result.title, result.columns)
    for row in result.rows:
        _row(table, *row)
    console.print(table)


# By name, so that the door opens without the jobs and their libraries.
VIEWS: dict[str, Callable[[Any, Console], None]] = {
    "CheckResult": _check,
    "DemoResult": _demo,
    "Explanation": _explanation,
    "PromoteResult": _promote,
    "Reference": _reference,
    "ScoreResult": _score,
    "TrainResult": _train,
}
