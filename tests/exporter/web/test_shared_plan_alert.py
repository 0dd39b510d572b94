"""Two services whose machines share a plan: neither reaches its cap alone, and one of them says that both have."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from exporter.mirror.settings import Mirror
from exporter.settings.plans.notify import Notify
from reports.billing.plans import Plan
from tests.exporter.billing.test_plan_notices import Receiver, listening
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.exporter.web.test_rest_shared_plans import plan_of
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.postgresql import Database

MEGA = 10**6
HOME = Plan(name="home", hosts=("all",), cap_bytes=1000 * MEGA, alert_at=(90,))
SILENT = HOME._replace(alert_at=())
PATIENCE_SECONDS = 90
"""A mirror that could not be read is tried again after up to 15 seconds; all takes longer on a busy machine."""


async def until(is_done: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_done():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.05)


def service_of(name: str, template: Path, folder: Path, database: Database, receiver: Receiver) -> RunningService:
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    (folder / name).mkdir()
    service = RunningService(machine, new_ledger(template, folder / name))
    service.mirror, service.plans = Mirror(url=database.url, name=name), (HOME,)
    service.notify = {"home": Notify(webhook=receiver.url)}
    return service


def has_days(database: Database, machines: int) -> bool:
    """Whether so many machines have bytes of a day in the mirror."""
    query = "SELECT count(DISTINCT host) FROM netledger.host_day WHERE receive_bytes > 0"
    return database.execute(query) == str(machines)


async def knows_of_both(service: RunningService) -> None:
    """Until the mirror is read: before that, what was read last counts, and that may be of one machine."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await plan_of(service))["used_bytes"] != 1000 * MEGA:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)


async def test_one_of_two_services_tells_what_both_have_used(
    empty_ledger: Path, tmp_path: Path, fresh_database: Database
) -> None:
    async with listening(Receiver(204)) as receiver:
        both = [service_of(name, empty_ledger, tmp_path, fresh_database, receiver) for name in ("desk", "nas")]
        for number, service in enumerate(both):
            async with running(service):
                service.machine.move("eth0", 500 * MEGA, 0)
                service.pass_time()
                assert await service.service.post()
            service.plans = (SILENT,)
            async with running(service):  # its first round sends what was posted
                await until(lambda: fresh_database.execute("SELECT to_regclass('netledger.host_day')") != "")
                await until(partial(has_days, fresh_database, number + 1))
            service.plans = (HOME,)
        assert receiver.got == []

        async with running(both[0]) as desk, running(both[1]) as nas:
            for service in (desk, nas):
                await knows_of_both(service)
            await until(lambda: bool(receiver.got))
            await until(lambda: "90 told" in fresh_database.execute("SELECT what FROM netledger.plan_notice"))
        for service in both:
            async with running(service):
                await knows_of_both(service)

    (told,) = receiver.got
    assert told[2]["plan"] == "home"
    assert told[2]["used_bytes"] == 1000 * MEGA
