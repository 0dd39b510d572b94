"""Applications of this moment: over REST, in frames and on the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from exporter.meters.applications.traffic import Backend
from exporter.meters.registry import METERS, OpenedMeter
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.meters.applications import FakeSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

ODD = 'x"><script>alert(1)</script>\u202e'


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def service(
    machine: Machine, source: FakeSource, empty_ledger: Path, tmp_path: Path
) -> AsyncIterator[RunningService]:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    made.more_meters = [OpenedMeter(METERS[1], source)]
    async with running(made):
        await made.get("/api/live")
        yield made


async def moved(service: RunningService, source: FakeSource) -> Any:
    """Two seconds of traffic."""
    source.move("firefox", 2_000_000, 100_000)
    source.move("firefox", 20_000, 0, scope="lan")
    source.move("backup", 0, 5_000_000, scope="office")
    source.move("postgres", 60, 60, scope="loopback")
    service.machine.move("eth0", 2_500_000, 5_500_000)
    service.pass_time(2)
    return await service.get("/api/live/applications")


async def test_each_application_has_its_speed_by_scope(service: RunningService, source: FakeSource) -> None:
    answer = await moved(service, source)

    assert answer == {
        "backend": "ebpf",
        "reason": "",
        "limits": [],
        "applications": [
            {
                "application": "backup",
                "bytes_sent": 2_500_000,
                "bytes_received": 0,
                "total_bytes": 2_500_000,
                "scopes": {"office": {"bytes_sent": 2_500_000, "bytes_received": 0, "total_bytes": 2_500_000}},
            },
            {
                "application": "firefox",
                "bytes_sent": 50_000,
                "bytes_received": 1_010_000,
                "total_bytes": 1_060_000,
                "scopes": {
                    "internet": {"bytes_sent": 50_000, "bytes_received": 1_000_000, "total_bytes": 1_050_000},
                    "lan": {"bytes_sent": 0, "bytes_received": 10_000, "total_bytes": 10_000},
                },
            },
            {
                "application": "postgres",
                "bytes_sent": 0,
                "bytes_received": 0,
                "total_bytes": 0,
                "scopes": {"loopback": {"bytes_sent": 30, "bytes_received": 30, "total_bytes": 60}},
            },
        ],
    }


async def test_the_answer_of_this_moment_has_the_ten_busiest(service: RunningService, source: FakeSource) -> None:
    for number in range(1, 15):
        source.move(f"app-{number:02}", 2000 * number, 0)
    listed = await moved(service, source)

    now = await service.get("/api/live")
    of_one = await service.get("/api/live?interface=eth0")

    assert now["applications"] == listed["applications"][:10]
    assert "applications" not in of_one
    assert {**now, "applications": None} == {**of_one, "applications": None}


async def test_without_the_meter_nothing_of_it_is_answered(
    machine: Machine, source: FakeSource, empty_ledger: Path, tmp_path: Path
) -> None:
    alone = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    source.backend = Backend("none", "ebpf: CAP_BPF is missing")
    async with running(alone):
        assert "applications" not in await alone.get("/api/live")
        without = await alone.get("/api/live/applications")
        page = (await alone.ask("/")).text
    alone.more_meters = [OpenedMeter(METERS[1], source)]
    async with running(alone):
        assert "applications" not in await alone.get("/api/live")
        unable = await alone.get("/api/live/applications")
        unable_page = (await alone.ask("/")).text

    assert (without["backend"], without["reason"]) == ("none", "this service has no application meter")
    assert (unable["backend"], unable["reason"]) == ("none", "ebpf: CAP_BPF is missing")
    assert "applications-title" not in page + unable_page
    assert "<dt>Applications</dt><dd>not measured: ebpf: CAP_BPF is missing</dd>" in unable_page
    assert "<dt>Applications</dt>" not in page
    assert 'id="applications"' in page


async def test_a_meter_that_fails_has_no_speeds_and_the_reason(service: RunningService, source: FakeSource) -> None:
    await moved(service, source)
    source.problem = "the map is gone"
    service.pass_time(2)

    answer = await service.get("/api/live/applications")

    assert answer["applications"] == []
    assert answer["reason"] == "the meter fails: the map is gone"
    assert "applications" in await service.get("/api/live")


async def test_the_page_has_todays_busiest_with_their_shares_and_scopes(
    service: RunningService, source: FakeSource
) -> None:
    source.backend = Backend("sock_diag", "", ("UDP and QUIC are not seen",))
    await moved(service, source)

    page = (await service.ask("/")).text
    section = page[page.index('id="applications"') :].partition("</section>")[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", section).split())

    assert re.findall(r'data-application="(\w+)"', section) == ["backup", "firefox"]
    assert "backup" in words
    assert "Sent 5.00 MB" in words
    assert "office 0 bit/s 20.00 Mbit/s 5.00 MB 70 %" in words
    assert "internet 99 %, lan 1 % 8.08 Mbit/s 400.00 kbit/s 2.12 MB 30 %" in words
    assert "880.00 kB (11 %) of what the counted interfaces moved is of no application." in words
    assert "Measured by sock_diag: UDP and QUIC are not seen." in words
    assert "<dt>Applications</dt><dd>measured by sock_diag</dd>" in page


async def test_a_name_from_outside_is_text(service: RunningService, source: FakeSource) -> None:
    source.move(ODD, 10_000_000)
    await moved(service, source)

    page = (await service.ask("/")).text

    assert "<script>alert" not in page
    assert 'data-application="x&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;' in page


async def test_a_page_of_a_hundred_applications_has_ten_and_is_small(
    service: RunningService, source: FakeSource
) -> None:
    for number in range(1, 110):
        source.move(f"application-of-a-container-{number:03}" * 4, 20_000 * number, number)
    await moved(service, source)

    page = (await service.ask("/")).text

    assert page.count("data-application=") == 10
    assert len(page.encode()) <= 120_000
