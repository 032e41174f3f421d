"""How results look in a terminal, and as JSON for machines."""

from __future__ import annotations

import json as json_text

import typer

from abm_ml.terminal.bars import progress
from abm_ml.terminal.text import console, plain, visible
from abm_ml.terminal.views import VIEWS

__all__ = ["VIEWS", "complain", "plain", "progress", "show", "visible"]


def show(result: object, *, json: bool) -> None:
    """A job's result: as JSON, or as people read it."""
    if json:
        # ASCII, so that no encoding of a pipe and no control character of a name can spoil it.
        typer.echo(json_text.dumps(plain(result), indent=2, allow_nan=False))
    else:
        VIEWS[type(result).__name__](result, console())


def complain(message: str) -> None:
    """One line on the error stream, red where there are colours; indented lines of a message stay as they are."""
    told = "\n".join(map(visible, _lines(message)))
    typer.secho(f"Error: {told}", fg=typer.colors.RED, err=True)


def _lines(message: str) -> list[str]:
    """The message as one line, but for rows of a table, which are indented, and what follows them."""
    lines = [""]
    for part in message.split("\n"):
        if part.startswith("  "):
            lines.append(part)
        elif lines[-1].startswith("  "):
            lines.append(" ".join(part.split()))
        else:
            lines[-1] = " ".join([*lines[-1].split(), *part.split()])
    return lines
