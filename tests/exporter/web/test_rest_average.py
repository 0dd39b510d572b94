"""The average is bytes over the time in which somebody looked, whatever restarts and gaps there were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from exporter.metering.counters.readings import Counts
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from reports.ledger.rows import Gap
from tests.exporter.web.running_service import RunningService, running
from tests.worlds.fake_machine import MORNING

if TYPE_CHECKING:
    from typing import Any

    from tests.worlds.fake_machine import Machine

HOUR = 3600
PATH = "/api/v1/stats/bandwidth"


def minute(at: int, received: int, sent: int = 0) -> dict[Any, Usage]:
    return {(at, interface("eth0")): Usage(Counts(received, sent))}


async def test_the_average_is_as_the_reference_writes_it(unstarted: RunningService) -> None:
    window = 12 * HOUR
    sent, received = 15_820_000 * window // 8, 120_450_000 * window // 8
    unstarted.write_before(slots={}, minutes=minute(MORNING - HOUR, received, sent))
    async with running(unstarted) as service:
        told = await service.get(PATH)

    assert list(told.items()) == [
        ("network_interface", "eth0"),
        ("average_speed_mbps", {"sent": 15.82, "received": 120.45, "total": 136.27}),
        ("period_seconds", 43200),
        ("current_sample_count", 720),
        ("max_samples_for_avg", 720),
    ]
    assert list(told["average_speed_mbps"]) == ["sent", "received", "total"]


@pytest.mark.parametrize(
    ("gaps", "seconds"),
    [
        ((), 12 * HOUR),
        (((MORNING - 4 * HOUR, MORNING - HOUR),), 9 * HOUR),
        (((MORNING - 20 * HOUR, MORNING - 11 * HOUR),), 11 * HOUR),
        (((MORNING - 30 * HOUR, MORNING - 20 * HOUR),), 12 * HOUR),
        (((MORNING - 30 * HOUR, MORNING - 8 * HOUR), (MORNING - 6 * HOUR, MORNING - 5 * HOUR)), 7 * HOUR),
    ],
)
async def test_time_in_gaps_does_not_count(
    unstarted: RunningService, gaps: tuple[tuple[int, int], ...], seconds: int
) -> None:
    noted = tuple(Gap(began, ended, "down", 0) for began, ended in gaps)
    unstarted.write_before(slots={}, minutes=minute(MORNING - HOUR, 1_000_000 * seconds // 8), gaps=noted)
    async with running(unstarted) as service:
        told = await service.get(PATH)

    assert told["average_speed_mbps"]["received"] == 1.0
    assert told["current_sample_count"] == seconds // 60


async def test_minutes_before_the_window_do_not_count(unstarted: RunningService) -> None:
    old, new = minute(MORNING - 13 * HOUR, 10**12), minute(MORNING - HOUR, 12 * HOUR * 125_000)
    unstarted.write_before(slots={}, minutes={**old, **new})
    async with running(unstarted) as service:
        told = await service.get(PATH)

    assert told["average_speed_mbps"] == {"sent": 0.0, "received": 1.0, "total": 1.0}


async def test_the_window_survives_a_restart(service: RunningService, machine: Machine) -> None:
    for _ in range(10):
        machine.move("eth0", 60 * 250_000, 0)
        service.pass_time(60)
        await service.get("/api/live")
    before = await service.get(PATH)

    await service.stop()
    await service.start()

    assert before["average_speed_mbps"]["received"] == 2.0
    assert await service.get(PATH) == before


async def test_nothing_watched_yet_is_zero(service: RunningService) -> None:
    told = await service.get(PATH)

    assert told["average_speed_mbps"] == {"sent": 0.0, "received": 0.0, "total": 0.0}
    assert told["current_sample_count"] == 0


@pytest.mark.parametrize("minutes", ["counted", "all"])
async def test_an_interface_that_does_not_count_has_an_average_too(
    unstarted: RunningService, machine: Machine, minutes: str
) -> None:
    unstarted.ledger = replace(unstarted.ledger, minutes=minutes)
    machine.create("tun0", is_physical=False)
    async with running(unstarted) as service:
        for _ in range(20):
            machine.move("tun0", 60 * 125_000, 0)
            service.pass_time(60)
            await service.get("/api/live")

        told = await service.get(f"{PATH}?interface=tun0")
        whole = await service.get(PATH)

    assert told["network_interface"] == "tun0"
    assert told["average_speed_mbps"] == {"sent": 0.0, "received": 1.0, "total": 1.0}
    assert whole["average_speed_mbps"]["total"] == 0.0


async def test_a_short_window_of_an_interface_without_minutes(unstarted: RunningService, machine: Machine) -> None:
    unstarted.average = replace(unstarted.average, window=60.0)
    machine.create("tun0", is_physical=False)
    async with running(unstarted) as service:
        machine.move("tun0", 60 * 125_000, 0)
        service.pass_time(60)

        told = await service.get(f"{PATH}?interface=tun0")

    assert told["average_speed_mbps"]["received"] == 1.0
    assert told["current_sample_count"] <= told["max_samples_for_avg"]


@pytest.mark.parametrize("into", [0, 1, 26, 59])
async def test_the_window_is_as_long_as_it_was_asked_for(
    unstarted: RunningService, machine: Machine, into: int
) -> None:
    unstarted.average = replace(unstarted.average, window=60.0)
    unstarted.interfaces = replace(unstarted.interfaces, sample_interval=1.0)
    old = minute(MORNING - HOUR, 1)
    unstarted.write_before(slots={}, minutes=old | minute(MORNING - 60, 60_000_000))
    machine.wait(into)
    async with running(unstarted) as service:
        told = await service.get(PATH)

    assert told["average_speed_mbps"]["received"] == round((60 - into) * 8 / 60, 2)
    assert told["current_sample_count"] == told["max_samples_for_avg"] == told["period_seconds"] == 60
