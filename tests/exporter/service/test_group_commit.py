"""Group commit: clients that report at the same time share commits, and one alone waits for nobody."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.events import Batch, Event
from tests.exporter.web.running_service import RunningService, new_ledger, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

ROUNDS = 30


@pytest.fixture
async def service(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[RunningService]:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    async with running(made):
        yield made


async def commits(service: RunningService) -> float:
    """Commits since the service started."""
    text = (await service.ask("/metrics")).text
    return float(text.partition("\nnetledger_ledger_commit_duration_seconds_count ")[2].splitlines()[0])


async def report(service: RunningService, place: int) -> None:
    """Report again and again, each time a little later than those of lower places, and wait for each commit."""
    event = Event("shop", service.machine.seconds * 1_000_000, "GET", f"/{place}", 200)
    for _ in range(ROUNDS):
        for _ in range(2 * place):
            await asyncio.sleep(0)
        await service.intake.add(Batch([event]))


@pytest.mark.parametrize("clients", [1, 4])
async def test_clients_that_report_at_the_same_time_share_commits(service: RunningService, clients: int) -> None:
    before = await commits(service)

    await asyncio.gather(*(report(service, place) for place in range(clients)))

    assert ROUNDS <= await commits(service) - before <= 1.4 * ROUNDS


async def test_garbage_is_looked_for_less_often_while_clients_crowd_and_as_ever_afterwards(
    machine: Machine, empty_ledger: Path, tmp_path: Path
) -> None:
    usual = gc.get_threshold()
    async with running(RunningService(machine, new_ledger(empty_ledger, tmp_path))) as service:
        await asyncio.gather(*(report(service, place) for place in range(4)))
        crowded = gc.get_threshold()
        await report(service, 1)
        alone = gc.get_threshold()
        await asyncio.gather(*(report(service, place) for place in range(4)))

    assert (crowded, alone) == ((10_000, *usual[1:]), usual)
    assert gc.get_threshold() == usual
