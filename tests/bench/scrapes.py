"""What a scrape costs the service: after a new sample, and within the same one."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.frames import frames_on
from tests.bench.places import place_with
from tests.bench.process_figures import cpu_seconds
from tests.bench.rows import MILLISECOND, Row
from tests.bench.running import running
from tests.bench.seeding import History, seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.http_client import KeptConnection
    from tests.bench.places import Place
    from tests.bench.running import Running
    from tests.bench.settings import Bench

HISTORY_DAYS = 400
ACCEPTED = "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5\r\n"
GZIP = "Accept-Encoding: gzip\r\n"
HOT_SECONDS = 5.0
COLD_PAUSE_SECONDS = 1.5
REST_SECONDS = 0.001
"""The service ends its work on a request a moment after the answer has left."""


def measure(bench: Bench) -> list[Row]:
    """CPU of one scrape with all four interfaces counted, so that each has its daily and monthly series."""
    with place_with(2) as place:
        ledger = seed(bench.folder / "scrapes.db", History(place.devices or ("eth0",), HISTORY_DAYS))
        return [
            *_after_new_samples(place, ledger, bench),
            *_within_one_sample(place, ledger, bench),
        ]


def _after_new_samples(place: Place, ledger: Path, bench: Bench) -> list[Row]:
    with (
        frames_on(place, every_seconds=0.05),
        running(place, ledger, {"NETLEDGER_INTERFACES_SAMPLE_INTERVAL": "100ms"}) as service,
    ):
        time.sleep(1)
        fast = [_median_fresh(service, HOT_SECONDS) for _ in range(bench.rounds)]
    with frames_on(place, every_seconds=0.5), running(place, ledger) as service:
        time.sleep(1)
        slow = [_median_scrape(service, max(bench.requests // 20, 5)) for _ in range(bench.rounds)]
        size = len(service.get("/metrics").body)
    method = f"median of the process' CPU time around a scrape of {size:,} bytes; all 4 interfaces count and move"
    peers = "node_exporter netdev only 0.57, defaults 4.5, skeleton 0.86"
    return [
        Row(
            "CPU of one scrape after a new sample",
            "ms",
            0.4,
            tuple(fast),
            peers,
            remark=f"{method}; samples every 100 ms, scrapes in a row, those within the same sample left out",
        ),
        Row(
            "the same, a sample a second and a scrape every 1.5 s",
            "ms",
            None,
            tuple(slow),
            remark="as in real life: the processor's caches have forgotten the service between two scrapes",
        ),
    ]


def _within_one_sample(place: Place, ledger: Path, bench: Bench) -> list[Row]:
    with running(place, ledger) as service:
        time.sleep(1)
        plain = [_mean_of_burst(service, bench.requests, ACCEPTED) for _ in range(bench.rounds)]
        zipped = [_mean_of_burst(service, bench.requests, ACCEPTED + GZIP) for _ in range(bench.rounds)]
    return [
        Row("CPU of one scrape within the same sample", "ms", 0.1, tuple(plain), "skeleton's /-/healthy 0.054"),
        Row("the same, gzip", "ms", 0.1, tuple(zipped)),
    ]


def _median_fresh(service: Running, seconds: float) -> float:
    """CPU milliseconds of the scrapes that show a sample for the first time, among many one after the other."""
    connection = service.connect()
    shown, costs = b"", []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        body, cost = _scrape(service, connection)
        if body != shown:
            shown = body
            costs.append(cost)
    connection.close()
    return median(costs)


def _median_scrape(service: Running, count: int) -> float:
    """CPU milliseconds; scrapes that met a sample or a commit are above the median, and do not count."""
    connection = service.connect()
    costs = []
    for _ in range(count):
        time.sleep(COLD_PAUSE_SECONDS)
        costs.append(_scrape(service, connection)[1])
    connection.close()
    return median(costs)


def _scrape(service: Running, connection: KeptConnection) -> tuple[bytes, float]:
    before = cpu_seconds(service.pid)
    answer = connection.get("/metrics", ACCEPTED)
    time.sleep(REST_SECONDS)
    return answer.body, (cpu_seconds(service.pid) - before) / MILLISECOND


def _mean_of_burst(service: Running, count: int, headers: str) -> float:
    """CPU milliseconds a scrape of so many in a row, the first of a sample left out."""
    connection = service.connect()
    connection.get("/metrics", headers)
    before = cpu_seconds(service.pid)
    for _ in range(count):
        connection.get("/metrics", headers)
    cost = (cpu_seconds(service.pid) - before) / count / MILLISECOND
    connection.close()
    time.sleep(1.1)
    return cost
