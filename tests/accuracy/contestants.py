"""Those who count: netledger, vnStat, and Prometheus with node_exporter; each as its package sets it up."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.parse
from functools import partial
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from tests.end_to_end.service_under_test import Netledger
from tests.end_to_end.world import UPLINK, eventually

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.accuracy.boots import Boot
    from tests.end_to_end.namespaces import Namespace

STOP_SECONDS = 15
PROMETHEUS_PORT, NODE_EXPORTER_PORT = 19090, 19100
NODE_EXPORTERS = ("prometheus-node-exporter", "node_exporter")
VNSTAT_FLUSH_SECONDS = 1.0


def missing_programs() -> list[str]:
    """Debian's packages that the experiment lacks here."""
    needed = {"prometheus": "prometheus", "vnstatd": "vnstat", "vnstat": "vnstat", "unshare": "util-linux"}
    lacking = {package for program, package in needed.items() if shutil.which(program) is None}
    if not any(map(shutil.which, NODE_EXPORTERS)):
        lacking.add("prometheus-node-exporter")
    return sorted(lacking)


class Program:
    """A program in a namespace and a boot."""

    def __init__(self, namespace: Namespace, boot: Boot, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.namespace, self.boot, self.folder = namespace, boot, folder
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """What is run."""
        raise NotImplementedError

    def start(self) -> None:
        inside = ("ip", "netns", "exec", self.namespace.name, *self.boot.prefix)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*inside, *self.command()], stdout=log, stderr=log, cwd=self.folder)

    def end(self, signal_number: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal_number)
            self._process.wait(STOP_SECONDS)
            self._process = None


class BootedNetledger(Netledger):
    """netledger with its default intervals, in a boot."""

    def __init__(self, namespace: Namespace, boot: Boot, folder: Path) -> None:
        self.boot = boot
        super().__init__(namespace, folder, {})
        self.configure(interfaces={"sample_interval": "1s"}, ledger={"commit_interval": "10s"})

    def _command(self, name: str, *arguments: str) -> list[str]:
        inside = ["ip", "netns", "exec", self.namespace.name]
        return [*inside, *self.boot.prefix, *super()._command(name, *arguments)[len(inside) :]]


class VnStat(Program):
    """vnStat's daemon with its defaults, but for where the database is."""

    def command(self) -> Sequence[str]:
        config = self.folder / "vnstat.conf"
        config.write_text(f'DatabaseDir "{self.folder}"\nUseLogging 0\nPidFile "{self.folder}/pid"\n', "ascii")
        return ("vnstatd", "--nodaemon", "--alwaysadd", "1", "--config", str(config))

    def bytes(self) -> int:
        """All it has counted of the uplink, both ways; a running daemon writes it down first."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)
            time.sleep(VNSTAT_FLUSH_SECONDS)
        asked = ["vnstat", "--config", str(self.folder / "vnstat.conf"), "--json", "-i", UPLINK]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        total = json.loads(told)["interfaces"][0]["traffic"]["total"]
        return int(total["rx"]) + int(total["tx"])

    def knows_the_uplink(self) -> bool:
        """Whether the daemon has found it."""
        return (self.folder / "vnstat.db").exists() and UPLINK in subprocess.run(
            ["vnstat", "--config", str(self.folder / "vnstat.conf"), "--dbiflist"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout


class NodeExporter(Program):
    """node_exporter's network collector."""

    def command(self) -> Sequence[str]:
        program = next(filter(None, map(shutil.which, NODE_EXPORTERS)))
        options = ("--collector.disable-defaults", "--collector.netdev")
        return (program, *options, f"--web.listen-address=127.0.0.1:{NODE_EXPORTER_PORT}")


class Prometheus(Program):
    """A Prometheus that scrapes node_exporter and netledger."""

    def __init__(self, namespace: Namespace, boot: Boot, folder: Path, *, seconds: int, netledger_port: int) -> None:
        super().__init__(namespace, boot, folder)
        targets = {"node": NODE_EXPORTER_PORT, "netledger": netledger_port}
        jobs = [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for name, port in targets.items()
        ]
        settings = {"global": {"scrape_interval": f"{seconds}s"}, "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(json.dumps(settings), "ascii")  # JSON is YAML

    def command(self) -> Sequence[str]:
        return (
            "prometheus",
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
        )

    def start(self) -> None:
        super().start()
        eventually(self._is_ready, "Prometheus is ready", patience=30)

    def sum(self, expression: str) -> float:
        """The sum of an instant query's samples now; 0 where there are none."""
        path = f"/api/v1/query?{urllib.parse.urlencode({'query': f'sum({expression})'})}"
        found = json.loads(self.namespace.inside(partial(_get, path)))["data"]["result"]
        return float(found[0]["value"][1]) if found else 0.0

    def _is_ready(self) -> bool:
        try:
            return bool(self.namespace.inside(partial(_get, "/-/ready")))
        except OSError:
            return False


def _get(path: str) -> Any:
    connection = HTTPConnection("127.0.0.1", PROMETHEUS_PORT, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise OSError(f"Prometheus answers {answer.status}: {text!r}")
        return text
    finally:
        connection.close()
