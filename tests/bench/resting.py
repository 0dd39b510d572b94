"""What a service costs that nobody asks much: memory, idle CPU, bytes written to the disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.frames import frames_on
from tests.bench.places import place_with
from tests.bench.process_figures import cpu_seconds, memory_of, written_bytes
from tests.bench.rows import KERNEL_MEGABYTE, MEGABYTE, Row
from tests.bench.running import running
from tests.bench.seeding import History, seed

if TYPE_CHECKING:
    from tests.bench.places import Place
    from tests.bench.running import Running
    from tests.bench.settings import Bench

HISTORY_DAYS = 400
SETTLING_SECONDS = 5.0
"""The first backup and the first round of upkeep are over by then."""
SCRAPE_SECONDS = 5.0
MEMORY_READINGS = 5
DAY, MINUTE = 86_400.0, 60.0


def measure(bench: Bench) -> list[Row]:
    """RSS, PSS, idle CPU and writing with four interfaces that move every second."""
    with place_with(2) as place, frames_on(place, every_seconds=0.5):
        ledger = seed(bench.folder / "resting.db", History(place.devices or ("eth0",), HISTORY_DAYS))
        with running(place, ledger) as service:
            time.sleep(SETTLING_SECONDS)
            idle = [_cpu_per_minute(service, bench.window_seconds) for _ in range(bench.rounds)]
            memory = _memory_rows(service, bench.minutes)
        written = _written_per_day(place, bench)
    return [*memory, _idle_row(idle), written]


def _memory_rows(service: Running, minutes: float) -> list[Row]:
    ends = time.monotonic() + minutes * MINUTE
    while time.monotonic() < ends:
        for path in ("/metrics", "/api/today", "/api/month"):
            service.get(path)
        time.sleep(min(SCRAPE_SECONDS, max(ends - time.monotonic(), 0)))
    readings = []
    for _ in range(MEMORY_READINGS):
        readings.append(memory_of(service.pid))
        time.sleep(1)
    remark = f"after {minutes:g} min in which /metrics, /api/today and /api/month were asked every {SCRAPE_SECONDS:g} s"
    peers = "PacketBuddy 57, netdata 69, skeleton 39.8, node_exporter 14"
    return [
        Row("RSS", "MB", 42, tuple(r.resident / KERNEL_MEGABYTE for r in readings), peers, remark=remark),
        Row(
            "PSS",
            "MB",
            30,
            tuple(r.proportional / KERNEL_MEGABYTE for r in readings),
            "netdata 51, skeleton 27.6, node_exporter 8",
            remark="shared pages are counted in part, so other Python processes make it smaller",
        ),
    ]


def _idle_row(values: list[float]) -> Row:
    return Row(
        "idle CPU, 4 interfaces",
        "s/min",
        0.04,
        tuple(values),
        "PacketBuddy 0.105, netdata 0.53, skeleton 0.024",
        remark="sampling and committing, no request; every interface moves in every sample",
    )


def _cpu_per_minute(service: Running, seconds: float) -> float:
    before, began = cpu_seconds(service.pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(service.pid) - before) * MINUTE / (time.monotonic() - began)


def _written_per_day(place: Place, bench: Bench) -> Row:
    """With a commit a second, so that a short time has many; each writes what one every 10 s would."""
    ledger = seed(bench.folder / "writing.db", History(place.devices or ("eth0",), HISTORY_DAYS))
    size = ledger.stat().st_size
    values = []
    with running(place, ledger, {"NETLEDGER_LEDGER_COMMIT_INTERVAL": "1s"}) as service:
        time.sleep(SETTLING_SECONDS)
        for _ in range(bench.rounds):
            before, began = written_bytes(service.pid), time.monotonic()
            time.sleep(bench.window_seconds)
            commits = time.monotonic() - began
            per_commit = (written_bytes(service.pid) - before) / commits
            values.append((per_commit * DAY / 10 + size) / MEGABYTE)
    remark = (
        f"write_bytes of the process per commit, 8,640 commits a day, and the daily backup of {size / MEGABYTE:.1f} MB"
    )
    return Row("written to disk a day, 4 interfaces", "MB", 100, tuple(values), "PacketBuddy 6,000", remark=remark)
