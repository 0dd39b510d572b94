"""A real Prometheus or VictoriaMetrics in a namespace, beside the netledger that it asks or is sent to."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
import urllib.parse
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.end_to_end.namespaces import Namespace

READY_SECONDS = 20
STOP_SECONDS = 15
SCRAPE = """
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: netledger
    static_configs: [{targets: ["127.0.0.1:7373"]}]
"""


class MetricServer:
    """One program and its data folder; it may be stopped and started over the same data."""

    def __init__(self, namespace: Namespace, folder: Path, command: Sequence[str], port: int) -> None:
        if shutil.which(command[0]) is None:
            pytest.skip(f"needs {command[0]} (Debian package)")
        self._namespace, self._command, self._port = namespace, command, port
        self.url, self.data = f"http://127.0.0.1:{port}", folder / "data"
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        inside = ["ip", "netns", "exec", self._namespace.name, *self._command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(inside, stdout=log, stderr=log)
        ends = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, f"not ready\n{self._log.read_text(encoding='utf-8')}"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def ask(self, query: str, at: float | None = None) -> dict[str, float]:
        """Values of an instant query by the text of their labels."""
        when = {} if at is None else {"time": at}
        if self._command[0] == "victoria-metrics":
            self._namespace.inside(partial(self._get, "/internal/force_flush"))
        parameters = urllib.parse.urlencode({"query": query, "nocache": 1, **when})
        answer = json.loads(self._namespace.inside(partial(self._get, f"/api/v1/query?{parameters}")))
        assert answer["status"] == "success", answer
        return {_text(one["metric"]): float(one["value"][1]) for one in answer["data"]["result"]}

    def _is_ready(self) -> bool:
        try:
            return bool(self._namespace.inside(partial(self._get, "/api/v1/query?query=1")))
        except (OSError, AssertionError):
            return False

    def _get(self, path: str) -> bytes:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == http.client.OK, body
            return body


def prometheus(namespace: Namespace, folder: Path, *, retention: str) -> MetricServer:
    """Debian's, which scrapes netledger every second on its usual port."""
    folder.mkdir(exist_ok=True)
    (folder / "prometheus.yml").write_text(SCRAPE, encoding="utf-8")
    options = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--storage.tsdb.retention.time={retention}",
        "--web.listen-address=127.0.0.1:9090",
    ]
    return MetricServer(namespace, folder, ["prometheus", *options], 9090)


def victoria_metrics(namespace: Namespace, folder: Path, *, retention: str) -> MetricServer:
    """Debian's, which scrapes netledger every second, too."""
    folder.mkdir(exist_ok=True)
    (folder / "scrape.yml").write_text(SCRAPE, encoding="utf-8")
    options = [
        f"-storageDataPath={folder / 'data'}",
        "-httpListenAddr=127.0.0.1:8428",
        f"-retentionPeriod={retention}",
        f"-promscrape.config={folder / 'scrape.yml'}",
        "-memory.allowedPercent=10",
        "-search.latencyOffset=0s",
    ]
    return MetricServer(namespace, folder, ["victoria-metrics", *options], 8428)


def _text(labels: dict[str, Any]) -> str:
    kept = (f"{name}={value}" for name, value in sorted(labels.items()) if name not in {"job", "instance", "counted"})
    return " ".join(kept)
