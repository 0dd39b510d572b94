"""The watch over a service, with a server that answers or not, and a command that notes its call."""

from __future__ import annotations

import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from exporter.cli.root import netledger
from exporter.installing.health_watch import HealthWatch
from exporter.session.environment import Environment
from exporter.settings.tree import Server, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Handler(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/-/healthy" else 404)
        self.end_headers()
        self.wfile.write(b"netledger is healthy\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A port that answers /-/healthy."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that refuses: bound, and no one listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def _watch(port: int, noted: Path, failures: int = 2, code: int = 0) -> tuple[HealthWatch, list[str]]:
    lines: list[str] = []
    program = f"import sys; open({str(noted)!r}, 'a').write('x'); sys.exit({code})"
    settings = Settings(server=Server(port=port), plans=())
    return HealthWatch(settings, (sys.executable, "-c", program), failures, lines.append), lines


def test_a_service_that_answers_is_left_alone(port: int, tmp_path: Path) -> None:
    watch, lines = _watch(port, tmp_path / "noted", failures=1)

    assert [watch.ask() for _ in range(3)] == [True] * 3
    assert lines == []
    assert not (tmp_path / "noted").exists()


def test_a_service_that_does_not_answer_is_restarted_once_and_given_time(silent_port: int, tmp_path: Path) -> None:
    watch, lines = _watch(silent_port, tmp_path / "noted")
    noted = tmp_path / "noted"

    assert not watch.ask()
    assert not noted.exists()
    watch.ask()
    assert noted.read_text(encoding="utf-8") == "x"
    for _ in range(3):
        watch.ask()
    assert noted.read_text(encoding="utf-8") == "x"
    watch.ask()

    assert noted.read_text(encoding="utf-8") == "xx"
    assert "did not answer" in lines[0]


def test_a_restart_that_fails_is_said(silent_port: int, tmp_path: Path) -> None:
    watch, lines = _watch(silent_port, tmp_path / "noted", failures=1, code=7)
    watch.ask()
    assert lines[-1] == "it failed with exit code 7"

    settings = Settings(server=Server(port=silent_port), plans=())
    HealthWatch(settings, ("/there/is/no/program",), 1, lines.append).ask()

    assert lines[-1].startswith("it failed: ")


def test_the_command_asks_as_often_as_it_is_told(silent_port: int, tmp_path: Path) -> None:
    environ = {"NETLEDGER_SERVER_PORT": str(silent_port), "HOME": str(tmp_path)}
    program = ["--", sys.executable, "-c", f"open({str(tmp_path / 'noted')!r}, 'a').write('x')"]
    options = ["--interval", "0.1", "--count", "3", "--failures", "3"]

    done = CliRunner().invoke(netledger, ["service", "watch", *options, *program], obj=Environment(environ=environ))

    assert done.exit_code == 0, done.output
    assert (tmp_path / "noted").read_text(encoding="utf-8") == "x"
