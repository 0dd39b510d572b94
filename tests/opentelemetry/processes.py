"""Programs on ports of their own: a real netledger, and applications that report to it."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60
FOREIGN = ("NETLEDGER", "XDG", "BANDWIDTH_API_KEY", "NEON_DB_URL", "OTEL", "NODE_")


class Program:
    """A program that answers HTTP on a free port of loopback."""

    def __init__(self, folder: Path, name: str) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self._log = folder / f"{name}.log"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, command: Sequence[str], environment: Mapping[str, str], ready: str, cwd: Path = ROOT) -> None:
        """Start it, and wait until a path answers."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=cwd,
                env=ours | {"HOME": str(self._folder), "PYTHONPATH": str(ROOT), **environment},
            )
        ends = time.monotonic() + READY_SECONDS
        while self.ask("GET", ready) != 200:
            assert self._process.poll() is None, self.said()
            assert time.monotonic() < ends, self.said()
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> int:
        """The status of an answer; 0 where there is none."""
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)  # noqa: S310 - of loopback
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def said(self) -> str:
        """What it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, *, is_killed: bool = False) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill() if is_killed else self._process.terminate()
            self._process.wait(READY_SECONDS)
            self._process = None


class Netledger(Program):
    """A real netledger that counts requests."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "netledger")
        self.ledger = folder / "ledger.db"

    def run(self) -> None:
        """Start it."""
        settings = {
            "NETLEDGER_SERVER_PORT": str(self.port),
            "NETLEDGER_LEDGER_PATH": str(self.ledger),
            "NETLEDGER_APPLICATIONS_METER": "off",
        }
        self.start([sys.executable, "-m", "exporter", "run"], settings, "/-/ready")

    def requests(self, service: str) -> dict[tuple[str, str, str], int]:
        """Requests of a service in the ledger by method, route and code."""
        query = """
            SELECT method, route, code, sum(requests) FROM request_by_day
            WHERE service = ? AND code <> '(all)' GROUP BY 1, 2, 3
        """
        return {(method, route, code): requests for method, route, code, requests in self.query(query, service)}

    def query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the ledger's file."""
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()
