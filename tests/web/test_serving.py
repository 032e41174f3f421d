"""Serving: who may be served how, and what is loaded for it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from abm_ml.errors import ConfigError
from abm_ml.publishing.web_config import WebConfig
from abm_ml.web import serving
from abm_ml.web.patience import Patience
from abm_ml.web.people import people_at
from abm_ml.web.records import Viewer
from abm_ml.web.serving import Serving, run, serving_of
from tests.web.conftest import cheap

ROOT = Path(__file__).resolve().parents[2]


def test_S14_others_are_not_served_without_users(tmp_path: Path) -> None:
    """An address that others can reach needs users first; the message says how to add one."""
    web = WebConfig(host="192.0.2.1", public_url="https://page.example")
    with pytest.raises(ConfigError, match="abm-ml user add"):
        run(Serving(tmp_path, web), print)


def test_S14_passwords_are_not_sent_in_the_open(tmp_path: Path) -> None:
    """An address that others can reach needs https, here or at a proxy."""
    config = tmp_path / "page.yaml"
    config.write_text("source: {kind: synthetic}\nweb: {port: 0}\n")
    with pytest.raises(ConfigError, match="certificate"):
        serving_of(config, None, host="0.0.0.0")  # noqa: S104  it is refused
    assert serving_of(config, tmp_path, port=81).web.port == 81


@pytest.mark.parametrize(
    "wrong", ["public_url: http://page.example", "port: 70000", "certificate: a.pem", "colour: red"]
)
def test_wrong_settings_are_named(tmp_path: Path, wrong: str) -> None:
    """A key that does not exist, or a value that would not be safe, is refused with its place in the file."""
    config = tmp_path / "page.yaml"
    config.write_text(f"web: {{{wrong}}}\n")
    with pytest.raises(ConfigError, match=r"page\.yaml, line 1"):
        serving_of(config, None)


def test_serving_says_where_and_to_whom_it_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without users that everybody at this machine sees everything; with users nothing of that; no run is no crash."""
    asked: list[Any] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: asked.append(self.config))
    told: list[str] = []
    run(Serving(tmp_path, WebConfig(port=0)), told.append)
    assert "this machine only" in told[1]
    assert "no scores have been published" in told[2]
    assert (asked[0].server_header, asked[0].proxy_headers, asked[0].http) == (False, False, Patience)
    people_at(tmp_path, WebConfig(), passwords=cheap()).users.add(Viewer(name="ada", role="admin"))
    told.clear()
    run(Serving(tmp_path, WebConfig(port=0)), told.append)
    assert "this machine only" not in "".join(told)


def test_answers_are_sent_at_once() -> None:
    """A connection that the page takes waits for no acknowledgement between the parts of an answer."""
    with serving.listening_at("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        taken, _ = listening.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_page_starts_without_what_computes() -> None:
    """Neither learners nor data frames nor engines are loaded to serve; so it starts in a moment."""
    slow = {
        "duckdb",
        "ibis",
        "lightgbm",
        "matplotlib",
        "mlflow",
        "numba",
        "pandas",
        "plotly",
        "pyarrow",
        "shap",
        "sklearn",
    }
    program = "import sys, abm_ml.web.app, abm_ml.web.serving; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert slow & set(loaded.stdout.split()) == set()


def test_F59_who_sends_a_request_drop_by_drop_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that is not complete in time ends the connection; one that is complete is answered."""
    monkeypatch.setattr(Patience, "head_seconds", 0.05)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, http=Patience, lifespan="off", log_level="error"))
        server.install_signal_handlers = lambda: None  # type: ignore[method-assign]  # a thread may not have any
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        address = listening.getsockname()
        with (
            socket.create_connection(address, timeout=30) as slow,
            socket.create_connection(address, timeout=30) as good,
        ):
            good.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"204" in good.recv(1000)
            slow.sendall(b"GET / HT")
            assert slow.recv(1000) == b""
        server.should_exit = True
        thread.join(30)


def test_the_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """Another program at the port is an error of one line, not a traceback from within."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serving.run(Serving(tmp_path, WebConfig(port=taken.getsockname()[1])), print)
