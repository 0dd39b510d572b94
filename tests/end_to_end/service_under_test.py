"""The real `netledger`, run in a namespace, asked over HTTP and by its command line, and its ledger read."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.end_to_end.namespaces import Moved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.end_to_end.namespaces import Namespace

ROOT = Path(__file__).parents[2]
READY_SECONDS = 20
STOP_SECONDS = 15
PORT = 7373


class Answer(NamedTuple):
    """An HTTP answer: status and text."""

    status: int
    text: str


class Netledger:
    """One installation: settings file, ledger file, and the process while it runs."""

    def __init__(self, namespace: Namespace, folder: Path, settings: Mapping[str, dict[str, object]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.namespace = namespace
        self.folder = folder
        self.ledger = folder / "ledger.db"
        self.log = folder / "netledger.log"
        self.port = PORT
        self.boot_id: str | None = None
        """What the kernel calls its boot where netledger runs, as containers do, if not by its own id."""
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(**settings)

    def configure(self, **sections: dict[str, object]) -> None:
        """Write the settings file anew: the defaults of these tests, replaced by what is given."""
        settings: dict[str, dict[str, object]] = {
            "server": {"port": self.port},
            "interfaces": {"sample_interval": "0.2s"},
            "battery": {"sample_interval": "100ms", "commit_interval": "1s"},  # as on the mains
            "ledger": {"path": str(self.ledger), "commit_interval": "1s"},
            "requests": {"own": False},  # these tests count bytes: the ledger rests between them
        }
        for section, keys in sections.items():
            settings[section] = settings.get(section, {}) | keys
        self.ledger = Path(str(settings["ledger"]["path"]))
        self.port = int(str(settings["server"]["port"]))
        self.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")

    @property
    def settings_file(self) -> Path:
        return self.folder / "netledger.yaml"

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        assert self._process is not None, "netledger is not running"
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """Start the service and wait until it is ready."""
        self.launch(*arguments)
        self.wait_until_ready()

    def launch(self, *arguments: str) -> None:
        """Start the service and don't wait."""
        assert self._process is None, "netledger is running already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("run", *arguments), stdout=log, stderr=log, env=self._environment(), cwd=ROOT
            )

    def wait_until_ready(self) -> None:
        """Wait for 200 of /-/ready; raises AssertionError with the log when it doesn't come."""
        ends = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            assert self._process is not None, "netledger was not started"
            assert self._process.poll() is None, f"netledger ended: {self._process.returncode}\n{self.said()}"
            assert time.monotonic() < ends, f"not ready within {READY_SECONDS} s\n{self.said()}"
            time.sleep(0.02)

    def kill(self) -> None:
        """End the service by SIGKILL; `ip netns exec` has become the service, so that the pid is its own."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self, signal_number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the service to end; returns its exit code."""
        self.signal(signal_number)
        return self.wait()

    def signal(self, signal_number: signal.Signals) -> None:
        os.kill(self.pid, signal_number)

    def wait(self) -> int:
        assert self._process is not None, "netledger is not running"
        code = self._process.wait(STOP_SECONDS)
        self._process = None
        return code

    def end(self) -> None:
        """Leave no process behind, whatever state the service is in."""
        if self._process is not None:
            self._process.kill()
            self.wait()

    def said(self) -> str:
        """What the service wrote, all its runs."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def fetch(self, path: str) -> Answer:
        """GET a path of the service."""
        return self.namespace.inside(partial(_get, self.port, path))

    def shows(self, text: str) -> bool:
        """Whether /metrics has this text; no while nobody listens."""
        try:
            return text in self.fetch("/metrics").text
        except OSError:
            return False

    def get(self, path: str) -> Any:
        """GET a path that must answer 200 with JSON."""
        answer = self.fetch(path)
        assert answer.status == http.client.OK, f"{path}: {answer.status} {answer.text}"
        return json.loads(answer.text)

    def metric(self, name: str, device: str | None = None) -> float:
        """The sum of a metric's samples, of one device or of all."""
        families = text_string_to_metric_families(self.fetch("/metrics").text)
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(s.value for s in samples if device is None or s.labels.get("device") == device)

    def lifetime(self, device: str) -> Moved:
        """What /metrics says the ledger has of a device, the unposted bytes included."""
        return Moved(
            int(self.metric("netledger_interface_receive_bytes_total", device)),
            int(self.metric("netledger_interface_transmit_bytes_total", device)),
        )

    def booked(self, device: str) -> Moved:
        """What the ledger file says of a device, summed over all days."""
        row = self.query(
            "SELECT coalesce(sum(receive_bytes), 0), coalesce(sum(transmit_bytes), 0)"
            " FROM usage_by_day WHERE device = :device",
            device=device,
        )[0]
        return Moved(*row)

    def query(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Read the ledger file as anyone may: read only."""
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def falsify(self, sql: str) -> None:
        """Change the ledger file behind the service's back."""
        with closing(sqlite3.connect(self.ledger)) as connection, connection:
            assert connection.execute(sql).rowcount > 0, "nothing was falsified"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the command line to its end."""
        return subprocess.run(
            self._command(*arguments),
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
            env=self._environment(),
            cwd=ROOT,
        )

    def _command(self, name: str, *arguments: str) -> list[str]:
        inside = ["ip", "netns", "exec", self.namespace.name]
        if self.boot_id is not None:  # the mounts of `ip netns exec` are its own
            named = self.folder / "boot_id"
            named.write_text(f"{self.boot_id}\n", encoding="utf-8")
            inside += ["sh", "-c", f'mount --bind {named} /proc/sys/kernel/random/boot_id && exec "$@"', "sh"]
        return [*inside, *_installed(), "--config", str(self.settings_file), name, *arguments]

    def _environment(self) -> dict[str, str]:
        foreign = ("NETLEDGER", "XDG", "BANDWIDTH_API_KEY", "NEON_DB_URL")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return ours | {"HOME": str(self.folder)}

    def _is_ready(self) -> bool:
        try:
            return self.fetch("/-/ready").status == http.client.OK
        except OSError:
            return False


def _installed() -> list[str]:
    script = Path(sys.executable).with_name("netledger")
    return [str(script)] if script.exists() else [sys.executable, "-m", "exporter"]


def _get(port: int, path: str) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode())
