"""A server's processes: start, end, kill, pause."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from tests.worlds.unprivileged import as_unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SECONDS = 60
PORTS = range(20_000, 32_000)
"""Below those that the kernel gives to connections: a server that starts again finds its port free."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


class ServerError(Exception):
    """The server refused a statement, or did not start: what it said."""


def free_port() -> int:
    """A port of loopback that nothing has."""
    for _ in range(100):
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerError("no port of loopback is free")


def is_taken(port: int) -> bool:
    """Whether something takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class ServerProcess:
    """A process that is no root, and its children; what it says goes to a log."""

    def __init__(self, *command: str | Path, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._command = (*as_unprivileged(), *(str(part) for part in command))
        self._environment = ENVIRONMENT | dict(environment or {})
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def start(self, is_ready: Callable[[], bool]) -> None:
        """Start it, and wait until it is ready.

        Raises:
            ServerError: it ended before, or takes too long.
        """
        assert self._process is None or self._process.poll() is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=self._environment, start_new_session=True
            )
        for _ in range(SECONDS * 100):
            if not self.is_running:
                break
            if is_ready():
                return
            time.sleep(0.01)
        raise ServerError(self._log.read_text(encoding="utf-8", errors="replace")[-2000:])

    def end(self, number: signal.Signals) -> None:
        """Send a signal that ends it, and wait for that."""
        self.resume()
        self._end(number)

    def kill(self) -> None:
        """End all its processes at once, as a crash does."""
        if not self.is_running:
            return
        _, *children = self._processes()
        for process in children:
            _send(process, signal.SIGKILL)
        self._end(signal.SIGKILL)
        _wait_for_the_end(children)

    def pause(self) -> None:
        """Stop all its processes: connections are taken by the kernel, and nothing answers."""
        for process in self._processes():
            _send(process, signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after a pause."""
        for process in self._processes():
            _send(process, signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self.is_running:
            assert self._process is not None
            self._process.send_signal(number)
            self._process.wait(SECONDS)

    def _processes(self) -> list[psutil.Process]:
        """All of them, the first one stopped so that it makes no more; none if it does not run."""
        if not self.is_running:
            return []
        first = psutil.Process(self.pid)
        _send(first, signal.SIGSTOP)
        return [first, *first.children(recursive=True)]


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, number)


def _is_alive(process: psutil.Process) -> bool:
    """What nothing waits for may stay as a zombie, in a container without an init."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for_the_end(processes: list[psutil.Process]) -> None:
    for _ in range(SECONDS * 100):
        if not any(_is_alive(process) for process in processes):
            return
        time.sleep(0.01)
    raise ServerError("a killed process is there still")
