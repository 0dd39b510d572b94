"""`netledger run` as a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.exporter.cli.small_ledger import ZONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START_SECONDS, STOP_SECONDS = 20, 15


class Ended(NamedTuple):
    """How a process ended and what it wrote."""

    code: int
    stdout: str
    stderr: str


class Service:
    """`netledger run` as a process of its own; it meters nothing, so that its figures stand still."""

    def __init__(self, folder: Path, ledger: Path) -> None:
        self.folder, self.ledger = folder, ledger
        self.settings_file = folder / "netledger.yaml"
        self.configure()
        self._process: subprocess.Popen[str] | None = None
        self._head, self.port = "", 0

    def configure(self, **sections: dict[str, object]) -> None:
        """Write the settings file anew."""
        settings: dict[str, dict[str, object]] = {
            "server": {"port": 0},
            "interfaces": {"include": ["none-of-them"]},
            "applications": {"meter": "off"},
            "battery": {"sample_interval": "100ms", "commit_interval": "1s"},  # as on the mains
            "ledger": {"path": str(self.ledger), "timezone": ZONE.key, "backups": 0},
        }
        for section, keys in sections.items():
            settings[section] = settings.get(section, {}) | keys
        self.settings_file.write_text(json.dumps(settings), encoding="utf-8")

    def start(self, *arguments: str, within: Sequence[str] = ()) -> str:
        """Start it, and give its address; `within` is a command that begins others."""
        self._process = subprocess.Popen(
            [*within, *self._command("run", *arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=self._environ(),
            process_group=0,
        )
        return self.next_address()

    def next_address(self, host: str = "127.0.0.1") -> str:
        """Read until the next address is printed, and the ledger behind it."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found = re.fullmatch(rf"netledger listens on (https?://{re.escape(host)}:(\d+))\n", line)
        assert found, f"no address but {line!r}: {self.stop() if self._process.poll() is None else self.ended()}"
        self.port = int(found[2])
        self._head = line + "".join(self._process.stdout.readline() for _ in range(2))
        return found[1]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def head(self) -> str:
        """The lines that it printed when it started."""
        return self._head

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        """Send a signal, and wait for the end."""
        self.send(number)
        return self.ended()

    def ended(self) -> Ended:
        assert self._process is not None
        stdout, stderr = self._process.communicate(timeout=STOP_SECONDS)
        process, self._process = self._process, None
        return Ended(process.returncode, stdout, stderr)

    def end(self) -> None:
        """Leave nothing behind."""
        if self._process is not None:
            self._process.kill()
            self.ended()

    def command(self, *arguments: str, **environ: str) -> Ended:
        """Run one command beside it."""
        done = subprocess.run(
            self._command(*arguments),
            capture_output=True,
            encoding="utf-8",
            timeout=START_SECONDS,
            check=False,
            env=self._environ() | environ,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "exporter", "--config", str(self.settings_file), *arguments]

    def _environ(self) -> dict[str, str]:
        foreign = ("NETLEDGER", "XDG", "BANDWIDTH_API_KEY", "NEON_DB_URL", "COLUMNS", "NO_COLOR")
        return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | {
            "HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }


def fetch(url: str, path: str) -> Any:
    """GET JSON of a service."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return json.loads(answer.read())
    finally:
        connection.close()
