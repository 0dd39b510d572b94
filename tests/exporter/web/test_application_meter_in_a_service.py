"""The application meter through the whole service: /metrics, /api/health, commits, restarts, kills."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.kind import APPLICATIONS
from exporter.meters.applications.settings import Applications, Limit
from exporter.meters.applications.sources import NoSource
from exporter.meters.applications.traffic import Backend
from exporter.meters.registry import OpenedMeter
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.meters.applications import FakeSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

SAMPLE = re.compile(r"^netledger_application_(\w+?)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def service(
    machine: Machine, source: FakeSource, empty_ledger: Path, tmp_path: Path
) -> AsyncIterator[RunningService]:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    made.more_meters = [OpenedMeter(APPLICATIONS, source)]
    async with running(made):
        yield made


async def values(service: RunningService, name: str) -> dict[str, float]:
    """Values of a family by the labels of its samples."""
    page = (await service.ask("/metrics")).text
    return {labels: float(value) for found, labels, value in SAMPLE.findall(page) if found == name}


CURL = 'application="curl",protocol="tcp",scope="internet"'


async def test_counters_show_what_is_committed_and_gauges_what_was_moved(
    service: RunningService, source: FakeSource
) -> None:
    source.move("curl", 700)
    service.pass_time()

    assert await values(service, "receive_bytes_total") == {CURL: 0}
    assert (await values(service, "period_receive_bytes"))['application="curl",period="day"'] == 700
    await service.ask("/api/commit", "POST")

    assert await values(service, "receive_bytes_total") == {CURL: 700}


async def test_counters_never_fall_over_a_restart(service: RunningService, source: FakeSource) -> None:
    source.move("curl", 700)
    service.pass_time()
    await service.ask("/api/commit", "POST")
    source.move("curl", 50)
    await service.restart()

    assert await values(service, "receive_bytes_total") == {CURL: 750}
    assert (await values(service, "period_receive_bytes"))['application="curl",period="year"'] == 750
    source.move("curl", 1)
    service.pass_time()
    await values(service, "receive_bytes_total")
    assert await values(service, "receive_bytes_total") == {CURL: 750}


async def test_periods_are_read_again_after_the_clock_was_set(
    service: RunningService, source: FakeSource, machine: Machine
) -> None:
    source.move("curl", 700)
    service.pass_time()
    await service.ask("/api/commit", "POST")
    machine.set_clock(2 * 86_400)
    source.move("curl", 5)
    service.pass_time()
    await service.ask("/metrics")
    await service.service.post()

    held = await values(service, "period_receive_bytes")

    assert held['application="curl",period="year"'] == 705


async def test_gauges_limits_and_the_page_have_what_was_imported_and_counters_have_not(
    service: RunningService, source: FakeSource
) -> None:
    """A span of June, and a day before; in memory and, after a restart, from the ledger."""
    service.applications = Applications(limits={"curl": Limit(10_000, "month")})
    await service.restart()
    source.move("curl", 700)
    service.pass_time()
    rows = [["curl", "2026-06-01", "2026-06-05", 900, 0], ["curl", "2026-06-11", "2026-06-11", 50, 5]]
    document = {"source": "it", "past": ["airtraffic", "it", 2**33, rows, [], [], [], "application"]}
    assert (await service.ask("/api/imports", "POST", json=document)).status == 200

    for _ in ("in memory", "from the ledger"):
        periods = await values(service, "period_receive_bytes")
        assert [periods[f'application="curl",period="{name}"'] for name in ("day", "week", "month", "year")] == [
            700, 750, 1650, 1650,
        ]  # fmt: skip
        assert (await values(service, "limit_used_bytes"))['application="curl",period="month"'] == 1655
        (limit,) = (await service.get("/api/limits"))["limits"]
        assert (limit["used_bytes"], limit["imported_bytes"]) == (1655, 955)
        assert set((await values(service, "receive_bytes_total")).values()) <= {0, 700}
        await service.restart()
    assert (await service.ask("/api/imports/remove?source=it", "POST")).status == 200
    assert (await values(service, "limit_used_bytes"))['application="curl",period="month"'] == 700


async def test_the_page_marks_applications_of_which_something_was_imported_today(
    service: RunningService, source: FakeSource
) -> None:
    rows = [["curl", "2026-06-12", "2026-06-12", 50, 5]]
    document = {"source": "it", "past": ["airtraffic", "it", 2**33, rows, [], [], [], "application"]}
    assert (await service.ask("/api/imports", "POST", json=document)).status == 200
    source.move("curl", 700)
    source.move("wget", 30)
    service.pass_time()

    card = (await service.ask("/")).text.partition('id="applications"')[2].partition("</section>")[0]

    assert card.count('title="55 B of it imported from another program">partly imported</span>') == 1
    assert card.count('class="imported') == 1


async def test_what_interfaces_moved_and_no_application_is_unattributed(
    service: RunningService, source: FakeSource, machine: Machine
) -> None:
    assert await values(service, "unattributed_bytes_total") == {'direction="receive"': 0, 'direction="transmit"': 0}
    machine.move("eth0", 1000)
    source.move("curl", 700)
    service.pass_time()

    assert (await values(service, "unattributed_bytes_total"))['direction="receive"'] == 300


async def test_health_says_how_applications_are_measured(service: RunningService, source: FakeSource) -> None:
    source.backend = Backend("sock_diag", "ebpf: needs CAP_BPF", ("UDP is not seen.",))
    service.pass_time()
    await service.ask("/metrics")

    health = await service.get("/api/health")

    assert health["status"] == "running"
    assert health["meters"] == {
        "application": {"backend": "sock_diag", "reason": "ebpf: needs CAP_BPF", "limits": ["UDP is not seen."]}
    }


async def test_a_source_that_fails_costs_its_own_series_only(service: RunningService, source: FakeSource) -> None:
    source.move("curl", 700)
    service.pass_time()
    source.problem = "the map is gone"

    page = (await service.ask("/metrics")).text

    assert 'netledger_meter_up{meter="application"} 0' in page
    assert 'netledger_meter_up{meter="interface"} 1' in page
    assert "netledger_application_receive" not in page
    assert 'netledger_application_meter_info{backend="ebpf",reason=""} 1' in page
    source.problem = ""
    service.pass_time()
    assert await values(service, "receive_bytes_total") == {CURL: 0}, "it goes on where it was"


async def test_no_way_of_measuring_is_up_and_well(machine: Machine, empty_ledger: Path, tmp_path: Path) -> None:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    made.more_meters = [OpenedMeter(APPLICATIONS, NoSource("sock_diag: the kernel refused"))]
    async with running(made):
        made.pass_time()
        page = (await made.ask("/metrics")).text
        health = await made.get("/api/health")

    assert 'netledger_meter_up{meter="application"} 1' in page
    assert 'netledger_application_meter_info{backend="none",reason="sock_diag: the kernel refused"} 1' in page
    assert health["status"] == "running"
    assert health["meters"]["application"]["backend"] == "none"
