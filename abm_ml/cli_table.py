"""The commands for ready-made tables: a model for the rows of a file, without a company's tables around it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from abm_ml import terminal
from abm_ml.door import Json, Quiet, caller

app = typer.Typer(help="A model for the rows of a ready-made table.", no_args_is_help=True)

TableFile = Annotated[Path, typer.Argument(help="The table's YAML file: which column plays which part.")]


@app.command()
def train(
    file: TableFile,
    data: Annotated[Path | None, typer.Option(help="The rows, instead of the file that the YAML names.")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Trains a model on a table: calibrated, judged on rows held out, explained, registered."""
    from abm_ml.jobs.flat import train_table

    with terminal.progress(quiet=quiet or json) as progress:
        result = train_table(file, data, caller=caller(), progress=progress)
    terminal.show(result, json=json)


@app.command()
def score(
    file: TableFile,
    data: Annotated[Path, typer.Option(help="The rows to score: .csv, .csv.gz or .parquet.")],
    out: Annotated[
        Path, typer.Option(help="The scores as .csv, .parquet or .xlsx; the reasons lie beside, as NAME-reasons.")
    ],
    json: Json = False,
) -> None:
    """Scores the rows of a file with the champion of a table's model, with reasons."""
    from abm_ml.jobs.flat import score_table

    terminal.show(score_table(file, data, out=out), json=json)


@app.command()
def promote(
    file: TableFile,
    version: Annotated[int | None, typer.Argument(help="The version; default: the newest.")] = None,
    json: Json = False,
) -> None:
    """Makes a version of a table's model the champion that scores, if its gate allows."""
    from abm_ml.jobs.flat import promote_table

    terminal.show(promote_table(file, version, caller=caller()), json=json)
