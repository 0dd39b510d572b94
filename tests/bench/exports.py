"""Ten years of two interfaces as files: how long exports and plans take, and what they leave in memory."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from statistics import median
from threading import Event, Thread
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reports.formats.registry import FORMATS, SLOT_FORMATS
from tests.bench.places import place_with
from tests.bench.process_figures import cpu_seconds, memory_of
from tests.bench.rows import KERNEL_MEGABYTE, MEGABYTE, MILLISECOND, Row, percentile
from tests.bench.running import running
from tests.bench.seeding import History, add_up_days, seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.http_client import KeptConnection
    from tests.bench.places import Place
    from tests.bench.running import Running
    from tests.bench.settings import Bench

TEN_YEARS_DAYS, EXPORTED_DAYS = 3_652, 3_650
SETTLING_SECONDS = 3.0
MEMORY_SECONDS, PROBE_SECONDS = 0.1, 0.01
WATCHED = ("/api/today", "/-/healthy")
TARGETS = {"json": 15.0, "csv": 8.0}
PEERS = {"json": "PacketBuddy 39.5", "csv": "PacketBuddy 20"}
PAGES = ("html",)
"""Formats that need jinja2: asked for last."""
LAZY = ("jinja2", "babel", "toon_format", "reports.export.export", "reports.export.slots", "rich")
"""What a service needs only when somebody asks for a report, a price or an export."""
PLANS = """\
plans:
  - {name: plain, cap: 500 GB, price_per_gb: 2.50, currency: EUR}
  - {name: free, cap: 500 GB, free_hours: ["01:00-07:00"], rollover: true, price_per_gb: 2.50, currency: EUR}
