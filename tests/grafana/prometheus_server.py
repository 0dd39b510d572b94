"""A real Prometheus on loopback, with blocks of the past in its data folder."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

READY_SECONDS = 20
STOP_SECONDS = 10
ITSELF = "ITSELF"
"""Stands in a configuration for the server's own address."""
RETENTION = "20y"
"""Blocks older than the retention are deleted at the start."""


class QueryError(Exception):
    """Prometheus refuses a query; its reason."""


class PrometheusServer:
    """One server, asked over its HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def at(self, query: str, when: float) -> list[dict[str, Any]]:
        """The series of an instant query; a scalar as one without labels."""
        return _series(self._get("query", query=query, time=when))

    def over(self, query: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """The series of a range query."""
        return _series(self._get("query_range", query=query, start=start, end=end, step=step))

    def label_values(self, label: str, selector: str, start: float, end: float) -> list[str]:
        """As a variable asks: all values of a label, of the selected series or of all."""
        match = {"match[]": selector} if selector else {}
        found: list[str] = self._get(f"label/{label}/values", start=start, end=end, **match)
        return found

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except OSError:
            return False

    def _get(self, path: str, **parameters: object) -> Any:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - our own address
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise QueryError(json.load(error)["error"]) from None


def require_prometheus() -> None:
    for program in ("prometheus", "promtool"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian package prometheus)")


def import_history(openmetrics: Path, data: Path) -> None:
    """Make blocks of a file in the data folder of a server that is not running yet."""
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", "--max-block-duration=8760h"]
    subprocess.run([*command, str(openmetrics), str(data)], check=True, capture_output=True, timeout=60)


@contextmanager
def running_prometheus(folder: Path, config: Mapping[str, object]) -> Iterator[PrometheusServer]:
    """Start over `folder`/data, wait until it answers, stop it whatever happens."""
    port = _free_port()
    text = yaml.safe_dump(dict(config)).replace(ITSELF, f"127.0.0.1:{port}")
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")
    log = folder / "prometheus.log"
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--storage.tsdb.retention.time={RETENTION}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        server = PrometheusServer(f"http://127.0.0.1:{port}")
        ends = time.monotonic() + READY_SECONDS
        while not server.is_ready():
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, f"Prometheus is not ready\n{log.read_text(encoding='utf-8')}"
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _series(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    result = data["result"]
    return [{"metric": {}, "value": result}] if data["resultType"] in ("scalar", "string") else result


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
