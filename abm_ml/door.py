"""What the commands share: their options, the workspace they open, who calls, and dates as they are typed."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm_ml import terminal
from abm_ml.errors import ConfigError, GateRefused, UnknownName, did_you_mean

if TYPE_CHECKING:
    from abm_ml.jobs.workspace import Workspace
    from abm_ml.modelling.audit import Caller
    from abm_ml.timeline import Calendar

DEFAULT = Path("configs/demo.yaml")

Config = Annotated[Path, typer.Option("--config", "-c", help="The workspace's configuration.")]
Where = Annotated[
    Path | None, typer.Option("--workspace", "-w", help="Where to write, instead of the configured folder.")
]
Date = Annotated[
    str | None, typer.Option("--as-of", help="The scoring date, e.g. 2026-06-30; default: the configured one.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bars, and only what was asked for.")]
Json = Annotated[bool, typer.Option("--json", help="The result as JSON, for machines.")]
Labels = Annotated[list[str] | None, typer.Argument(help="progression, win, churn; default: all that are configured.")]


@contextmanager
def opened(config: Path, workspace: Path | None, *, quiet: bool, data: Path | None = None) -> Iterator[Workspace]:
    """The workspace that a command works in, with progress bars unless it is to be quiet."""
    from abm_ml.jobs.workspace import open_workspace

    with (
        terminal.progress(quiet=quiet) as progress,
        open_workspace(config, workspace=workspace, data=data, progress=progress) as found,
    ):
        found.caller = caller()
        yield found


def caller() -> Caller:
    """Who calls, and when."""
    from abm_ml.modelling.audit import Caller

    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        who = f"user {os.getuid()}"
    return Caller(who, dt.datetime.now(dt.UTC).replace(tzinfo=None))


def refuse(parts: Mapping[str, str]) -> None:
    """Ends a command that has done and shown the rest: a part of what was asked for was refused.

    Raises:
        GateRefused: there is such a part; the reasons are its message.
    """
    if parts:
        raise GateRefused("\n".join(parts.values()))


def date_of(text: str | None, option: str = "--as-of") -> dt.datetime | None:
    """A date as it was typed; None where none was."""
    if text is None:
        return None
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{option}: '{text}' is not a date. Write it like 2026-06-30.") from error


def calendar_of(text: str | None) -> Calendar | None:
    """A kind of period as it was typed; None where none was."""
    for known in ("month", "quarter", "year"):
        if text == known:
            return known
    if text is None:
        return None
    raise UnknownName(f"--period: there is no '{text}'. {did_you_mean(text, ('month', 'quarter', 'year'))}")
