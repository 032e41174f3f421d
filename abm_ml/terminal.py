"""How results look in a terminal, and as JSON for machines."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json as json_text
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from abm_ml.jobs.progress import Advance, Progress

def show(result: Any, *, json: bool) -> None:
    """A job's result: as JSON, or as people read it."""
    if json:
        typer.echo(json_text.dumps(_plain(result), ensure_ascii=False, indent=2))
        return
    views = {
        "CheckResult": _check,
        "TrainResult": _train,
        "PromoteResult": _promote,
        "ScoreResult": _score,
        "Explanation": _explanation,
        "DemoResult": _demo,
        "Reference": _reference,
    }
    views[type(result).__name__](result, _console())


def complain(message: str) -> None:
    """One line on the error stream, red where there are colours."""
    typer.secho("Error: " + " ".join(message.split()), fg=typer.colors.RED, err=True)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """A progress bar per piece of work; none with `quiet` or without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    from abm_ml.jobs.progress import silent

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[step]}"),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield lambda what, steps: _bar(bars, what, steps)


def _bar(bars: Any, what: str, steps: int) -> Advance:
    task = bars.add_task(what, total=steps, step="")
    begun = iter([0] + [1] * 10_000)
    return lambda step: bars.update(task, advance=next(begun), step=step)


def _plain(value: Any) -> Any:
    """A result as JSON knows it: records become objects, dates ISO text, gaps null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN is no JSON
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    # Without a terminal nobody measures the width: whole lines are better than folded ones.
    return console if console.is_terminal else Console(width=160)


def _table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def _safe(text: str) -> str:
    """Text of the data, shown as it is: no markup, no control characters."""
    from rich.markup import escape

    return escape("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text))


def _check(result: Any, console: Console) -> None:
    numbers = ("read", "accepted", "quarantined", "merged")
    table = _table("Tables", "table", *numbers, "first finding", right=numbers)
    for report in result.tables:
        finding = str(report.findings[0]) if report.findings else ""
        table.add_row(report.table, *[f"{getattr(report, name):,}" for name in numbers], _safe(finding))
    console.print(table)
    if result.quarantined:
        console.print(f"Each refused row stands with its line and reason in {_safe(result.quarantine)}.")
    for note in result.notes:
        console.print(f"Note: {_safe(note)}")


def _train(result: Any, console: Console) -> None:
    numbers = ("AUC", "90 % interval", "rule's AUC", "calibration error", "lift")
    table = _table("Models, judged on later dates", "model", "gate", *numbers, "alias", right=numbers)
    for each in result.trained:
        auc, figures = each.evaluation.roc_auc, each.evaluation
        table.add_row(
            each.version.name,
            each.verdict.word,
            f"{auc.value:.3f}",
            f"{auc.low:.3f} to {auc.high:.3f}",
            f"{each.comparisons[0].baseline_auc.value:.3f}",
            f"{figures.calibration_error.value:.3f}",
            f"{figures.top_decile_lift.value:.1f}",
            "champion" if each.champion else "challenger",
        )
    console.print(table)
    for each in result.trained:
        if each.verdict.failed:
            told = "; ".join(f"{check.name} {check.value:.3f}, needed {check.needed}" for check in each.verdict.failed)
            console.print(f"{each.version.name} is {each.verdict.word}: {told}.")
    for label in result.left_out:
        console.print(f"Not trained: {label}, for its tables are not there.")
    for each in result.trained:
        if each.verdict.word == "Not ready":
            console.print(f"{each.version.name} will not score. Its card says why: {_safe(str(each.card))}")


def _promote(result: Any, console: Console) -> None:
    before = f"; before it was {result.before.name}" if result.before else ""
    console.print(f"{result.champion.name} ({result.champion.gate}) is the champion from now on{before}.")


def _score(result: Any, console: Console) -> None:
    how = "was published already" if result.already_published else "is published"
    counts = ", ".join(f"{count:,} for {label} ({result.models[label]})" for label, count in result.scored.items())
    console.print(f"Run {result.run_id} {how}: accounts scored {counts}.")
    console.print(f"It lies in {_safe(str(result.folder))}.")


def _explanation(result: Any, console: Console) -> None:
    console.print(f"[bold]{_safe(result.name)}[/bold] ({_safe(result.account_id)}) on {result.as_of:%Y-%m-%d}")
    table = _table(
        f"The last of {result.engagements:,} engagements known then", "when", "kind", "channel", "side", "contact"
    )
    for row in result.last_engagements:
        table.add_row(
            f"{row['happened_at']:%Y-%m-%d %H:%M}",
            *[_safe(str(row[name] or "")) for name in ("kind", "channel", "side", "contact_id")],
        )
    console.print(table)
    kpis = "; ".join(f"{name} {_number(value)}" for name, value in result.kpis.items() if value is not None)
    console.print(f"KPIs: {kpis}")
    for each in result.scores:
        _one_score(each, console)


def _one_score(each: Any, console: Console) -> None:
    table = _table(
        f"{each.label}: {each.probability:.1%} (grade {each.grade}, between {each.low:.1%} and {each.high:.1%}, {each.model})",
        "feature", "value", "typical", "points", "reason", right=("points",),
    )  # fmt: skip
    table.add_row("(where everybody starts)", "", "", f"{100 * each.base_probability:.2f}", "")
    for reason in each.reasons:
        shown = [
            _safe(str(reason[name] if reason[name] is not None else "")) for name in ("feature", "value", "typical")
        ]
        table.add_row(*shown, f"{100 * reason['points']:+.2f}", _safe(reason["text"]))
    table.add_row("(the score)", "", "", f"{100 * each.probability:.2f}", "")
    console.print(table)
    if each.as_published is not None:
        console.print("The published run says the same." if each.as_published else "The published run says otherwise.")


def _number(value: Any) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _demo(result: Any, console: Console) -> None:
    _check(result.check, console)
    _train(result.train, console)
    for label in dict.fromkeys(each.label for each in result.top):
        console.print(f"\n[bold]Top accounts for {label}[/bold]")
        for each in (one for one in result.top if one.label == label):
            share = "unknown" if each.penetration_rate is None else f"{each.penetration_rate:.0%}"
            console.print(
                f"  [bold]{each.probability:6.1%}[/bold]  {each.grade}  {_safe(each.name)} ({_safe(each.account_id)})  "
                f"[dim]{each.low:.0%} to {each.high:.0%}; engagement {each.engagement_score:.0f} points, "
                f"{each.engagement_level}; penetration {share}[/dim]"
            )
            for reason in each.reasons:
                console.print(f"           - {_safe(reason)}")
    console.print()
    _score(result.score, console)
    first = result.top[0].account_id if result.top else "ACCOUNT"
    console.print(f"Why does an account score so? abm-ml explain {first}")


def _reference(result: Any, console: Console) -> None:
    table = _table(result.title, *result.columns)
    for row in result.rows:
        table.add_row(*[_safe(cell.strip("`")) for cell in row])
    console.print(table)