"""


class UnexpectedAnswerError(Exception):
    """The service did not answer 200; the text has the path and the answer."""


def measure(bench: Bench) -> list[Row]:
    """p50 of exports and plans over one kept connection, memory, and what others wait while slots are written."""
    settings = bench.folder / "plans.yaml"
    settings.write_text(PLANS, encoding="utf-8")
    with place_with(1) as place:
        devices = place.devices or ("eth0", "eth1")
        ledger = seed(bench.folder / "exports.db", History(devices, TEN_YEARS_DAYS))
        with running(place, ledger, {"NETLEDGER_CONFIG": str(settings)}) as service:
            time.sleep(SETTLING_SECONDS)
            rows = [*_exports(service, bench), *_plans(service, bench)]
        return [*rows, *_memory(place, ledger, bench), *_slots(place, devices, bench)]


def _exports(service: Running, bench: Bench) -> list[Row]:
    until = datetime.now(UTC).date() - timedelta(days=1)
    since = until - timedelta(days=EXPORTED_DAYS - 1)
    rows = []
    for name, target in TARGETS.items():
        path = f"/api/export?format={name}&from={since}&to={until}"
        halves, costs, size = _asked_again_and_again(service, path, bench)
        figure = f"{name.upper()} export of 3,650 days"
        remark = f"two counted interfaces, {size:,} bytes, each time from the ledger"
        rows += [
            Row(f"{figure}, p50", "ms", target, halves, PEERS[name], remark=remark),
            Row(f"{figure}, CPU", "ms", None, costs),
        ]
    return rows


def _plans(service: Running, bench: Bench) -> list[Row]:
    plain, _, _ = _asked_again_and_again(service, "/api/plans?plan=plain", bench)
    free, _, _ = _asked_again_and_again(service, "/api/plans?plan=free", bench)
    return [
        Row("plan with forecast over ten years, p50", "ms", 5, plain),
        Row("the same with free hours and rollover, p50", "ms", 5, free),
    ]


def _asked_again_and_again(
    service: Running, path: str, bench: Bench
) -> tuple[tuple[float, ...], tuple[float, ...], int]:
    """p50 and CPU in milliseconds, a value a round; and the size of the answer."""
    connection = service.connect()
    _ask(connection, path)
    halves, costs, count = [], [], max(bench.requests // 4, 10)
    for _ in range(bench.rounds):
        before = cpu_seconds(service.pid)
        seconds = [_ask(connection, path) for _ in range(count)]
        costs.append((cpu_seconds(service.pid) - before) / count / MILLISECOND)
        halves.append(percentile(seconds, 50) / MILLISECOND)
    size = len(connection.get(path).body)
    connection.close()
    return tuple(halves), tuple(costs), size


def _memory(place: Place, ledger: Path, bench: Bench) -> list[Row]:
    """A service for each value: what was loaded once stays."""
    loaded: set[str] = set()
    grown, plain = [], []
    for _ in range(min(bench.rounds, 3)):
        with running(place, ledger, {"PYTHONPROFILEIMPORTTIME": "1"}) as service:
            time.sleep(SETTLING_SECONDS)
            service.get("/metrics")
            loaded |= modules_in(ledger.with_suffix(".log").read_text(errors="replace", encoding="utf-8")) & set(LAZY)
            _warm(service)
            before = memory_of(service.pid).resident
            for name in sorted(FORMATS, key=lambda name: name in PAGES):
                if name in PAGES:
                    plain.append((memory_of(service.pid).resident - before) / KERNEL_MEGABYTE)
                connection = service.connect()
                _ask(connection, f"/api/export?format={name}&range=all")
                connection.close()
            grown.append((memory_of(service.pid).resident - before) / KERNEL_MEGABYTE)
    names = (
        f"{', '.join(FORMATS)}: the whole ten years of each, their modules included; "
        f"{median(plain or grown):.1f} MB before {' and '.join(PAGES)}"
    )
    return [
        Row("RSS growth after one export of each format", "MB", 6, tuple(grown), remark=names),
        Row(
            "modules of reports in a service that was asked for none",
            "",
            0,
            (float(len(loaded)),),
            remark=f"of {', '.join(LAZY)}: {', '.join(sorted(loaded)) or 'none'} was loaded after a scrape",
        ),
    ]


def modules_in(import_times: str) -> set[str]:
    """Names of the modules that Python lists with PYTHONPROFILEIMPORTTIME."""
    lines = (line for line in import_times.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def _slots(place: Place, devices: tuple[str, ...], bench: Bench) -> list[Row]:
    ledger = seed(bench.folder / "slots.db", History(devices, TEN_YEARS_DAYS, slot_days=TEN_YEARS_DAYS))
    add_up_days(ledger, ZoneInfo("UTC"))
    kept = {"NETLEDGER_LEDGER_SLOT_RETENTION": "4000d", "NETLEDGER_LEDGER_TIMEZONE": "UTC"}
    rows = []
    for name in SLOT_FORMATS:
        streams = []
        for _ in range(min(bench.rounds, 3)):
            with running(place, ledger, kept) as service:
                time.sleep(SETTLING_SECONDS)
                _warm(service)
                streams.append(Stream(service, f"/api/export?format={name}&resolution=slot"))
        figure = f"ten years of slots as {name.upper()}"
        remark = (
            f"two interfaces, {streams[0].size / MEGABYTE:.0f} MB in chunks; at most while it is written, the modules "
            "that it loads included"
        )
        waits = tuple(percentile(stream.waits, 99) / MILLISECOND for stream in streams)
        rows += [
            Row(f"{figure}: RSS growth", "MB", 10, tuple(stream.grown for stream in streams), remark=remark),
            Row(f"{figure}: {' and '.join(WATCHED)} meanwhile, p99", "ms", 100, waits),
            Row(f"{figure}: until its end", "s", None, tuple(stream.seconds for stream in streams)),
        ]
    return rows


def _warm(service: Running) -> None:
    """What others ask is loaded already, so that only the exports' own memory is told."""
    for path in WATCHED:
        service.get(path)


class Stream:
    """One long answer: how long it took, what the service grew by (MB), and what others waited (seconds)."""

    def __init__(self, service: Running, path: str) -> None:
        """Read it to its end, at once; raises UnexpectedAnswerError."""
        self._service, self._ended = service, Event()
        self._most = before = memory_of(service.pid).resident
        self.waits: list[float] = []
        threads = [Thread(target=self._watch_memory), Thread(target=self._ask_others)]
        for thread in threads:
            thread.start()
        connection = service.connect()
        try:
            drained = connection.drain(path)
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()
            connection.close()
        if drained.status != HTTPStatus.OK:
            raise UnexpectedAnswerError(f"{path}: {drained.status}")
        self.seconds, self.size = drained.seconds, drained.size
        self.grown = (self._most - before) / KERNEL_MEGABYTE

    def _watch_memory(self) -> None:
        while not self._ended.wait(MEMORY_SECONDS):
            self._most = max(self._most, memory_of(self._service.pid).resident)

    def _ask_others(self) -> None:
        connection = self._service.connect()
        while not self._ended.wait(PROBE_SECONDS):
            self.waits += [_ask(connection, path) for path in WATCHED]
        connection.close()


def _ask(connection: KeptConnection, path: str) -> float:
    answer = connection.get(path)
    if answer.status != HTTPStatus.OK:
        raise UnexpectedAnswerError(f"{path}: {answer.status} {answer.body[:200]!r}")
    return answer.seconds
