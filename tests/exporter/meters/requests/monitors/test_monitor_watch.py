"""What becomes of checks: events, outages after enough misses, incidents, and what survives a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from exporter.billing.monitor_notices import MonitorNotices
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.monitors.probing import Probe
from exporter.meters.requests.monitors.settings import Monitor
from exporter.meters.requests.monitors.standing import Outage, Standing
from exporter.meters.requests.monitors.watch import MonitorWatch
from exporter.settings.plans.notify import Notify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.postings import Incident
    from tests.worlds.request_world import RequestWorld

START = 1_795_000_000
SITE = Monitor(name="site", url="https://example.org/health?key=1", misses=2, interval=10.0)
GOOD, BAD = Probe(200, 5000, "", 12), Probe(0, 7000, "Connection refused")


class Notices:
    """A notifier that remembers what it was given."""

    def __init__(self) -> None:
        self.messages: dict[str, Mapping[str, Any]] = {}

    def notify_once(self, *, key: str, notify: Notify, message: Mapping[str, Any]) -> bool:
        del notify
        return self.messages.setdefault(key, message) is message


class Watched:
    """One monitor whose checks come out as a test says, a minute apart."""

    def __init__(self, intake: Intake, *monitors: Monitor) -> None:
        self.now, self.notices, self.intake, self.results = float(START), Notices(), intake, list[Probe]()
        self.monitors = monitors or (SITE,)
        self.start()

    def start(self) -> None:
        listener = MonitorNotices(notify=Notify(), notifier=self.notices, hostname="vm")  # type: ignore[arg-type]
        self.watch = MonitorWatch(self.monitors, self.intake, listener, lambda: self.now, self)  # type: ignore[arg-type]
        self.watch._begun.update(each.name for each in self.monitors)

    async def probe(self, _monitor: Monitor) -> Probe:
        return self.results.pop(0)

    async def check(self, *results: Probe) -> None:
        for result in results:
            self.results = [result]
            await self.watch.check(self.monitors[0])
            self.now += 60

    @property
    def standing(self) -> Standing:
        return self.intake.monitors["site"].standing

    def incidents(self) -> list[tuple[str, str]]:
        taken: list[Incident] = list(self.intake.take().incidents)
        return [(each.what, each.detail) for each in taken]


@pytest.fixture
def watched() -> Watched:
    return Watched(Intake())


async def test_each_check_is_a_request_of_the_service_of_its_name(watched: Watched) -> None:
    await watched.check(GOOD, BAD)

    cells = watched.intake.take().tally.cells
    assert [key[1:] for key in cells] == [("site", "GET", "/health", 200), ("site", "GET", "/health", 0)]


async def test_a_monitor_is_down_after_as_many_misses_in_a_row_as_its_setting_says(watched: Watched) -> None:
    await watched.check(BAD, GOOD, BAD)
    assert watched.standing == Standing(1, START + 120)
    assert watched.intake.monitors["site"].is_up

    await watched.check(BAD, Probe(503, 1, "status 503"))

    assert watched.standing == Standing(3, START + 120, Outage(START + 120, "status 503"))
    assert watched.incidents() == [("monitor down", "Connection refused")]
    assert [message["event"] for message in watched.notices.messages.values()] == ["down"]


async def test_a_recovery_is_one_good_check(watched: Watched) -> None:
    await watched.check(BAD, BAD, GOOD, GOOD)

    assert watched.standing == Standing()
    assert watched.incidents() == [
        ("monitor down", "Connection refused"),
        ("monitor up", "after 2 min: Connection refused"),
    ]
    down, up = watched.notices.messages.values()
    assert down["text"] == "2 checks in a row have failed, Connection refused."
    assert up["title"] == "netledger on vm: site is up again"
    assert up["text"] == "It was down for 2 min: Connection refused."
    assert down["since"] == up["since"]


async def test_a_monitor_that_flaps_gives_notice_of_each_outage_once(watched: Watched) -> None:
    await watched.check(*[BAD, BAD, BAD, GOOD, BAD, GOOD] * 3)

    assert [message["event"] for message in watched.notices.messages.values()] == ["down", "up"] * 3


async def test_an_outage_goes_on_over_a_restart_and_its_end_is_noticed(watched: Watched) -> None:
    await watched.check(BAD, BAD)
    watched.incidents()
    watched.start()

    assert not watched.intake.monitors["site"].is_up
    await watched.check(BAD, GOOD)

    assert watched.incidents() == [("monitor up", "after 3 min: Connection refused")]
    assert [message["event"] for message in watched.notices.messages.values()] == ["down", "up"]
    assert not watched.intake.notes


async def test_an_outage_of_a_monitor_that_is_gone_is_forgotten(watched: Watched) -> None:
    await watched.check(BAD, BAD)
    watched.monitors = (Monitor(name="other", url="http://x/"),)
    watched.start()

    assert not watched.intake.notes
    assert list(watched.intake.monitors) == ["other"]


async def test_an_outage_is_in_the_ledger_with_its_note(world: RequestWorld) -> None:
    watched = Watched(world.intake)
    await watched.check(BAD, BAD)
    world.run()
    world.commit()

    assert world.rows("SELECT subject, what, detail, meter FROM incident") == [
        ("site", "monitor down", "Connection refused", "request")
    ]
    world.kill()
    watched.intake = world.intake
    watched.start()
    assert not world.intake.monitors["site"].is_up


async def test_a_certificate_that_ends_soon_is_noticed_once(watched: Watched) -> None:
    soon, later = START + 13 * 86_400, START + 90 * 86_400
    await watched.check(*[GOOD._replace(certificate_ends=soon)] * 3, BAD, GOOD._replace(certificate_ends=later))

    (message,) = watched.notices.messages.values()
    assert message["title"] == "netledger on vm: site has a certificate that ends soon"
    assert watched.intake.monitors["site"].certificate_ends == later
    assert not watched.intake.monitors["site"].is_certificate_due


async def test_first_checks_come_at_different_instants(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    watched = Watched(Intake())
    watched.watch._begun.clear()
    watched.results = [GOOD] * 2

    for _ in range(2):
        await watched.watch.checks()[0].run()

    assert len(pauses) == 1
    assert 0 <= pauses[0] < SITE.interval
