"""A machine whose ledger has a year behind it, netledger on it, and the Prometheus that has seen all of it.

The year comes from `netledger backfill`. The last two hours are played: the machine in memory moves its clock and its
bytes, and every 15 seconds the service is asked for its metrics, as a server would have; a gap, a threshold that is
crossed, a counter that is reset and bytes that nobody can have moved lie in them. From then on the clock is the real
one, and Prometheus asks.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import yaml

from exporter.ledger.past.imports import PastLedger
from exporter.ledger.past.rows import Past, PastRow
from exporter.metering.clock import SECOND
from exporter.meters.applications.kind import APPLICATIONS
from exporter.meters.applications.settings import Applications, Limit
from exporter.meters.interfaces.settings import Interfaces
from exporter.meters.registry import OpenedMeter
from exporter.mirror.settings import Mirror
from exporter.settings.tree import Ledger
from reports.billing.plans import CycleRule, Plan, PriceStep
from reports.ledger.shape import INTERFACE
from tests.bench.seeding import History, seed
from tests.exporter.web.running_service import RunningService
from tests.grafana.dashboard_files import ROOT
from tests.grafana.playing import PLAYED_SECONDS, Player
from tests.grafana.programs import Programs
from tests.grafana.prometheus_server import ITSELF, import_history, running_prometheus
from tests.grafana.served import Services
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.grafana.prometheus_server import PrometheusServer

DAYS, QUARTER_HOUR_DAYS = 400, 45
UTC_ZONE = ZoneInfo("UTC")
JOB, INSTANCES = "netledger", ("router:7373", "laptop:7373")
"""One service is asked under two names, as two machines with the same interfaces and plans."""
SILENT = "desk:7373"
"""A third name, under which it was asked until an hour ago: nobody asks for the machine any more."""
STRANGERS = (INSTANCES[0], "elsewhere:9100")
"""Targets of another exporter; the first has the name of one of ours, in its own job."""
PAGE_OF_A_STRANGER = "\n".join(
    f"# TYPE {name} gauge\n{name} 987654321"
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "node_load1")
)

GIGABYTE = 10**9
TURN_SECONDS = 0.2
PATIENCE_SECONDS = 30


class World(NamedTuple):
    """What a dashboard asks, and when its now is."""

    prometheus: PrometheusServer
    now: float


@contextmanager
def running_world(folder: Path, mirror: str) -> Iterator[World]:
    """Build the past, then run both; takes about ten seconds. `mirror` is the address of a PostgreSQL."""
    began = time.time() - PLAYED_SECONDS
    programs = Programs()
    service = _new_service(folder, began, programs, mirror)
    used = asyncio.run(_first_run(service))
    service.plans = _plans(began, used)
    (folder / "data").mkdir()
    _backfill(service, folder)
    with _in_a_thread(service, programs, folder / "played.om") as url, another_exporter() as stranger:
        import_history(folder / "played.om", folder / "data")
        with running_prometheus(folder, _config(url, stranger)) as prometheus:
            yield World(prometheus, _wait_for_scrapes(prometheus))


@contextmanager
def another_exporter() -> Iterator[str]:
    """An exporter that is no netledger; yields its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            with suppress(BrokenPipeError):  # Prometheus ends in the midst
                self.wfile.write(f"{PAGE_OF_A_STRANGER}\n".encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _new_service(folder: Path, began: float, programs: Programs, mirror: str) -> RunningService:
    ledger = seed(folder / "ledger.db", History(("eth0", "wlan0"), DAYS), now=began)
    _add_up(ledger)
    _bring_a_day(ledger, int(began))
    machine = Machine(wall=int(began) * SECOND)
    machine.create("eth0", is_uplink=True)
    machine.create("wlan0", is_uplink=True, speed=None)
    machine.create("wg0", is_physical=False, speed=None)
    service = RunningService(machine, ledger, UTC_ZONE)
    service.applications = Applications(
        limits={"steam": Limit(GIGABYTE, "day"), "firefox": Limit(20 * GIGABYTE, "month")}
    )
    service.more_meters = (OpenedMeter(APPLICATIONS, programs),)
    service.interfaces = Interfaces(sample_interval=60)
    service.ledger = Ledger(path=ledger, commit_interval=1, backups=0)
    service.mirror = Mirror(url=mirror, interval=10.0)
    service.plans = _plans(began, 0)
    return service


def _bring_a_day(ledger: Path, began: int) -> None:
    """A day of an interface that only another program knew, and that is in no total of the machine."""
    day = datetime.fromtimestamp(began, UTC_ZONE).date() - timedelta(days=3)
    past = Past("vnstat", "docker0", began, [PastRow("docker0", day, day, GIGABYTE, GIGABYTE)])
    with closing(sqlite3.connect(ledger)) as connection, connection:
        PastLedger(connection, UTC_ZONE).put("vnstat", past, began)


def _add_up(ledger: Path) -> None:
    """Make each day the sum of its quarter hours, else it is told at its end alone; drop those that nobody looks at."""
    kept = [*INTERFACE.sums[:4], "peak_receive_speed", "peak_transmit_speed", "peak_speed"]
    sums = [f"{'max' if name.startswith('peak') else 'sum'}({name})" for name in kept]
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("DELETE FROM interface_day")
        connection.execute(
            f"INSERT INTO interface_day (day, subject, {', '.join(kept)})"  # noqa: S608 - names of our schema
            f" SELECT slot / 86400, subject, {', '.join(sums)} FROM interface_slot GROUP BY slot / 86400, subject"
        )
        connection.execute(
            "DELETE FROM interface_slot WHERE slot < (SELECT max(slot) FROM interface_slot) - ?",
            (QUARTER_HOUR_DAYS * 86_400,),
        )


def _plans(began: float, used: int) -> tuple[Plan, ...]:
    """One that lasts, with a price; one that reaches 80 % of its cap while two hours are played, and one all of it; one
    for all machines of the mirror.

    Their cycles began ten days ago, or a few more where a month ended.
    """
    cycle = CycleRule(day=min((datetime.fromtimestamp(began, UTC) - timedelta(days=10)).day, 28))
    price = (PriceStep(None, Decimal("0.10")),)
    home = Plan("home", cycle=cycle, cap_bytes=1000 * GIGABYTE, price_steps=price, currency="EUR")
    cap = (used + Player.bytes_of_wlan // 2) * 100 // 80
    mobile = Plan("mobile", ("wlan*",), cycle=cycle, cap_bytes=max(cap, 1))
    tunnel = Plan("tunnel", ("wg*",), cycle=cycle, cap_bytes=Player.bytes_of_tunnel // 10)
    # As the plan of a machine that nobody has given one: without a cap and without a price.
    unlimited = Plan("default", cycle=cycle)
    shared = Plan("shared", hosts=("all",), cycle=cycle, cap_bytes=2000 * GIGABYTE)
    return (home, mobile, tunnel, unlimited, shared)


async def _first_run(service: RunningService) -> int:
    """Start once, so that the ledger knows the machine; returns what the mobile plan has used."""
    try:
        await service.start()
        page = (await service.ask("/metrics", headers={"Accept": "application/openmetrics-text"})).text
    finally:
        await service.stop()
    found = re.search(r'^netledger_plan_used_bytes\{plan="mobile"\} (\S+)$', page, re.MULTILINE)
    assert found is not None, page
    return int(float(found[1]))


def _backfill(service: RunningService, folder: Path) -> None:
    """The year as Prometheus has it, by the very command that users have."""
    settings = folder / "netledger.yaml"
    settings.write_text(
        yaml.safe_dump({"ledger": {"path": str(service.ledger.path), "timezone": "UTC"}}), encoding="utf-8"
    )
    command = [sys.executable, "-m", "exporter", "--config", str(settings), "backfill", "--into", str(folder / "data")]
    labels = ["--label", f"job={JOB}", "--label", f"instance={INSTANCES[0]}"]
    subprocess.run([*command, *labels], check=True, capture_output=True, timeout=60, cwd=ROOT)


@contextmanager
def _in_a_thread(service: RunningService, programs: Programs, played: Path) -> Iterator[str]:
    """Play, then run the service by the real clock until the block ends; yields its address."""
    is_live, is_over = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    async def live() -> None:
        targets = [{"job": JOB, "instance": instance} for instance in INSTANCES]
        player = Player(service, programs, Services(service.intake), targets, {"job": JOB, "instance": SILENT})
        try:
            await player.play(played)
            is_live.set()
            while not is_over.is_set():
                player.catch_up(time.time())
                await asyncio.sleep(TURN_SECONDS)
        finally:
            await service.stop()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            errors.append(error)
            is_live.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert is_live.wait(60), "the last hours could not be played"
        if errors:
            raise errors[0]
        yield service.url
    finally:
        is_over.set()
        thread.join(30)


def _config(url: str, stranger: str) -> dict[str, object]:
    """As in prometheus/prometheus.yml, with its rules, at a pace that tests can wait for; and jobs of others."""
    targets = [_target(url.removeprefix("http://"), instance) for instance in INSTANCES]
    strangers = [_target(stranger, instance) for instance in STRANGERS]
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ROOT / "prometheus" / "rules" / "*.yml")],
        "scrape_configs": [
            {"job_name": JOB, "static_configs": targets},
            {"job_name": "node", "static_configs": strangers},
            {"job_name": "prometheus", "static_configs": [{"targets": [ITSELF]}]},
        ],
    }


def _target(address: str, instance: str) -> dict[str, object]:
    return {"targets": [address], "labels": {"instance": instance}}


def _wait_for_scrapes(prometheus: PrometheusServer) -> float:
    """Until rates over the live samples exist, rules were evaluated, and the mirror was read; returns such a moment."""
    ends = time.monotonic() + PATIENCE_SECONDS
    # A scrape that fails ends its series; two of the samples are the last played ones
    series = f'netledger_build_info{{job="{JOB}"}}'
    question = f"count_over_time({series}[{PATIENCE_SECONDS}s]) >= 5 and {series}"
    shared = f'netledger_plan_machine_used_bytes{{job="{JOB}"}}'
    while min(len(prometheus.at(each, now := time.time())) for each in (question, shared)) < len(INSTANCES):
        assert time.monotonic() < ends, "Prometheus does not scrape"
        time.sleep(0.2)
    return now
