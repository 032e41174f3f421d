"""Progress bars, for work that takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from abm_ml.jobs.progress import Advance, Progress


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
