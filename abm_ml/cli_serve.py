"""The commands of the page: serve, its users, and the feedback that came in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm_ml import terminal
from abm_ml.door import DEFAULT, Config, Json, Where, opened
from abm_ml.errors import NotReady, UnknownName, did_you_mean

if TYPE_CHECKING:
    from abm_ml.web.people import People
    from abm_ml.web.records import Viewer

app = typer.Typer(
    help="Who may open the page: users, their roles, accounts, passwords and tokens.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The user's name; capitals make no difference.")]
Role = Annotated[str, typer.Option(help="seller, manager or admin")]
Owners = Annotated[list[str] | None, typer.Option("--owner", help="Sees the accounts of this owner_id; repeatable.")]
Territories = Annotated[list[str] | None, typer.Option("--territory", help="Sees this territory; repeatable.")]


def serve(
    *,
    config: Config = DEFAULT,
    workspace: Where = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on; default: this machine only.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="default: 8000")] = None,
) -> None:
    """The sales page and the API over the published runs, until it is stopped."""
    from abm_ml.web.serving import run, serving_of

    run(serving_of(config, workspace, host=host, port=port), typer.echo)


@app.command()
def add(
    name: Name,
    *,
    role: Role = "seller",
    owner: Owners = None,
    territory: Territories = None,
    oidc: Annotated[
        str | None, typer.Option(help="Signs in at the configured issuer, which knows the user by this name.")
    ] = None,
    config: Config = DEFAULT,
    workspace: Where = None,
) -> None:
    """Takes a user in, and prints the first password: good for one use, within a week."""
    users = _people(config, workspace).users
    first = users.add(_viewer(name, role, owner, territory), subject=oidc)
    typer.echo(f"First password of {name}, for one use: {first}" if first else f"{name} signs in at the issuer.")


@app.command()
def change(
    name: Name,
    *,
    role: Role = "seller",
    owner: Owners = None,
    territory: Territories = None,
    config: Config = DEFAULT,
    workspace: Where = None,
) -> None:
    """Gives a user another role or other accounts, at once, also in open sessions."""
    _people(config, workspace).users.place(_viewer(name, role, owner, territory))
    typer.echo(f"{name} is changed.")


@app.command()
def reset(name: Name, config: Config = DEFAULT, workspace: Where = None) -> None:
    """Gives a user a new first password, and ends all sessions."""
    first = _people(config, workspace).users.reset(name)
    typer.echo(f"First password of {name}, for one use: {first}")


@app.command()
def disable(name: Name, config: Config = DEFAULT, workspace: Where = None) -> None:
    """Shuts a user out, with all sessions and tokens."""
    _people(config, workspace).users.disable(name)
    typer.echo(f"{name} is shut out.")


@app.command()
def enable(name: Name, config: Config = DEFAULT, workspace: Where = None) -> None:
    """Lets a user in again."""
    _people(config, workspace).users.enable(name)
    typer.echo(f"{name} may come in again.")


@app.command()
def token(
    name: Name,
    *,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is good.")] = 90,
    config: Config = DEFAULT,
    workspace: Where = None,
) -> None:
    """Prints a token for the API, with the rights of a user; it is shown this once."""
    typer.echo(_people(config, workspace).token(name, days=days))


@app.command("list")
def list_users(config: Config = DEFAULT, workspace: Where = None) -> None:
    """The users, their roles and what they see."""
    for user in _people(config, workspace).users.all():
        typer.echo(str(user))


def feedback(
    *,
    config: Config = DEFAULT,
    workspace: Where = None,
    out: Annotated[Path | None, typer.Option(help="Writes it as .csv, .parquet or .xlsx.")] = None,
    json: Json = False,
) -> None:
    """What people said of scores on the page, beside the scores as they were shown."""
    from abm_ml.jobs.feedback import feedback as job

    with opened(config, workspace, quiet=True) as there:
        terminal.show(job(there, out=out), json=json)


def _people(config: Path, workspace: Path | None) -> People:
    try:
        from abm_ml.web.people import people_at
        from abm_ml.web.serving import serving_of
    except ImportError as error:
        raise NotReady(f"The page needs packages more ({error.name}): pip install 'abm-ml[web]'.") from error
    serving = serving_of(config, workspace)
    return people_at(serving.folder, serving.web)


def _viewer(name: str, role: str, owners: list[str] | None, territories: list[str] | None) -> Viewer:
    from abm_ml.web.records import ROLES, Viewer

    for known in ROLES:
        if role == known:
            return Viewer(name=name, role=known, owners=tuple(owners or ()), territories=tuple(territories or ()))
    raise UnknownName(f"--role: there is no '{role}'. {did_you_mean(role, ROLES)}")
