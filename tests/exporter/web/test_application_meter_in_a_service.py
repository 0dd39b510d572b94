"""The application meter through the whole service: /metrics, /api/health, commits, restarts, kills."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.kind import APPLICATIONS
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
