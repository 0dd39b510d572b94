"""A container host: 500 veth pairs, and what scrapes, samples and the event loop take then."""

from __future__ import annotations

import time
from statistics import median
from threading import Event, Thread
from typing import TYPE_CHECKING

from tests.bench.frames import frames_on
from tests.bench.places import place_with
from tests.bench.process_figures import cpu_seconds, memory_of
from tests.bench.rows import KERNEL_MEGABYTE, MILLISECOND, Row, skipped
from tests.bench.running import running
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from tests.bench.places import Place
    from tests.bench.running import Running
    from tests.bench.settings import Bench

PAIRS = 500
NAME = "1,001 interfaces"
SETTLING_SECONDS = 8.0
SCRAPE_PAUSE_SECONDS = 1.05
"""Every scrape finds a new sample."""
PROBE_PAUSE_SECONDS = 0.002
UNCOUNTED = {"NETLEDGER_INTERFACES_COUNTED": "bench0a"}
"""As on a container host: one uplink counts, a thousand veths are metered."""


class Watch:
    """Asks /-/healthy all the time: how long an answer takes is how long the event loop was busy elsewhere."""

    def __init__(self, service: Running) -> None:
        """Nothing is asked before `run`."""
        self._service = service
        self.waits: list[float] = []
        self.busy: list[float] = []

    def run(self, stopped: Event) -> None:
        """Ask until it is stopped; waits are wall seconds, busy the CPU seconds that the service used meanwhile."""
        connection = self._service.connect()
        while not stopped.wait(PROBE_PAUSE_SECONDS):
            before = cpu_seconds(self._service.pid)
            self.waits.append(connection.get("/-/healthy").seconds)
            self.busy.append(cpu_seconds(self._service.pid) - before)
        connection.close()


def measure(bench: Bench) -> list[Row]:
    """Scrape p50, the longest block of the event loop and idle CPU, with quiet veths and with all of them moving.

    The targets are for quiet ones, as the peers were measured.
    """
    if reason_against_namespaces():
        return [skipped(NAME, reason_against_namespaces())]
    with place_with(PAIRS) as place:
        quiet = _figures(place, bench, "quiet")
        with frames_on(place, every_seconds=0.5):
            moving = _figures(place, bench, "all moving")
    return [*quiet, *(row._replace(target=None, peers="") for row in moving)]


def _figures(place: Place, bench: Bench, state: str) -> list[Row]:
    ledger = bench.folder / f"crowds-{state.replace(' ', '-')}.db"
    with running(place, ledger, UNCOUNTED) as service:
        time.sleep(SETTLING_SECONDS)
        idle = [_cpu_per_minute(service, bench.window_seconds) for _ in range(min(bench.rounds, 3))]
        scrapes, waits, busy = _scraped_and_watched(service, bench)
        memory = memory_of(service.pid)
    name = f"{NAME}, {state}"
    return [
        Row(f"{name}: scrape p50", "ms", 10, scrapes, "node_exporter 52, skeleton 132"),
        Row(
            f"{name}: event loop blocked at most",
            "ms",
            20,
            waits,
            "skeleton 132",
            judged="worst",
            remark=(
                "longest answer of /-/healthy, asked every 2 ms while another client scrapes; the service itself "
                f"used at most {max(busy):.1f} ms of CPU before such an answer, the rest is other programs' turn"
            ),
        ),
        Row(f"{name}: idle CPU", "s/min", 0.6, tuple(idle), "skeleton 1.5"),
        Row(f"{name}: RSS", "MB", None, (memory.resident / KERNEL_MEGABYTE,), "node_exporter 29.5, skeleton 55.2"),
    ]


def _scraped_and_watched(
    service: Running, bench: Bench
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """A value a round: p50 of scrapes; then, with a watch, the longest wait and the most CPU before an answer."""
    count = max(bench.requests // 20, 6)
    alone = tuple(_scrape_p50(service, count) for _ in range(bench.rounds))
    waits, busy = [], []
    for _ in range(bench.rounds):
        watch, stopped = Watch(service), Event()
        thread = Thread(target=watch.run, args=(stopped,))
        thread.start()
        _scrape_p50(service, count)
        stopped.set()
        thread.join()
        waits.append(max(watch.waits) / MILLISECOND)
        busy.append(max(watch.busy) / MILLISECOND)
    return alone, tuple(waits), tuple(busy)


def _scrape_p50(service: Running, count: int) -> float:
    connection = service.connect()
    seconds = []
    for _ in range(count):
        time.sleep(SCRAPE_PAUSE_SECONDS)
        seconds.append(connection.get("/metrics").seconds)
    connection.close()
    return median(seconds) / MILLISECOND


def _cpu_per_minute(service: Running, seconds: float) -> float:
    before, began = cpu_seconds(service.pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(service.pid) - before) * 60 / (time.monotonic() - began)
