"""The real `netledger run` on a port of its own, killed and started again: its HTTP, and its ledger read."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
READY_SECONDS = 30
FOREIGN = ("NETLEDGER", "XDG", "BANDWIDTH_API_KEY", "NEON_DB_URL")


class KilledService:
    """`netledger run` on a port of its own, started and killed again and again."""

    def __init__(self, folder: Path, settings: Mapping[str, object] | None = None) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.ledger = folder / "ledger.db"
        self._log = folder / "netledger.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = folder / "netledger.yaml"
        self._settings.write_text(yaml.safe_dump(dict(settings or {})), encoding="utf-8")
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self._environment = foreign | {
            "HOME": str(folder),
            "NETLEDGER_SERVER_PORT": str(self.port),
            "NETLEDGER_LEDGER_PATH": str(self.ledger),
            "NETLEDGER_LEDGER_COMMIT_INTERVAL": "1s",
            "NETLEDGER_APPLICATIONS_METER": "off",
        }

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "exporter", "--config", str(self._settings), "run"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment, cwd=ROOT)
        ends = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, self._log.read_text(encoding="utf-8")
            time.sleep(0.02)

    def end(self, *, is_killed: bool) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill() if is_killed else self._process.terminate()
            self._process.wait(READY_SECONDS)
            self._process = None

    def post_bytes(self, path: str, body: bytes, media_type: str) -> bytes:
        """The body of a good answer; raises OSError where there is none, or an error."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, {"Content-Type": media_type})
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
            return bytes(answer.read())

    def post(self, path: str, body: object, key: str = "") -> Any:
        """The JSON of an answer; raises OSError where there is none, or an error."""
        headers = {"Content-Type": "application/json", **({"X-API-Key": key} if key else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the ledger's file."""
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False
