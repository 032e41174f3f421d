"""The command that hands the published scores to others: a file per seller that needs no server, or a table."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm_ml.door import DEFAULT, Config, Where
from abm_ml.errors import ConfigError, NotReady, did_you_mean

if TYPE_CHECKING:
    from abm_ml.web.store import Store

KINDS = ("html", "csv", "xlsx")


def export(
    *,
    config: Config = DEFAULT,
    workspace: Where = None,
    to: Annotated[str, typer.Option(help="html: a page per seller in one file each; csv or xlsx: a table.")] = "html",
    owner: Annotated[
        str | None, typer.Option(help="Only the accounts of this seller (owner_id); default: all sellers.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; default: exports in the workspace.")] = None,
) -> None:
    """Writes the published scores as files: explained pages for sellers without a server, or a table."""
    if to not in KINDS:
        raise ConfigError(f"--to: there is no '{to}'. {did_you_mean(to, KINDS)}")
    try:
        from abm_ml.web.report import owners_of
        from abm_ml.web.serving import serving_of
        from abm_ml.web.store import Store
    except ImportError as error:
        raise NotReady(f"Exports need packages more ({error.name}): pip install 'abm-ml[web]'.") from error
    from abm_ml.publishing.pointer import current_run_id, run_folder

    folder = serving_of(config, workspace).folder
    store = Store.open(run_folder(folder, current_run_id(folder)))
    owners = (owner,) if owner is not None or to != "html" else owners_of(store)
    for each in owners:
        path = (out or folder / "exports") / _file_name(store, each, to)
        _write(store, each, path)
        typer.echo(str(path))


def _write(store: Store, owner: str | None, path: Path) -> None:
    from abm_ml.publishing.storage import make_folder, replace_bytes, storing
    from abm_ml.web.exports import written
    from abm_ml.web.records import ListQuery
    from abm_ml.web.report import report, seller

    kind = path.suffix.removeprefix(".")
    if kind == "html" and owner is not None:
        content = report(store, owner).encode()
    else:
        rows = store.export(seller(store, owner), ListQuery())
        content = written(rows, store.run, [model.label for model in store.models], kind)
    with storing(path):
        make_folder(path.parent)
        replace_bytes(path, content)


def _file_name(store: Store, owner: str | None, kind: str) -> str:
    """accounts-S01-2026-06-30.html; an id that no file can be called by gets a part of its hash beside."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", owner or "all")
    mark = "" if plain == (owner or "all") else f"-{hashlib.sha256((owner or '').encode()).hexdigest()[:8]}"
    return f"accounts-{plain[:60]}{mark}-{store.run.as_of.isoformat()}.{kind}"
