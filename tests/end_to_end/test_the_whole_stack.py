"""The stack of docker-compose.yml, run natively by the files of this project, and asked for its totals."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.parse
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.end_to_end.world import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = [pytest.mark.namespaces, pytest.mark.prometheus]

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "prometheus" / "prometheus-victoriametrics.yml"
TRAFFIC_SECONDS = 60
SERVERS = {"prometheus": 9090, "victoria-metrics": 8428}
MONTH = 'sum({__name__=~"netledger_machine_period_(receive|transmit)_bytes",period="month"})'
LIFETIME = 'sum({__name__=~"netledger_machine_(receive|transmit)_bytes_total"})'
SPEED = "sum(rate(netledger_machine_receive_bytes_total[1m]))"
ALERTS = 'count(ALERTS{alertstate="firing"})'


@pytest.fixture
def stack(world: World, tmp_path: Path) -> Iterator[Netledger]:
    """Prometheus and VictoriaMetrics on their usual ports, netledger on its own, in one namespace."""
    if lacking := [name for name in SERVERS if shutil.which(name) is None]:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    commands = {
        "prometheus": [f"--config.file={CONFIGURATION}", f"--storage.tsdb.path={tmp_path / 'prometheus'}"],
        "victoria-metrics": [f"-storageDataPath={tmp_path / 'victoria'}", "-httpListenAddr=127.0.0.1:8428"],
    }
    netledger = world.netledger()
    netledger.start()
    processes = []
    try:
        for name, options in commands.items():
            inside = ["ip", "netns", "exec", world.machine.name, name, *options]
            with (tmp_path / f"{name}.log").open("wb") as log:
                processes.append(subprocess.Popen(inside, stdout=log, stderr=log))
        yield netledger
    finally:
        for process in processes:
            process.terminate()
            process.wait(30)


def test_a_minute_of_traffic_is_told_to_the_byte_by_everyone(stack: Netledger, world: World) -> None:
    def told(port: int, query: str) -> float | None:
        found = world.machine.inside(partial(_query, port, query))
        return float(found[0]["value"][1]) if found else None

    start = world.machine.counters()
    ends = time.monotonic() + TRAFFIC_SECONDS
    while time.monotonic() < ends:
        world.uplink.move(receive=80, transmit=20, size=1400)
        time.sleep(1)
    moved = world.moved_since(start)
    truth = moved.receive + moved.transmit

    assert truth > TRAFFIC_SECONDS * 0.5 * 100 * 1400
    for name, port in SERVERS.items():
        for query in (MONTH, LIFETIME):
            eventually(lambda port=port, query=query: told(port, query) == truth, f"{name}: {query}", patience=45)  # type: ignore[misc]
    assert stack.get("/api/summary")["total_bytes"] == truth
    assert told(9090, ALERTS) is None
    speed = told(8428, SPEED)
    assert speed is not None
    assert speed < 80 * 1500


def _query(port: int, query: str) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", f"/api/v1/query?{urllib.parse.urlencode({'query': query})}")
        return json.loads(connection.getresponse().read())["data"]["result"]
    finally:
        connection.close()
