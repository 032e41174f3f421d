"""Serving: reads how the page is served, opens its door, and refuses to open it to others without users."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ConfigDict

from abm_ml.config import Strict, parse_config, read_config
from abm_ml.errors import ConfigError, NotReady
from abm_ml.publishing.web_config import WebConfig

if TYPE_CHECKING:
    from abm_ml.web.access import Desk

_KEEP_ALIVE_SECONDS = 15
_ADD = "abm-ml user add NAME --role seller --owner OWNER_ID"


class _Served(Strict):
    """What the page reads of a workspace's configuration; the jobs check the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    workspace: Path = Path("workspace")
    web: WebConfig = WebConfig()


@dataclass(frozen=True)
class Serving:
    """A workspace's folder, and how its page is served."""

    folder: Path
    web: WebConfig


def serving_of(config: Path, workspace: Path | None, *, host: str | None = None, port: int | None = None) -> Serving:
    """How a workspace's page is served; what the command line says wins.

    Raises:
        ConfigError: the configuration is wrong, or would send passwords in the open.
    """
    read = read_config(config, _Served)
    said = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    web = parse_config({**read.web.model_dump(), **said}, WebConfig, where=f"{config}, key 'web'") if said else read.web
    return Serving(workspace or read.workspace, web)


def run(serving: Serving, say: Callable[[str], None]) -> None:
    """Serves the page until it is stopped.

    Raises:
        NotReady: the packages of the page are not installed.
        ConfigError: others could reach the page, and there are no users.
    """
    try:
        import uvicorn

        from abm_ml.web.app import create_app
        from abm_ml.web.patience import Patience
    except ImportError as error:
        raise NotReady(f"The page needs packages more ({error.name}): pip install 'abm-ml[web]'.") from error
    web = serving.web
    app = create_app(serving.folder, web)
    desk: Desk = app.state.desk
    if not (web.on_loopback or web.oidc or desk.users.any()):
        raise ConfigError(f"{web.host} can be reached by others, and there are no users. Add the first one: {_ADD}")
    with listening_at(web.host, web.port) as listening:
        say(f"The page is open at {_address(web, listening.getsockname()[1])}; Ctrl+C closes it.")
        if desk.is_open:
            say(f"There are no users: it answers on this machine only, and shows all accounts. To change that: {_ADD}")
        if (problem := desk.current.problem) is not None:
            say(str(problem))
        settings = uvicorn.Config(
            app,
            http=Patience,
            ws="none",
            access_log=False,
            server_header=False,
            log_level="warning",
            proxy_headers=bool(web.proxies),
            forwarded_allow_ips=list(web.proxies),
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            ssl_certfile=web.certificate,
            ssl_keyfile=web.certificate_key,
        )
        uvicorn.Server(settings).run(sockets=[listening])


def _address(web: WebConfig, port: int) -> str:
    return web.public_url or f"{'https' if web.certificate else 'http'}://{web.host}:{port}"


def listening_at(host: str, port: int) -> socket.socket:
    """A socket whose connections send at once.

    asyncio leaves that to the system for sockets that were made elsewhere, and the second part of an answer then waits
    40 ms until the first is acknowledged.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
