"""A running netledger, as its users start it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.http_client import Answer, KeptConnection
from tests.bench.process_figures import children_cpu_seconds, cpu_seconds

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from tests.bench.places import Place

ROOT = Path(__file__).parents[2]
START_SECONDS, STOP_SECONDS, POLL_SECONDS = 30, 20, 0.003
FOREIGN = ("NETLEDGER", "PYTHON", "XDG", "BANDWIDTH_API_KEY", "NEON_DB_URL")


class StartError(Exception):
    """The service ended or did not answer in time; the text has its log."""


class Running:
    """One service process: its pid, and connections to it."""

    def __init__(self, process: subprocess.Popen[bytes], place: Place, port: int, log: Path) -> None:
        """The process has just been started; `started` waits for its first answer."""
        self._process, self._place, self._port, self._log = process, place, port, log
        self.pid = process.pid
        self.cpu_at_first_answer = 0.0

    def connect(self) -> KeptConnection:
        """A new connection to the service."""
        return KeptConnection(self.socket())

    def socket(self) -> socket.socket:
        """The same, as it is."""
        return self._place.connect(self._port)

    def get(self, path: str) -> Answer:
        """GET over a connection of its own."""
        connection = self.connect()
        try:
            return connection.get(path)
        finally:
            connection.close()

    def post(self, path: str, body: bytes) -> Answer:
        """POST JSON over a connection of its own."""
        connection = self.connect()
        try:
            return connection.post(path, body)
        finally:
            connection.close()

    def await_first_answer(self) -> None:
        """Wait for the first 200 on /metrics and note the CPU time until then; raises StartError."""
        ends = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                raise StartError(
                    f"netledger did not come up:\n{self._log.read_text(errors='replace', encoding='utf-8')}"
                )
            time.sleep(POLL_SECONDS)
        self.cpu_at_first_answer = cpu_seconds(self.pid) + children_cpu_seconds(self.pid)

    def stop(self) -> None:
        """End the process, by force if it must be."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return self.get("/metrics").status == HTTPStatus.OK
        except OSError:
            return False


@contextmanager
def running(place: Place, ledger: Path, settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A service on this ledger until the block ends; `settings` are by their environment variable."""
    port = place.free_port()
    environment = environment_for(ledger) | {"NETLEDGER_SERVER_PORT": str(port)} | dict(settings or {})
    if place.devices:
        environment.setdefault("NETLEDGER_INTERFACES_COUNTED", "bench*")
    log = ledger.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*place.prefix, *netledger(), "run"], stdout=output, stderr=output, env=environment, cwd=ledger.parent
        )
    service = Running(process, place, port, log)
    try:
        service.await_first_answer()
        yield service
    finally:
        service.stop()


def netledger() -> list[str]:
    """The command, as it is installed beside this Python."""
    script = Path(sys.executable).with_name("netledger")
    return [str(script)] if script.exists() else [sys.executable, "-m", "exporter"]


def environment_for(ledger: Path) -> dict[str, str]:
    """An environment in which nothing but the ledger's path is set."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return ours | {"HOME": str(ledger.parent), "NETLEDGER_LEDGER_PATH": str(ledger)}
