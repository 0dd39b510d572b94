"""A running service for tests: real parts and a real ledger; the machine in memory is its meter and its clock."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from aiohttp.test_utils import BaseTestServer, TestClient
from yarl import URL

from exporter.ledger.locks.holder import find_holder
from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.writing.writer import Writer
from exporter.metering.counters.checkpoints import ScanState
from exporter.metering.postings import ClockState, MeterCheckpoint, MeterPosting, Posting, SubjectFacts
from exporter.meters.applications.settings import Applications
from exporter.meters.interfaces.settings import Interfaces
from exporter.meters.interfaces.state import interface
from exporter.meters.registry import METERS, OpenedMeter, new_stores
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.kind import REQUESTS
from exporter.meters.requests.settings import Requests
from exporter.mirror.settings import Mirror
from exporter.service.service import Service
from exporter.service.wiring import ServiceEnvironment
from exporter.settings.tree import Auth, Average, Display, Grafana, Ledger, Reports, Server, Settings
from exporter.web.server import RESOURCES
from reports.billing.plans import Plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from aiohttp.typedefs import StrOrURL
    from aiohttp.web import BaseRunner

    from exporter.metering.pace import BatteryState
    from exporter.metering.postings import Usage
    from exporter.metering.subjects import Subject
    from exporter.settings.plans.notify import Notify
    from exporter.tls.web_config import WatchedWebConfig
    from reports.ledger.rows import Gap
    from tests.worlds.fake_machine import FakeMeter, Machine

INDIA = ZoneInfo("Asia/Kolkata")
BEGAN = 1_761_955_200
"""2025-11-01T00:00Z: when counting began in a ledger that is written beforehand."""


class Told(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


class ServiceServer(BaseTestServer):
    """The service as aiohttp's test client knows a server: it listens by itself, and may be started anew."""

    def __init__(self, service: RunningService) -> None:
        super().__init__()
        self._service = service

    async def _make_runner(self, **_: Any) -> BaseRunner:
        raise AssertionError

    async def start_server(self, loop: asyncio.AbstractEventLoop | None = None, **_: Any) -> None:  # noqa: ARG002 - aiohttp's
        await self._service.start()

    async def close(self) -> None:
        await self._service.stop()

    def make_url(self, path: StrOrURL) -> URL:
        return URL(f"{self._service.url}{path}")


class RunningService:
    """One service at a time over one ledger. Nothing ticks: a sample is taken when a question finds it old."""

    def __init__(self, machine: Machine, ledger: Path, zone: ZoneInfo = INDIA) -> None:
        self.machine, self.zone = machine, zone
        self.server, self.auth, self.average = Server(port=0), Auth(), Average()
        self.grafana, self.reports, self.display = Grafana(), Reports(), Display()
        self.interfaces, self.applications = Interfaces(sample_interval=60), Applications()
        # Requests to itself would be rows in every ledger: a test that counts them says so.
        self.requests, self.intake = Requests(own=False), Intake()
        self.notify: dict[str, Notify] = {}
        self.ledger = Ledger(path=ledger, commit_interval=600, backups=0)
        self.web_config: WatchedWebConfig | None = None
        self.mirror = Mirror()
        self.plans: tuple[Plan, ...] = (Plan(),)
        self.first_problem = self.url = ""
        self.handovers: Mapping[str, object] = {}
        self.more_meters: Sequence[OpenedMeter] = ()
        self.resources: Mapping[str, tuple[str, ...]] = RESOURCES
        self.battery: BatteryState | None = None
        self.client: TestClient[Any, Any] | None = None

    service: Service
    meter: FakeMeter

    def write_before(
        self,
        *,
        slots: dict[tuple[int, Subject], Usage],
        minutes: dict[tuple[int, Subject], Usage] | None = None,
        gaps: tuple[Gap, ...] = (),
    ) -> None:
        """Let the real writer book history, as an earlier service of the same boot would have."""
        machine = self.machine
        subjects = {
            interface(name): SubjectFacts(BEGAN, machine.seconds, (int(name in machine.uplinks),) * 2)
            for name in machine.interfaces
        }
        known = frozenset(here.index for here in machine.interfaces.values())
        clock = ClockState(machine.boot_id, machine.wall, machine.elapsed)
        part = MeterPosting(
            "interface", clock, MeterCheckpoint(subjects, {}, ScanState(machine.namespace, known)), gaps
        )
        open_ledger(self.ledger.path, new_stores(), self.zone)  # with the tables of every meter
        writer = Writer(self.ledger.path, self.zone, new_stores())
        writer.post(Posting(1, clock, slots, minutes or {}, (part,)))
        writer.close()

    async def start(self) -> None:
        """Start on a free port of loopback."""
        self.meter = self.machine.meter()
        self.meter.problem = self.first_problem
        settings = Settings(
            server=self.server,
            auth=self.auth,
            interfaces=self.interfaces,
            applications=self.applications,
            notify=self.notify,
            requests=self.requests,
            ledger=self.ledger,
            average=self.average,
            grafana=self.grafana,
            reports=self.reports,
            display=self.display,
            plans=self.plans,
            mirror=self.mirror,
        )
        environment = ServiceEnvironment(
            settings,
            self.machine,
            [OpenedMeter(METERS[0], self.meter), OpenedMeter(REQUESTS, self.intake), *self.more_meters],
            self.zone,
            self.web_config,
            handovers=self.handovers,
            resources=self.resources,
            read_battery=lambda: self.battery,
        )
        self.service = Service(environment)
        self.url = await self.service.start()

    async def stop(self) -> None:
        """A clean stop."""
        await self.service.stop()
        self.meter.close()

    async def restart(self) -> None:
        """As `netledger run` does for a ledger that was lost, in the same process and with the same meter."""
        await self.service.stop()
        self.handovers = self.service.handovers()
        self.meter.close()
        await self.start()

    @property
    def token(self) -> str:
        """What the service noted for commands."""
        holder = find_holder(self.ledger.path)
        assert holder is not None
        return holder.token

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    async def ask(
        self, path: str, method: str = "GET", *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Told:
        """One request on a connection of its own; without headers a change shows the token, as a command does."""
        if headers is None and method not in {"GET", "HEAD", "OPTIONS"}:
            headers = {"X-API-Key": self.token}
        async with self._client() as client, client.request(method, path, headers=headers, **more) as response:
            text = await response.text()
            is_json = response.content_type == "application/json" and text
            return Told(response.status, response.headers, text, await response.json() if is_json else None)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[TestClient[Any, Any]]:
        """The one of the fixture, or where a test starts the service itself, one for this request."""
        if self.client is not None:
            yield self.client
            return
        client: TestClient[Any, Any] = TestClient(ServiceServer(self))
        try:
            yield client
        finally:
            await client.session.close()

    async def get(self, path: str) -> Any:
        """The JSON of an answer that must be good."""
        told = await self.ask(path)
        assert told.status == 200, told.text
        return told.json

    async def send(self, raw: bytes) -> bytes:
        """Anything at all on a plain connection, until the service closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    def pass_time(self, seconds: float = 2) -> None:
        """So long that the next question takes a sample."""
        self.machine.wait(seconds)


@asynccontextmanager
async def running(service: RunningService) -> AsyncIterator[RunningService]:
    """Start it, and stop it whatever happens."""
    try:
        await service.start()
        yield service
    finally:
        await service.stop()


def new_ledger(template: Path, folder: Path) -> Path:
    """A migrated ledger without a row."""
    path = folder / "ledger.db"
    shutil.copyfile(template, path)
    return path
